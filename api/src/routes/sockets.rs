//! WebSockets, bounded: the codec buffers as many bytes as a frame's header announces, so a peer that never
//! completes a message is cut off by what it has sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError, Session};
use futures_util::StreamExt;

use crate::error::ApiError;

/// Messages of an open socket.
pub struct Messages {
    stream: AggregatedMessageStream,
    /// Bytes that came since the last whole message.
    pending: Arc<AtomicUsize>,
}

impl Messages {
    /// The next message; none when the peer is gone.
    pub async fn next(&mut self) -> Option<Result<AggregatedMessage, ProtocolError>> {
        let message = self.stream.next().await;
        self.pending.store(0, Ordering::Relaxed);
        message
    }
}

/// Accepts an upgrade. Messages may be `limit` bytes long; a peer that sends more without completing one is
/// cut off.
///
/// # Errors
/// 400 when the request is no upgrade.
pub async fn open(
    request: &HttpRequest,
    body: web::Payload,
    protocols: &[&str],
    limit: usize,
) -> Result<(HttpResponse, Session, Messages), ApiError> {
    let no_upgrade =
        |error: actix_web::Error| ApiError::BadRequest(format!("This address is a WebSocket: {error}"));
    let pending = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pending);
    let most = limit + limit / 2;
    let bounded = body.into_inner().map(move |chunk| {
        let chunk = chunk?;
        let held = counter.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
        if held > most { Err(PayloadError::Overflow) } else { Ok(chunk) }
    });
    let mut payload = Payload::Stream { payload: bounded.boxed_local() };
    let body = web::Payload::from_request(request, &mut payload).await.map_err(no_upgrade)?;
    let (response, session, stream) =
        actix_ws::handle_with_protocols(request, body, protocols).map_err(no_upgrade)?;
    let stream = stream.max_frame_size(limit).aggregate_continuations().max_continuation_size(limit);
    Ok((response, session, Messages { stream, pending }))
}
