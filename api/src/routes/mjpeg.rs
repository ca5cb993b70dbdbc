//! A feed's pictures as MJPEG, for clients that know nothing else.

use actix_web::{HttpResponse, web};
use bytes::Bytes;
use types::FeedId;

use super::RENEW_EVERY;
use crate::auth::{After, CurrentUser, Viewer};
use crate::error::{ApiError, missing};
use crate::state::App;

const BOUNDARY: &str = "frame";

/// Shows a feed as MJPEG.
#[utoipa::path(get, path = "/api/v1/feeds/{feed}/stream", tag = "frames", params(("feed" = uuid::Uuid, Path,)),
    responses((status = 200, content_type = "multipart/x-mixed-replace", description = "JPEGs without end"),
    (status = 404, body = types::ErrorBody)))]
pub async fn stream(
    app: web::Data<App>,
    After(Viewer(user), id): After<Viewer, web::Path<FeedId>>,
) -> Result<HttpResponse, ApiError> {
    let feed = *id;
    check_feed(&app, &user, feed).await?;
    let (sender, parts) = tokio::sync::mpsc::channel::<Result<Bytes, ApiError>>(1);
    let mut newest = app.hub.watch(feed);
    newest.mark_changed();
    let app = App::clone(&app);
    actix_web::rt::spawn(async move {
        let mut renew = tokio::time::interval(RENEW_EVERY);
        let mut stopping = app.stopping.subscribe();
        loop {
            tokio::select! {
                changed = newest.changed() => {
                    let frame = newest.borrow_and_update().clone().filter(|frame| frame.is_fresh());
                    let gone = match frame {
                        Some(frame) => sender.send(Ok(part(&frame.image))).await.is_err(),
                        None => false,
                    };
                    if gone || changed.is_err() {
                        break;
                    }
                }
                _ = renew.tick() => {
                    let renewed = match user.renew(&app).await {
                        Ok(()) => check_feed(&app, &user, feed).await,
                        error => error,
                    };
                    if !matches!(renewed, Ok(()) | Err(ApiError::DatabaseUnavailable(_))) {
                        break;
                    }
                }
                () = sender.closed() => break,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
        }
    });
    Ok(HttpResponse::Ok().content_type(format!("multipart/x-mixed-replace; boundary={BOUNDARY}")).streaming(
        futures_util::stream::unfold(parts, |mut parts| async move { Some((parts.recv().await?, parts)) }),
    ))
}

async fn check_feed(app: &App, user: &CurrentUser, feed: FeedId) -> Result<(), ApiError> {
    let scope = user.scope.clone();
    app.db
        .run(move |conn| {
            let found = crate::models::feeds::find_within(conn, &scope, feed.0);
            found.map(drop).map_err(|error| missing(error, "feed"))
        })
        .await
}

fn part(image: &Bytes) -> Bytes {
    let kind = match image.first() {
        Some(0x89) => "image/png",
        Some(b'R') => "image/webp",
        _ => "image/jpeg",
    };
    let head = format!("--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", image.len());
    [head.as_bytes(), image, b"\r\n"].concat().into()
}
