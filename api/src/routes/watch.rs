//! Watching: all feeds in view and the arrivals over one WebSocket. Viewers never slow recognition: each takes the
//! newest frame when it is ready for one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, Closed, Session};
use futures_util::FutureExt;
use futures_util::future::select_all;
use tokio::sync::watch::Receiver;
use tokio::sync::watch::error::RecvError;
use tokio::time::{Instant, sleep_until};
use types::{FeedId, WatchRequest, WatchedArrival};
use uuid::Uuid;

use super::sockets::{self, Messages};
use super::{RENEW_EVERY, body_error};
use crate::auth::{CurrentUser, Viewer};
use crate::domain::arrival_events::Event;
use crate::domain::arrival_reader::ArrivalReader;
use crate::domain::frames::{self, LiveFrame};
use crate::error::{ApiError, REQUEST_ID};
use crate::models::scope::{Scope, visible_feeds, visible_people};
use crate::state::App;

/// Feeds that one viewer may follow at once.
const MAX_FEEDS: usize = 64;
/// Pictures a second of a feed that a viewer may ask for.
const FPS: std::ops::RangeInclusive<u8> = 1..=30;
/// A viewer sends lists of feeds alone.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Opens a socket that shows feeds and tells of arrivals.
#[utoipa::path(get, path = "/api/v1/watch", tag = "frames", responses(
    (status = 101, description = "WebSocket: a text {\"feeds\":[…],\"fps\"?,\"arrivals\"?} chooses; for each new \
    frame a text header, then the JPEG; for each arrival a text {\"arrival\",\"cursor\"}"),
    (status = 401, body = types::ErrorBody)))]
pub async fn watch(
    request: HttpRequest,
    app: web::Data<App>,
    Viewer(user): Viewer,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (response, session, messages) = sockets::open(&request, body, &[], MAX_MESSAGE_BYTES).await?;
    let id = REQUEST_ID.try_with(|id| *id).unwrap_or_default();
    let visible = visible(&app, &user.scope).await?;
    let watcher = Watcher {
        app: App::clone(&app),
        user,
        session,
        feeds: Vec::new(),
        between: Duration::ZERO,
        arrivals: None,
        visible,
    };
    actix_web::rt::spawn(REQUEST_ID.scope(id, watcher.run(messages)));
    Ok(response)
}

/// A feed in view.
struct Watched {
    feed: FeedId,
    newest: Receiver<Option<Arc<LiveFrame>>>,
    /// When its next picture may be shown.
    not_before: Instant,
}

impl Watched {
    /// Waits for a new frame, and until it may be shown.
    async fn changed(&mut self) -> Result<(), RecvError> {
        sleep_until(self.not_before).await;
        self.newest.changed().await
    }
}

struct Watcher {
    app: App,
    user: CurrentUser,
    session: Session,
    /// Whichever was shown last stands last, so that none starves on a slow connection.
    feeds: Vec<Watched>,
    /// Least time between two pictures of a feed.
    between: Duration,
    arrivals: Option<ArrivalReader>,
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
                    Some(Ok(AggregatedMessage::Text(text))) => match self.choose(&text).await {
                        Ok(()) => Ok(()),
                        Err(ApiError::DatabaseUnavailable(_)) => break Some(actix_ws::CloseCode::Restart),
                        Err(error) => self.tell(&error.body()).await,
                    },
                    Some(Ok(AggregatedMessage::Ping(bytes))) => self.session.pong(&bytes).await,
                    Some(Ok(AggregatedMessage::Pong(_) | AggregatedMessage::Binary(_))) => Ok(()),
                    Some(Ok(AggregatedMessage::Close(_))) | None => break None,
                    Some(Err(_)) => break Some(actix_ws::CloseCode::Size),
                },
                event = next_arrival(&mut self.arrivals) => match event {
                    Ok(Some(Event { arrival, cursor })) => self.tell(&WatchedArrival { arrival, cursor }).await,
                    // The viewer comes back with the cursor that it has.
                    Ok(None) | Err(_) => break Some(actix_ws::CloseCode::Restart),
                },
                index = next_frame(&mut self.feeds) => match index {
                    Ok(index) => self.show(index).await,
                    Err(index) => {
                        self.feeds.remove(index);
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
        let feeds = self.feeds.iter().map(|watched| watched.feed).collect();
        let allowed = self.allowed(feeds).await?;
        self.feeds.retain(|watched| allowed.contains(&watched.feed));
        Ok(())
    }

    /// Those of some feeds that the viewer may see.
    async fn allowed(&self, mut feeds: Vec<FeedId>) -> Result<Vec<FeedId>, ApiError> {
        let (scope, ids) = (self.user.scope.clone(), feeds.iter().map(|id| id.0).collect::<Vec<_>>());
        let visible = self.app.db.run(move |conn| Ok(visible_feeds(conn, &scope, &ids)?)).await?;
        feeds.retain(|feed| visible.contains(&feed.0));
        Ok(feeds)
    }

    async fn choose(&mut self, text: &str) -> Result<(), ApiError> {
        let request: WatchRequest =
            serde_json::from_str(text).map_err(|error| body_error("feeds", &error))?;
        if request.feeds.len() > MAX_FEEDS {
            return Err(ApiError::invalid("feeds", format!("Watch at most {MAX_FEEDS} feeds at once.")));
        }
        if request.fps.is_some_and(|fps| !FPS.contains(&fps)) {
            return Err(ApiError::invalid("fps", "Give a number from 1 to 30."));
        }
        if let Some(cursor) = request.arrivals {
            let resume = Some(cursor).filter(|cursor| !cursor.is_empty());
            self.arrivals = Some(ArrivalReader::open(&self.app, self.user.scope.clone(), resume).await?);
        }
        let now = Instant::now();
        self.between = request.fps.map_or(Duration::ZERO, |fps| Duration::from_secs(1) / u32::from(fps));
        let allowed = self.allowed(request.feeds).await?;
        let watched = allowed.into_iter().map(|feed| {
            let mut newest = self.app.hub.watch(feed);
            // The frame that is there already is shown at once.
            newest.mark_changed();
            Watched { feed, newest, not_before: now }
        });
        self.feeds = watched.collect();
        Ok(())
    }

    async fn show(&mut self, index: usize) -> Result<(), Closed> {
        let mut watched = self.feeds.remove(index);
        let frame = watched.newest.borrow_and_update().clone().filter(|frame| frame.is_fresh());
        watched.not_before = Instant::now() + self.between;
        self.feeds.push(watched);
        let Some(frame) = frame else { return Ok(()) };
        let mut header = frame.header();
        if let Some(visible) = &self.visible {
            header.answer = frames::naming_only(header.answer, visible);
        }
        let Ok(header) = serde_json::to_string(&header) else { return Ok(()) };
        self.session.text(header).await?;
        self.session.binary(frame.image.clone()).await
    }

    async fn tell<T: serde::Serialize>(&mut self, value: &T) -> Result<(), Closed> {
        match serde_json::to_string(value) {
            Ok(json) => self.session.text(json).await,
            Err(_) => Ok(()),
        }
    }
}

async fn next_arrival(reader: &mut Option<ArrivalReader>) -> Result<Option<Event>, ApiError> {
    match reader {
        Some(reader) => reader.next().await,
        None => std::future::pending().await,
    }
}

/// The index of a feed with a new frame; `Err` of one that is gone.
async fn next_frame(feeds: &mut [Watched]) -> Result<usize, usize> {
    if feeds.is_empty() {
        return std::future::pending().await;
    }
    let (changed, index, _) = select_all(feeds.iter_mut().map(|feed| feed.changed().boxed_local())).await;
    changed.map(|()| index).map_err(|_| index)
}
