//! The span of each request: its id and its trace stand in every line that is logged on its way. A request alone writes
//! no line, which at fifteen frames a second and camera would drown everything else; frames have one line per feed and
//! minute instead.

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use telemetry::TRACEPARENT;
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

use crate::metrics::Metrics;

/// Begins the span of a request.
pub struct RequestSpans;

impl RootSpanBuilder for RequestSpans {
    fn on_request_start(request: &ServiceRequest) -> Span {
        // By its pattern: addresses as they come hold ids and what people search for.
        let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
        let method = Metrics::method_label(request.method());
        let id = request.extensions().get::<RequestId>().map(ToString::to_string);
        // At the level that is always on: with fewer lines, those that are left are to name their request all the more.
        let span = tracing::error_span!(
            "request",
            request_id = id,
            trace_id = Empty,
            http.method = method,
            http.route = route,
            http.status_code = Empty,
            otel.name = format!("{method} {route}"),
            otel.kind = "server",
        );
        telemetry::adopt(&span, request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok()));
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, actix_web::Error>) {
        if let Ok(response) = outcome {
            span.record("http.status_code", response.status().as_u16());
        }
    }
}
