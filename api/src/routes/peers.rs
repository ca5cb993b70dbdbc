//! What API processes show each other. These addresses lie outside `/api`: a proxy does not pass them on.

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use types::FeedId;

use crate::domain::peers;
use crate::error::ApiError;
use crate::state::App;

/// Shows a feed's frames to another process.
pub async fn show_feed(
    request: HttpRequest,
    app: web::Data<App>,
    feed: web::Path<FeedId>,
) -> Result<HttpResponse, ApiError> {
    let shown = crate::auth::bearer(&request).unwrap_or_default();
    if app.peers.own().is_none() || !peers::is_proof(&app.audit_key, *feed, &shown) {
        return Err(ApiError::Unauthenticated);
    }
    let mut newest = app.hub.watch(*feed);
    newest.mark_changed();
    let (sender, frames) = tokio::sync::mpsc::channel::<Result<Bytes, ApiError>>(1);
    let mut stopping = app.stopping.subscribe();
    actix_web::rt::spawn(async move {
        loop {
            tokio::select! {
                changed = newest.changed() => {
                    let frame = newest.borrow_and_update().clone().filter(|frame| frame.is_fresh());
                    let bytes = frame.and_then(|frame| peers::encode(&frame).ok());
                    let gone = match bytes {
                        Some(bytes) => sender.send(Ok(bytes)).await.is_err(),
                        None => false,
                    };
                    if gone || changed.is_err() {
                        break;
                    }
                }
                () = sender.closed() => break,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
        }
    });
    let body =
        futures_util::stream::unfold(
            frames,
            |mut frames| async move { Some((frames.recv().await?, frames)) },
        );
    Ok(HttpResponse::Ok().content_type("application/octet-stream").streaming(body))
}
