//! Arrivals: lists, and live events.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, Responder, web};
use actix_web_lab::sse::{Data, Event as SseEvent, Sse};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::sync::mpsc;
use types::{ArrivalId, ArrivalView, FeedId, Page, PersonId, ReassignArrival, VoidArrival};

use super::{RENEW_EVERY, clamp_limit, text_of};
use crate::auth::{After, CurrentUser, Viewer};
use crate::domain::arrival_events::Event;
use crate::domain::arrival_reader::ArrivalReader;
use crate::domain::arrivals;
use crate::domain::{clock, voiding};
use crate::error::ApiError;
use crate::models::arrivals::ArrivalFilter;
use crate::state::App;

/// Which arrivals to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ArrivalsQuery {
    /// Part of a person's name.
    query: Option<String>,
    /// One person's.
    #[param(value_type = Option<uuid::Uuid>)]
    person: Option<PersonId>,
    /// One feed's.
    #[param(value_type = Option<uuid::Uuid>)]
    feed: Option<FeedId>,
    /// From this moment on.
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    to: Option<DateTime<Utc>>,
    /// Those that were voided instead of those that count.
    #[serde(default)]
    voided: bool,
    /// Only those with a `doubt`, which wait for somebody to look at them.
    #[serde(default)]
    doubtful: bool,
    /// 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists arrivals, newest first; a member's are their own.
#[utoipa::path(get, path = "/api/v1/arrivals", tag = "arrivals", params(ArrivalsQuery), responses(
    (status = 200, body = Page<ArrivalView>), (status = 422, body = types::ErrorBody)))]
pub async fn list_arrivals(
    app: web::Data<App>,
    After(user, query): After<CurrentUser, web::Query<ArrivalsQuery>>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    if let (Some(from), Some(to)) = (query.from, query.to)
        && from >= to
    {
        return Err(ApiError::invalid("to", "It must lie after `from`."));
    }
    clock::check_range("from", query.from)?;
    clock::check_range("to", query.to)?;
    let filter = ArrivalFilter {
        scope: user.scope,
        query: text_of(query.query)?,
        person: query.person.map(|id| id.0),
        feed: query.feed.map(|id| id.0),
        from: query.from,
        to: query.to,
        after: query.after.as_deref().map(arrivals::parse_position).transpose()?,
        voided: query.voided,
        doubtful: query.doubtful,
    };
    let limit = clamp_limit(query.limit)?;
    let (items, next) = app.db.run(move |conn| arrivals::list(conn, &filter, limit)).await?;
    Ok(HttpResponse::Ok().json(Page { items, next, total: None }))
}

/// Voids a wrong arrival: it counts no more, and is kept.
#[utoipa::path(post, path = "/api/v1/arrivals/{arrival}/void", tag = "arrivals", request_body = VoidArrival,
    params(("arrival" = uuid::Uuid, Path,)), responses((status = 200, body = ArrivalView),
    (status = 404, body = types::ErrorBody), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn void_arrival(
    app: web::Data<App>,
    After(viewer, (id, body)): After<Viewer, (web::Path<ArrivalId>, web::Json<VoidArrival>)>,
) -> Result<HttpResponse, ApiError> {
    let by = (viewer.0.id, viewer.0.scope);
    Ok(HttpResponse::Ok().json(voiding::void(&app, by, *id, body.into_inner()).await?))
}

/// Lets an arrival in doubt stand.
#[utoipa::path(post, path = "/api/v1/arrivals/{arrival}/confirmation", tag = "arrivals",
    params(("arrival" = uuid::Uuid, Path,)), responses((status = 200, body = ArrivalView),
    (status = 404, body = types::ErrorBody), (status = 409, body = types::ErrorBody)))]
pub async fn confirm_arrival(
    app: web::Data<App>,
    After(Viewer(user), id): After<Viewer, web::Path<ArrivalId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(voiding::confirm(&app, (user.id, user.scope), *id).await?))
}

/// Gives a wrong arrival to whom it was; 200 where that person has arrived there at the time already.
#[utoipa::path(post, path = "/api/v1/arrivals/{arrival}/reassign", tag = "arrivals",
    request_body = ReassignArrival, params(("arrival" = uuid::Uuid, Path,)), responses(
    (status = 201, body = ArrivalView), (status = 200, body = ArrivalView),
    (status = 404, body = types::ErrorBody), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn reassign_arrival(
    app: web::Data<App>,
    After(viewer, (id, body)): After<Viewer, (web::Path<ArrivalId>, web::Json<ReassignArrival>)>,
) -> Result<HttpResponse, ApiError> {
    let by = (viewer.0.id, viewer.0.scope);
    let (arrival, new) = voiding::reassign(&app, by, *id, body.into_inner()).await?;
    Ok(if new { HttpResponse::Created().json(arrival) } else { HttpResponse::Ok().json(arrival) })
}

/// Pushes arrivals as they are written.
#[utoipa::path(get, path = "/api/v1/arrivals/events", tag = "arrivals",
    params(("Last-Event-ID" = Option<String>, Header, description = "Resume after this event")),
    responses((status = 200, content_type = "text/event-stream",
    description = "event: arrival, id: cursor, data: the arrival; event: ready first, with a cursor alone")))]
pub async fn stream_arrivals(
    request: HttpRequest,
    app: web::Data<App>,
    Viewer(user): Viewer,
) -> Result<impl Responder, ApiError> {
    let resume =
        request.headers().get("Last-Event-ID").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let reader = ArrivalReader::open(&app, user.scope.clone(), resume).await?;
    let (sender, receiver) = mpsc::channel(64);
    let push = Push { app: App::clone(&app), user, sender, reader };
    actix_web::rt::spawn(push.run());
    Ok(Sse::from_infallible_receiver(receiver)
        .with_keep_alive(Duration::from_secs(10))
        .with_retry_duration(Duration::from_secs(1)))
}

struct Push {
    app: App,
    user: CurrentUser,
    sender: mpsc::Sender<SseEvent>,
    reader: ArrivalReader,
}

impl Push {
    async fn run(mut self) {
        let mut renew = tokio::time::interval(RENEW_EVERY);
        let mut stopping = self.app.stopping.subscribe();
        while let Some(event) = self.reader.missed() {
            if self.send(event).await.is_err() {
                return;
            }
        }
        let ready = SseEvent::Data(Data::new("{}").event("ready").id(self.reader.cursor().to_owned()));
        if self.sender.send(ready).await.is_err() {
            return;
        }
        loop {
            let sent = tokio::select! {
                event = self.reader.next() => match event {
                    Ok(Some(event)) => self.send(event).await,
                    // The browser comes back with its cursor.
                    Ok(None) | Err(_) => break,
                },
                _ = renew.tick() => match self.user.renew(&self.app).await {
                    Ok(()) | Err(ApiError::DatabaseUnavailable(_)) => Ok(()),
                    Err(_) => break,
                },
                () = self.sender.closed() => break,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            };
            if sent.is_err() {
                break;
            }
        }
    }

    async fn send(&self, event: Event) -> Result<(), ()> {
        let Ok(data) = Data::new_json(&event.arrival) else { return Ok(()) };
        self.sender.send(SseEvent::Data(data.event("arrival").id(event.cursor))).await.map_err(|_| ())
    }
}
