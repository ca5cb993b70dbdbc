//! Frames by POST, and over a WebSocket.

use std::collections::HashSet;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use actix_ws::{AggregatedMessage, Closed, Session};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use types::{FeedId, FrameAnswer, FrameHeader};
use uuid::Uuid;

use super::sockets::{self, Messages};
use super::uploads::MAX_IMAGE_BYTES;
use super::{RENEW_EVERY, body_error};
use crate::auth::{self, Credential, FrameSender};
use crate::domain::arrivals::Source;
use crate::domain::clock;
use crate::domain::frames::{self, Frame};
use crate::domain::streams::StreamKey;
use crate::error::{ApiError, REQUEST_ID};
use crate::models::scope::{Scope, visible_of};
use crate::state::App;

/// Larger WebSocket messages end the socket; up to here a frame that is too large is answered and forgotten.
const MAX_MESSAGE_BYTES: usize = MAX_IMAGE_BYTES + 6 * 1024 * 1024;
const PING_EVERY: Duration = Duration::from_secs(20);

/// Recognises the faces in a frame.
#[utoipa::path(post, path = "/api/v1/feeds/{feed}/frames", tag = "frames",
    params(("feed" = uuid::Uuid, Path,),
        ("X-Stream" = Option<String>, Header, description = "Another stream within the feed; default live"),
        ("X-Captured-At" = Option<String>, Header, description = "RFC 3339; default now")),
    request_body(content = Vec<u8>, content_type = "image/jpeg"), responses(
    (status = 200, body = FrameAnswer), (status = 400, body = types::ErrorBody),
    (status = 401, body = types::ErrorBody), (status = 403, body = types::ErrorBody),
    (status = 413, body = types::ErrorBody), (status = 415, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody), (status = 429, body = types::ErrorBody),
    (status = 503, body = types::ErrorBody)))]
pub async fn post_frame(
    request: HttpRequest,
    app: web::Data<App>,
    sender: FrameSender,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let stream = stream_name(&request)?;
    let captured_at = captured_at(&request)?;
    let image = read_image(&request, body).await?;
    let frame = Incoming { request: &request, kind: "post", sender: &sender, stream, captured_at, image };
    Ok(HttpResponse::Ok().json(handle(&app, frame).await?))
}

fn header_text<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a str>, ApiError> {
    let text = request.headers().get(name).map(|value| value.to_str());
    text.transpose().map_err(|_| ApiError::invalid(name, "Use plain ASCII."))
}

fn stream_name(request: &HttpRequest) -> Result<String, ApiError> {
    let name = header_text(request, "X-Stream")?.unwrap_or("live");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(plain) {
        Ok(name.to_owned())
    } else {
        Err(ApiError::invalid("X-Stream", "Use 1 to 64 letters, digits, dots, dashes and underscores."))
    }
}

fn captured_at(request: &HttpRequest) -> Result<Option<DateTime<Utc>>, ApiError> {
    let parse = |text: &str| {
        let wrong =
            |_| ApiError::invalid("X-Captured-At", "Use RFC 3339, for example 2026-11-20T08:57:03.120Z.");
        text.parse::<DateTime<Utc>>().map_err(wrong)
    };
    header_text(request, "X-Captured-At")?.map(parse).transpose()
}

async fn read_image(request: &HttpRequest, mut body: web::Payload) -> Result<Bytes, ApiError> {
    let too_large = ApiError::TooLarge { limit: MAX_IMAGE_BYTES };
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > MAX_IMAGE_BYTES) {
        return Err(too_large);
    }
    let mut image = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| ApiError::BadRequest(format!("The body broke off: {error}.")))?;
        if image.len() + chunk.len() > MAX_IMAGE_BYTES {
            return Err(too_large);
        }
        image.extend_from_slice(&chunk);
    }
    if image.is_empty() {
        return Err(ApiError::BadRequest("The body is empty: send the bytes of an image.".to_owned()));
    }
    Ok(image.freeze())
}

/// A frame as it came in.
struct Incoming<'a> {
    request: &'a HttpRequest,
    kind: &'static str,
    sender: &'a FrameSender,
    stream: String,
    captured_at: Option<DateTime<Utc>>,
    image: Bytes,
}

async fn handle(app: &App, incoming: Incoming<'_>) -> Result<FrameAnswer, ApiError> {
    let timer = app.metrics.frame_seconds.start_timer();
    let feed_id = FeedId(incoming.sender.feed.id);
    let answer = admit(app, incoming).await;
    timer.observe_duration();
    let outcome = match &answer {
        Ok(_) => "answered",
        Err(ApiError::TooManyRequests { .. }) => "shed",
        Err(
            ApiError::RecognizerUnavailable(_) | ApiError::DatabaseUnavailable(_) | ApiError::Internal(_),
        ) => {
            app.traffic.failed(feed_id);
            "failed"
        }
        Err(_) => "refused",
    };
    app.metrics.frames.with_label_values(&[outcome]).inc();
    answer
}

async fn admit(app: &App, incoming: Incoming<'_>) -> Result<FrameAnswer, ApiError> {
    let Incoming { request, kind, sender, stream, captured_at, image } = incoming;
    let received_at = Utc::now();
    let feed = sender.feed.clone();
    let max_fps = u16::try_from(feed.max_fps).unwrap_or(1);
    let seen_before = app.traffic.admit(FeedId(feed.id), max_fps, received_at)?.max(feed.last_frame_at);
    let time = clock::frame_time(captured_at, received_at, sender.credential.may_backdate(), seen_before)?;
    let source = Source {
        sender: sender.credential.actor(&feed),
        kind,
        address: Some(auth::client_address(request, app).into()),
    };
    let answer = frames::answer(app, Frame { feed, stream, source, time, image }).await?;
    match &sender.credential {
        Credential::User(user) if user.scope != Scope::Everyone => {
            within_scope(app, user.scope.clone(), answer).await
        }
        _ => Ok(answer),
    }
}

/// Whoever sends frames learns no more about a face than they may see of its person.
async fn within_scope(app: &App, scope: Scope, answer: FrameAnswer) -> Result<FrameAnswer, ApiError> {
    let named: Vec<Uuid> = answer.faces.iter().filter_map(|face| Some(face.person.as_ref()?.id.0)).collect();
    let visible = if named.is_empty() {
        HashSet::new()
    } else {
        app.db.run(move |conn| Ok(visible_of(conn, &scope, &named)?)).await?
    };
    Ok(frames::naming_only(answer, &visible))
}

/// Opens a stream of frames: binary images in, JSON answers out, one for one.
#[utoipa::path(get, path = "/api/v1/feeds/{feed}/live", tag = "frames", params(("feed" = uuid::Uuid, Path,)),
    responses((status = 101, description = "WebSocket: an optional text {\"captured_at\"} before a binary image; \
    a FrameAnswer or {\"error\"} for each image"), (status = 401, body = types::ErrorBody),
    (status = 403, body = types::ErrorBody)))]
pub async fn live(
    request: HttpRequest,
    app: web::Data<App>,
    sender: FrameSender,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let protocol = auth::subprotocol(&request);
    let protocols: Vec<&str> = protocol.as_deref().into_iter().collect();
    let (response, session, messages) = sockets::open(&request, body, &protocols, MAX_MESSAGE_BYTES).await?;
    let live = Live {
        request,
        app: App::clone(&app),
        sender,
        session,
        captured_at: None,
        name: Uuid::new_v4().to_string(),
    };
    let id = REQUEST_ID.try_with(|id| *id).unwrap_or_default();
    actix_web::rt::spawn(REQUEST_ID.scope(id, live.run(messages)));
    Ok(response)
}

/// An open socket: a stream of its own.
struct Live {
    request: HttpRequest,
    app: App,
    sender: FrameSender,
    session: Session,
    captured_at: Option<DateTime<Utc>>,
    name: String,
}

impl Live {
    async fn run(mut self, mut messages: Messages) {
        let mut renew = tokio::time::interval(RENEW_EVERY);
        let mut ping = tokio::time::interval(PING_EVERY);
        let mut stopping = self.app.stopping.subscribe();
        let reason = loop {
            let open = tokio::select! {
                message = messages.next() => match message {
                    Some(Ok(message)) => self.receive(message).await,
                    Some(Err(_)) => break Some(actix_ws::CloseCode::Size),
                    None => break None,
                },
                _ = renew.tick() => match self.sender.renew(&self.app).await {
                    // While the database is away nothing says that the permission has ended.
                    Ok(()) | Err(ApiError::DatabaseUnavailable(_)) => Ok(()),
                    Err(error) => {
                        let _ = self.send(&error.body()).await;
                        break Some(actix_ws::CloseCode::Policy);
                    }
                },
                _ = ping.tick() => self.session.ping(b"").await,
                _ = stopping.wait_for(|stopping| *stopping) => break Some(actix_ws::CloseCode::Restart),
            };
            if open.is_err() {
                break None;
            }
        };
        self.app.streams.end(&StreamKey { feed: FeedId(self.sender.feed.id), name: self.name.clone() });
        let _ = self.session.close(reason.map(Into::into)).await;
    }

    async fn receive(&mut self, message: AggregatedMessage) -> Result<(), Closed> {
        match message {
            AggregatedMessage::Text(text) => match serde_json::from_str::<FrameHeader>(&text) {
                Ok(header) => {
                    self.captured_at = header.captured_at;
                    Ok(())
                }
                Err(error) => self.send(&body_error("header", &error).body()).await,
            },
            AggregatedMessage::Binary(image) => {
                let answer = self.answer(image).await;
                match answer {
                    Ok(answer) => self.send(&answer).await,
                    Err(error) => self.send(&error.body()).await,
                }
            }
            AggregatedMessage::Ping(bytes) => self.session.pong(&bytes).await,
            AggregatedMessage::Pong(_) => Ok(()),
            AggregatedMessage::Close(_) => Err(Closed),
        }
    }

    async fn answer(&mut self, image: Bytes) -> Result<FrameAnswer, ApiError> {
        let captured_at = self.captured_at.take();
        if image.len() > MAX_IMAGE_BYTES {
            return Err(ApiError::TooLarge { limit: MAX_IMAGE_BYTES });
        }
        let incoming = Incoming {
            request: &self.request,
            kind: "live",
            sender: &self.sender,
            stream: self.name.clone(),
            captured_at,
            image,
        };
        handle(&self.app, incoming).await
    }

    async fn send<T: serde::Serialize>(&mut self, value: &T) -> Result<(), Closed> {
        match serde_json::to_string(value) {
            Ok(json) => self.session.text(json).await,
            Err(error) => {
                tracing::error!(error.cause = %error, "an answer cannot be written as JSON");
                Ok(())
            }
        }
    }
}
