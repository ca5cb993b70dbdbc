//! Logs and traces, the same in every program.
//!
//! `RUST_LOG` says how much is logged, `LOG_FORMAT=json` makes one JSON object of each line. A request has one trace id
//! from the camera's agent through the API to the recognizer, in the headers and fields of W3C Trace Context and in the
//! log lines that are written on its way. With `OTEL_EXPORTER_OTLP_ENDPOINT` the spans go to an OpenTelemetry collector
//! (OTLP over HTTP); of the other variables of OpenTelemetry's specification those of the sampler
//! (`OTEL_TRACES_SAMPLER`, `_ARG`), of batches (`OTEL_BSP_…`), of the exporter (`OTEL_EXPORTER_OTLP_HEADERS`,
//! `_TIMEOUT`, and those for traces alone), `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` count.

use std::collections::HashMap;
use std::env;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// The header, and the field of messages, that carries a trace from one program to the next.
pub const TRACEPARENT: &str = "traceparent";

/// The field of a span that [`adopt`] fills, so that log lines name the trace.
pub const TRACE_ID: &str = "trace_id";

/// Crates that write requests with their tokens, or frames, at levels finer than info: whatever `RUST_LOG` says, they
/// do not.
const TELL_TALES: [&str; 7] =
    ["tungstenite", "tokio_tungstenite", "hyper", "hyper_util", "reqwest", "rustls", "h2"];

/// Sends what waits to the collector when it is dropped: kept until the program ends.
#[must_use = "spans are sent while it is kept"]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(|provider| provider.shutdown()) {
            tracing::warn!(error.cause = %error, "the last spans were not sent");
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// As `LOG_FORMAT` says; without it, text.
    ///
    /// # Errors
    /// When it names neither.
    pub fn from_env() -> Result<Self, UnknownFormat> {
        env::var_os("LOG_FORMAT").unwrap_or_default().to_string_lossy().parse()
    }
}

impl FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "" | "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownFormat(name.to_owned())),
        }
    }
}

/// `LOG_FORMAT` names no format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl std::error::Error for UnknownFormat {}

impl Display for UnknownFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "LOG_FORMAT must be text or json; it is {:?}", self.0)
    }
}

/// Begins to log, on standard error, and to trace. A second call, as in tests, changes nothing.
pub fn start(service: &'static str, version: &'static str, format: LogFormat) -> Telemetry {
    let wanted = env::var("RUST_LOG").unwrap_or_default();
    let filter = if wanted.is_empty() { Ok(EnvFilter::new("info")) } else { EnvFilter::try_new(&wanted) };
    let unreadable = filter.is_err();
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info"));
    let (provider, refused) = provider(service, version);
    let lines = layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer(service)).with_location(false);
    let discreet = filter_fn(|metadata| !tells_tales(metadata.target(), *metadata.level()));
    let begun =
        tracing_subscriber::registry().with(filter).with(discreet).with(lines).with(traces).try_init();
    if unreadable {
        tracing::warn!("RUST_LOG cannot be read and counts as info; it looks like warn,api=debug");
    }
    if let Some(error) = refused {
        tracing::warn!(
            error.cause = error,
            "OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: spans are not exported"
        );
    }
    Telemetry(begun.is_ok().then_some(provider))
}

/// Whether a line of a crate of [`TELL_TALES`], or a module of it, is one of those that are not written.
fn tells_tales(target: &str, level: Level) -> bool {
    let name = target.split_once("::").map_or(target, |(name, _)| name);
    level > Level::INFO && TELL_TALES.contains(&name)
}

/// Gives spans their ids; exports them only where a collector is named.
fn provider(service: &'static str, version: &'static str) -> (SdkTracerProvider, Option<String>) {
    let named = |name| env::var(name).is_ok_and(|value| !value.is_empty());
    let mut resource =
        Resource::builder().with_attribute(opentelemetry::KeyValue::new("service.version", version));
    if !named("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name(service);
    }
    let builder = SdkTracerProvider::builder().with_resource(resource.build());
    if !named("OTEL_EXPORTER_OTLP_ENDPOINT") && !named("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
        return (builder.build(), None);
    }
    // The exporter's client wants one; an error says that the program has one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match SpanExporter::builder().with_http().build() {
        Ok(exporter) => (builder.with_batch_exporter(exporter).build(), None),
        Err(error) => (builder.build(), Some(error.to_string())),
    }
}

/// Makes a span part of the trace that a request names, or the beginning of a new one, and notes the trace's id in its
/// field [`TRACE_ID`]. A name that is none is not an error: the trace begins here then.
pub fn adopt(span: &Span, traceparent: Option<&str>) {
    if let Some(value) = traceparent {
        let carrier = HashMap::from([(TRACEPARENT.to_owned(), value.to_owned())]);
        // Fails only where no layer traces.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
    }
    let id = span.context().span().span_context().trace_id();
    span.record(TRACE_ID, id.to_string());
}

/// What the next program is told of the trace that is under way here.
pub fn traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

#[cfg(test)]
mod tests {
    use tracing::field::Empty;
    use tracing_subscriber::Registry;

    use super::*;

    #[test]
    fn a_format_is_text_or_json() {
        for (name, format) in [("", LogFormat::Text), ("text", LogFormat::Text), ("json", LogFormat::Json)] {
            assert_eq!(name.parse(), Ok(format));
        }
        let error = "xml".parse::<LogFormat>().expect_err("no format").to_string();
        assert_eq!(error, r#"LOG_FORMAT must be text or json; it is "xml""#);
    }

    #[test]
    fn tokens_are_not_logged_whatever_is_asked_for() {
        for (target, level, told) in [
            ("hyper_util::client", Level::TRACE, false),
            ("reqwest", Level::DEBUG, false),
            ("reqwest::connect", Level::WARN, true),
            ("hyperion", Level::TRACE, true),
            ("api::routes", Level::TRACE, true),
        ] {
            assert_eq!(!tells_tales(target, level), told, "{target} {level}");
        }
    }

    #[test]
    fn a_trace_goes_on_from_one_program_to_the_next() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer::<Registry>().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            let told = |parent: Option<&str>| {
                let span = tracing::info_span!("request", trace_id = Empty);
                adopt(&span, parent);
                span.in_scope(traceparent).expect("a trace")
            };
            let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            let next = told(Some(parent));
            assert_eq!(next[..36], parent[..36], "the same trace");
            assert_ne!(next[36..52], parent[36..52], "another span");
            for none in [None, Some(""), Some("00-zz-b7ad6b7169203331-01"), Some("ä")] {
                let begun = told(none);
                assert!(begun.len() == 55 && begun[..36] != parent[..36], "{begun}");
            }
        });
        assert_eq!(traceparent(), None, "outside of everything");
    }
}
