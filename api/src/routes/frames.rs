//! Frames by POST, and over a WebSocket.

use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use actix_ws::{AggregatedMessage, Closed, Session};
use bytes::{Bytes, BytesMut};
use chrono::Utc;
use futures_util::StreamExt;
use tracing::Instrument;
use tracing::field::Empty;
use types::{FeedId, FrameAnswer, FrameHeader};
use uuid::Uuid;

use super::sockets::{self, Messages};
use super::{RENEW_EVERY, body_error};
use crate::auth::{self, Credential, FrameSender};
use crate::domain::arrivals::Source;
use crate::domain::frames::{self, Frame};
use crate::domain::pictures::MAX_IMAGE_BYTES;
use crate::domain::replays::{self, Origin};
use crate::domain::streams::StreamKey;
use crate::domain::traffic::Taken;
use crate::domain::{clock, sealed};
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
        ("X-Captured-At" = Option<String>, Header, description = "RFC 3339; default now"),
        ("X-Device" = Option<uuid::Uuid>, Header, description = "Which device took it; with X-Sequence"),
        ("X-Sequence" = Option<u64>, Header, description = "The frame's number on that device")),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "application/vnd.attendance.sealed"))), responses(
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
    let header = frame_header(&request)?;
    let is_sealed = request.content_type().eq_ignore_ascii_case(sealed::CONTENT_TYPE);
    let image = read_image(&request, body).await?;
    let frame = Incoming { kind: "post", sender: &sender, stream, header, image, is_sealed };
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

/// What the headers of a request say of its frame.
fn frame_header(request: &HttpRequest) -> Result<FrameHeader, ApiError> {
    // The request's own span is of its trace already.
    Ok(FrameHeader {
        traceparent: None,
        captured_at: parsed(request, "X-Captured-At", "Use RFC 3339, for example 2026-11-20T08:57:03.120Z.")?,
        device: parsed(request, "X-Device", "Use the device's id, a UUID.")?,
        sequence: parsed(request, "X-Sequence", "Use a whole number.")?,
    })
}

fn parsed<T: FromStr>(request: &HttpRequest, name: &str, what: &str) -> Result<Option<T>, ApiError> {
    let parse = |text: &str| text.trim().parse().map_err(|_| ApiError::invalid(name, what));
    header_text(request, name)?.map(parse).transpose()
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

/// What the recognizer or the database had no room or no answer for.
const UNANSWERED: [StatusCode; 2] = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];

/// A frame as it came in.
struct Incoming<'a> {
    kind: &'static str,
    sender: &'a FrameSender,
    stream: String,
    header: FrameHeader,
    image: Bytes,
    is_sealed: bool,
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
    let Incoming { kind, sender, stream, header, mut image, is_sealed } = incoming;
    let received_at = Utc::now();
    let (feed, id) = (sender.feed.clone(), FeedId(sender.feed.id));
    let origin = Origin::of(header.device, header.sequence)?;
    let may_backdate = sender.credential.may_backdate();
    let mut time = clock::frame_time(header.captured_at, received_at, may_backdate)?;
    let kept = time.is_replay();
    let taken = match (kept, may_backdate) {
        (false, _) => Taken::Now,
        (true, false) => Taken::Before,
        (true, true) => Taken::BackDated,
    };
    app.traffic.admit(id, u16::try_from(feed.max_fps).unwrap_or(1), received_at, taken)?;
    let waits = taken == Taken::Before;
    let turn = waits.then(|| app.replays.turn(app.recognizer.is_loaded())).transpose()?;
    if is_sealed {
        image = sealed::open(app, &sealed::frame_purpose(id), &image).await?.into();
    }
    if time.unproven {
        time.unproven = !replays::is_proven(app, &feed, origin, time.captured_at).await?;
    }
    let kind = if kept { "replay" } else { kind };
    let address = Some(sender.address.into());
    let source = Source { sender: sender.credential.actor(&feed), kind, address, origin };
    let answer = frames::answer(app, Frame { feed, stream, source, time, image }).await;
    drop(turn);
    match &answer {
        Ok(_) if kept => app.metrics.replayed.inc(),
        Ok(_) => {
            app.hearing.heard(id, received_at);
            app.hearing.answered(id, received_at);
        }
        Err(error) if !kept && UNANSWERED.contains(&error.status_code()) => {
            app.hearing.heard(id, received_at);
            app.hearing.unanswered(id, received_at);
        }
        // What is no picture is no sign of life.
        Err(_) => {}
    }
    let answer = answer?;
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
    responses((status = 101, description = "WebSocket: an optional text {\"captured_at\", \"device\", \
    \"sequence\", \"traceparent\"} before a binary image; \
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
    let (app, name) = (App::clone(&app), Uuid::new_v4().to_string());
    let live = Live { app, sender, session, header: FrameHeader::default(), name };
    let id = REQUEST_ID.try_with(|id| *id).unwrap_or_default();
    actix_web::rt::spawn(REQUEST_ID.scope(id, live.run(messages)));
    Ok(response)
}

/// An open socket: a stream of its own.
struct Live {
    app: App,
    sender: FrameSender,
    session: Session,
    /// Of the next frame.
    header: FrameHeader,
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
                    self.header = header;
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
        let header = std::mem::take(&mut self.header);
        if image.len() > MAX_IMAGE_BYTES {
            return Err(ApiError::TooLarge { limit: MAX_IMAGE_BYTES });
        }
        let incoming = Incoming {
            kind: "live",
            sender: &self.sender,
            stream: self.name.clone(),
            header,
            image,
            is_sealed: false,
        };
        let id = REQUEST_ID.try_with(Uuid::to_string).ok();
        let span = tracing::error_span!("frame", request_id = id, trace_id = Empty, otel.kind = "server");
        telemetry::adopt(&span, incoming.header.traceparent.as_deref());
        handle(&self.app, incoming).instrument(span).await
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
