//! Watching feeds: over one WebSocket for the dashboard, as MJPEG for other clients. Viewers never slow
//! recognition: each takes the newest frame when it is ready for one.

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, Session};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::select_all;
use tokio::sync::watch::Receiver;
use types::{FeedId, WatchRequest};
use uuid::Uuid;

use super::sockets::{self, Messages};
use super::{RENEW_EVERY, body_error};
use crate::auth::{self, After, CurrentUser, Viewer};
use crate::domain::frames::{self, LiveFrame};
use crate::error::{ApiError, REQUEST_ID};
use crate::models::scope::{Scope, visible_feeds, visible_people};
use crate::state::App;

type Newest = Receiver<Option<Arc<LiveFrame>>>;

/// Feeds that one viewer may follow at once.
const MAX_FEEDS: usize = 64;
/// A viewer sends lists of feeds alone.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
const BOUNDARY: &str = "frame";

/// Opens a socket that shows feeds.
#[utoipa::path(get, path = "/api/v1/watch", tag = "frames", responses(
    (status = 101, description = "WebSocket: a text {\"feeds\":[…]} chooses; for each new frame a text header, \
    then the JPEG"), (status = 401, body = types::ErrorBody)))]
pub async fn watch(
    request: HttpRequest,
    app: web::Data<App>,
    Viewer(user): Viewer,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (response, session, messages) = sockets::open(&request, body, &[], MAX_MESSAGE_BYTES).await?;
    let id = REQUEST_ID.try_with(|id| *id).unwrap_or_default();
    let visible = visible(&app, &user.scope).await?;
    let watcher = Watcher { app: App::clone(&app), user, session, feeds: Vec::new(), visible };
    actix_web::rt::spawn(REQUEST_ID.scope(id, watcher.run(messages)));
    Ok(response)
}

struct Watcher {
    app: App,
    user: CurrentUser,
    session: Session,
    feeds: Vec<(FeedId, Newest)>,
    /// Whom the viewer may see, where that is not everybody; as of the last renewal.
    visible: Option<HashSet<Uuid>>,
}

/// Everybody within a scope; none where that is everybody.
async fn visible(app: &App, scope: &Scope) -> Result<Option<HashSet<Uuid>>, ApiError> {
    if *scope == Scope::Everyone {
        return Ok(None);
    }
    let scope = scope.clone();
    app.db.run(move |conn| Ok(Some(visible_people(conn, &scope)?))).await
}

impl Watcher {
    async fn run(mut self, mut messages: Messages) {
        let mut renew = tokio::time::interval(RENEW_EVERY);
        let mut stopping = self.app.stopping.subscribe();
        let reason = loop {
            let open = tokio::select! {
                message = messages.next() => match message {
                    Some(Ok(AggregatedMessage::Text(text))) => self.choose(&text).await,
                    Some(Ok(AggregatedMessage::Ping(bytes))) => self.session.pong(&bytes).await,
                    Some(Ok(AggregatedMessage::Pong(_) | AggregatedMessage::Binary(_))) => Ok(()),
                    Some(Ok(AggregatedMessage::Close(_))) | None => break None,
                    Some(Err(_)) => break Some(actix_ws::CloseCode::Size),
                },
                index = next_frame(&mut self.feeds) => match index {
                    Ok(index) => self.show(index).await,
                    Err(index) => {
                        self.feeds.swap_remove(index);
                        Ok(())
                    }
                },
                _ = renew.tick() => match self.renew().await {
                    Ok(()) | Err(ApiError::DatabaseUnavailable(_)) => self.session.ping(b"").await,
                    Err(_) => break Some(actix_ws::CloseCode::Policy),
                },
                _ = stopping.wait_for(|stopping| *stopping) => break Some(actix_ws::CloseCode::Restart),
            };
            if open.is_err() {
                break None;
            }
        };
        let _ = self.session.close(reason.map(Into::into)).await;
    }

    /// Proves the permission again, and brings up to date what it reaches.
    async fn renew(&mut self) -> Result<(), ApiError> {
        self.user.renew(&self.app).await?;
        self.visible = visible(&self.app, &self.user.scope).await?;
        let feeds = self.feeds.iter().map(|(feed, _)| *feed).collect();
        let allowed = self.allowed(feeds).await?;
        self.feeds.retain(|(feed, _)| allowed.contains(feed));
        Ok(())
    }

    /// Those of some feeds that the viewer may see.
    async fn allowed(&self, mut feeds: Vec<FeedId>) -> Result<Vec<FeedId>, ApiError> {
        if self.user.scope != Scope::Everyone {
            let (scope, ids) = (self.user.scope.clone(), feeds.iter().map(|id| id.0).collect::<Vec<_>>());
            let visible = self.app.db.run(move |conn| Ok(visible_feeds(conn, &scope, &ids)?)).await?;
            feeds.retain(|feed| visible.contains(&feed.0));
        }
        Ok(feeds)
    }

    async fn choose(&mut self, text: &str) -> Result<(), actix_ws::Closed> {
        let wrong = match serde_json::from_str::<WatchRequest>(text) {
            Ok(request) if request.feeds.len() > MAX_FEEDS => {
                ApiError::invalid("feeds", format!("Watch at most {MAX_FEEDS} feeds at once."))
            }
            Ok(request) => match self.allowed(request.feeds).await {
                Ok(feeds) => {
                    self.feeds = feeds.into_iter().map(|feed| (feed, self.app.hub.watch(feed))).collect();
                    // The frame that is there already is shown at once.
                    self.feeds.iter_mut().for_each(|(_, newest)| newest.mark_changed());
                    return Ok(());
                }
                Err(error) => error,
            },
            Err(error) => body_error("feeds", &error),
        };
        match serde_json::to_string(&wrong.body()) {
            Ok(json) => self.session.text(json).await,
            Err(_) => Ok(()),
        }
    }

    async fn show(&mut self, index: usize) -> Result<(), actix_ws::Closed> {
        let Some(frame) = self.feeds[index].1.borrow_and_update().clone() else { return Ok(()) };
        let header = match &self.visible {
            Some(visible) => {
                let mut header = frame.header.clone();
                header.answer = frames::naming_only(header.answer, visible);
                serde_json::to_string(&header)
            }
            None => serde_json::to_string(&frame.header),
        };
        let Ok(header) = header else { return Ok(()) };
        self.session.text(header).await?;
        self.session.binary(frame.image.clone()).await
    }
}

/// The index of a feed with a new frame; `Err` of one that is gone.
async fn next_frame(feeds: &mut [(FeedId, Newest)]) -> Result<usize, usize> {
    if feeds.is_empty() {
        return std::future::pending().await;
    }
    let (changed, index, _) =
        select_all(feeds.iter_mut().map(|(_, newest)| newest.changed().boxed_local())).await;
    changed.map(|()| index).map_err(|_| index)
}

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
                    let frame = newest.borrow_and_update().clone();
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
            found.map(drop).map_err(|error| auth::missing(error, "feed"))
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
