//! Sends live frames, one at a time: the answer permits the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tracing::Instrument;
use types::FrameHeader;

use super::{ConnectError, Server, Socket, Verdict, frame_span};
use crate::context::Context;
use crate::outbox::{Frame, Outbox};
use crate::pace::Economy;

/// Without an answer for this long the connection is given up.
const ANSWER: Duration = Duration::from_secs(10);
/// The first and the longest wait before connecting again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// A token that was revoked is tried again.
const REVOKED: Duration = Duration::from_secs(60);

/// Why a connection ended.
enum Ending {
    Broken(String),
    Revoked,
}

/// Keeps a connection and sends what the outbox gives.
pub async fn send_frames(context: Arc<Context>, server: Server, outbox: Arc<Outbox>) {
    let mut economy = Economy::default();
    let mut wait = AGAIN.0;
    loop {
        let ending = match server.live().await {
            Ok(socket) => {
                if context.is_said("away") {
                    tracing::info!(camera = %context.name, "the server is there again");
                }
                context.over("away");
                outbox.connected();
                let since = Instant::now();
                let ending = converse(&context, socket, &outbox, &mut economy).await;
                outbox.disconnected();
                if since.elapsed() > AGAIN.1 {
                    wait = AGAIN.0;
                }
                ending
            }
            Err(ConnectError::Refused(401 | 403)) => Ending::Revoked,
            Err(error) => Ending::Broken(error.to_string()),
        };
        match ending {
            Ending::Broken(why) => {
                context.once("away", || {
                    tracing::warn!(camera = %context.name, why, "the server is away; frames that show motion are kept");
                });
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(AGAIN.1);
            }
            Ending::Revoked => {
                say_revoked(&context);
                tokio::time::sleep(REVOKED).await;
            }
        }
    }
}

/// Says that the feed is closed to this token.
pub fn say_revoked(context: &Context) {
    context.once("revoked", || {
        tracing::error!(
            camera = %context.name,
            "the server refuses the token of this feed: make a new one on the feed's page and put it into the \
             configuration; frames are kept meanwhile"
        );
    });
}

async fn converse(
    context: &Arc<Context>,
    mut socket: Socket,
    outbox: &Outbox,
    economy: &mut Economy,
) -> Ending {
    loop {
        let frame = tokio::select! {
            frame = outbox.take() => frame,
            message = socket.next() => match message {
                Some(Ok(Message::Close(_))) | None => return Ending::Broken("it ended the connection".to_owned()),
                Some(Err(error)) => return Ending::Broken(error.to_string()),
                // Told without having been asked: that the permission has ended.
                Some(Ok(Message::Text(text))) if Verdict::of_message(&text) == Verdict::Revoked => {
                    return Ending::Revoked;
                }
                Some(Ok(_)) => continue,
            },
        };
        let Some(jpeg) = encode(context, &frame, economy).await else {
            context.health.count(|frames| &mut frames.corrupt);
            outbox.answered();
            continue;
        };
        let sent = Instant::now();
        let exchange = exchange(context, &mut socket, &frame, jpeg).instrument(frame_span(frame.sequence));
        let verdict = match timeout(ANSWER, exchange).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(why)) => return Ending::Broken(why),
            Err(_) => return Ending::Broken("it does not answer".to_owned()),
        };
        match verdict {
            Verdict::Answered { uncertain, worked_ms } => {
                context.over("revoked");
                outbox.answered();
                context.health.count(|frames| &mut frames.sent);
                context.activity().answered(Instant::now(), uncertain);
                let worked = Duration::from_millis(worked_ms.into());
                if economy.sent(sent.elapsed().saturating_sub(worked)) {
                    tracing::info!(camera = %context.name, step = economy.step(), "frames are made smaller or larger, as the line bears");
                }
            }
            Verdict::Later(time) => {
                outbox.pause(Instant::now(), time);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Verdict::GivenUp => {
                outbox.answered();
                context.health.count(|frames| &mut frames.refused);
            }
            Verdict::Revoked => return Ending::Revoked,
        }
    }
}

async fn encode(context: &Context, frame: &Frame, economy: &Economy) -> Option<Bytes> {
    let settings = context.rules.borrow().settings;
    let (width, quality) = economy.measures(&settings);
    let (picture, rewrite) = (frame.picture.clone(), economy.step() > 0);
    let encoded = tokio::task::spawn_blocking(move || picture.jpeg(width, quality, rewrite)).await;
    encoded.ok()?.ok()
}

/// Sends a frame and waits for its answer.
async fn exchange(
    context: &Context,
    socket: &mut Socket,
    frame: &Frame,
    jpeg: Bytes,
) -> Result<Verdict, String> {
    let header = FrameHeader {
        // Before the server's time is known it dates a live frame better than this device.
        captured_at: (!frame.stamp.before_contact).then_some(frame.stamp.captured_at),
        device: Some(context.device),
        sequence: Some(frame.sequence),
        traceparent: telemetry::traceparent(),
    };
    let header = serde_json::to_string(&header).map_err(|error| error.to_string())?;
    socket.feed(Message::text(header)).await.map_err(|error| error.to_string())?;
    socket.send(Message::Binary(jpeg)).await.map_err(|error| error.to_string())?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(Verdict::of_message(&text)),
            Some(Ok(Message::Close(_))) | None => return Err("it ended the connection".to_owned()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}
