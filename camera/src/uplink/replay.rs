//! Sends kept frames in order, one at a time, when no live frame waits.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::SecondsFormat;
use tracing::Instrument;

use super::live::say_revoked;
use super::{Server, Verdict, frame_span};
use crate::clock::Stamp;
use crate::context::Context;
use crate::outbox::Outbox;
use crate::queue::Record;

/// What sealed frames are by HTTP.
pub const SEALED: &str = "application/vnd.attendance.sealed";
/// A kept frame that is not answered by then is sent again.
const ANSWER: Duration = Duration::from_secs(20);
/// How often it is looked whether there is something to send.
const LOOK: Duration = Duration::from_millis(100);
const AFTER_FAILURE: Duration = Duration::from_secs(3);
const REVOKED: Duration = Duration::from_secs(60);

/// Sends what waits whenever it may.
pub async fn replay_frames(context: Arc<Context>, server: Server, outbox: Arc<Outbox>) {
    loop {
        if !outbox.is_free(Instant::now()) || context.queue().backlog().frames == 0 {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        let record = match on_disk(&context, |context| context.queue().oldest()).await {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(error) => {
                context.once("reading", || {
                    tracing::warn!(camera = %context.name, %error, "kept frames cannot be read");
                });
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        let sequence = record.sequence;
        match send(&context, &server, record).await {
            Some(Verdict::Answered { .. }) => {
                done(&context, sequence).await;
                context.health.count(|frames| &mut frames.replayed);
            }
            Some(Verdict::GivenUp) => {
                done(&context, sequence).await;
                context.health.count(|frames| &mut frames.refused);
                context.health.count(|frames| &mut frames.lost);
                context.once("given up", || {
                    tracing::warn!(camera = %context.name, "the server refuses a kept frame for good; it is given up");
                });
            }
            Some(Verdict::Later(time)) => tokio::time::sleep(time).await,
            Some(Verdict::Revoked) => {
                say_revoked(&context);
                tokio::time::sleep(REVOKED).await;
            }
            None => tokio::time::sleep(AFTER_FAILURE).await,
        }
    }
}

async fn on_disk<T: Send + 'static>(
    context: &Arc<Context>,
    work: impl FnOnce(&Context) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let context = Arc::clone(context);
    tokio::task::spawn_blocking(move || work(&context))
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The frame is not sent again. Where that cannot be written down, it is after a restart, which harms nothing.
async fn done(context: &Arc<Context>, sequence: u64) {
    if let Err(error) = on_disk(context, move |context| context.queue().done(sequence)).await {
        context.once("position", || {
            tracing::warn!(camera = %context.name, %error, "which frames were sent cannot be written down");
        });
    }
}

/// Sends one kept frame; none: the server was not reached, or did not answer.
async fn send(context: &Context, server: &Server, record: Record) -> Option<Verdict> {
    let stamp = Stamp {
        captured_at: record.captured_at,
        drift_ms: record.drift_ms,
        before_contact: record.before_contact && record.run == context.run,
    };
    let captured_at = context.clock.corrected(stamp);
    let span = frame_span(record.sequence);
    let mut request = server.post("frames");
    if let Some(trace) = span.in_scope(telemetry::traceparent) {
        request = request.header(telemetry::TRACEPARENT, trace);
    }
    let answer = request
        .timeout(ANSWER)
        .header("X-Stream", "replay")
        .header("X-Captured-At", captured_at.to_rfc3339_opts(SecondsFormat::Millis, true))
        .header("X-Device", context.device.to_string())
        .header("X-Sequence", record.sequence.to_string())
        .header("Content-Type", SEALED)
        .body(record.sealed)
        .send()
        .instrument(span)
        .await
        .ok()?;
    let verdict = Verdict::of_status(answer.status().as_u16(), answer.headers());
    // Read to the end, so that the connection can be used again.
    let _ = answer.bytes().await;
    Some(verdict)
}
