//! Metrics. Names carry their unit; `docs/OPERATIONS.md` lists them.

use actix_web::http::Method;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use types::AlertChannel;

/// The metrics of this process.
#[derive(Debug)]
#[allow(missing_docs, reason = "each is described where it is made")]
pub struct Metrics {
    registry: Registry,
    pub request_seconds: HistogramVec,
    pub frames: IntCounterVec,
    pub frame_seconds: Histogram,
    pub arrivals: IntCounter,
    pub messages: IntCounterVec,
    pub gallery_revision: IntGauge,
    pub gallery_people: IntGauge,
    pub gallery_templates: IntGauge,
    pub pool_connections: IntGaugeVec,
    pub pool_wait_seconds: Histogram,
    pub feeds_silent: IntGauge,
    pub devices_online: IntGauge,
    pub backlog_frames: IntGauge,
    pub heartbeats: IntCounter,
    pub replayed: IntCounter,
}

impl Metrics {
    /// Registers all metrics.
    ///
    /// # Errors
    /// When two have one name.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let request_seconds = HistogramVec::new(
            HistogramOpts::new(
                "attendance_http_request_seconds",
                "From a request to the head of its answer.",
            )
            .buckets(vec![0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0]),
            &["route", "method", "status"],
        )?;
        let frames = IntCounterVec::new(
            Opts::new("attendance_frames_total", "Frames by how they were answered."),
            &["outcome"],
        )?;
        let frame_seconds = Histogram::with_opts(
            HistogramOpts::new("attendance_frame_seconds", "From a frame received to its answer.")
                .buckets(vec![0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0]),
        )?;
        let arrivals = IntCounter::new("attendance_arrivals_total", "Arrivals written by this process.")?;
        let messages = IntCounterVec::new(
            Opts::new("attendance_messages_total", "Attempts to send a message by channel and outcome."),
            &["channel", "outcome"],
        )?;
        // There from the start: what is counted for the first time is an increase of nothing otherwise, and no alarm.
        for channel in AlertChannel::ALL {
            for outcome in ["sent", "failed", "dead"] {
                messages.with_label_values(&[channel.name(), outcome]);
            }
        }
        let gallery_revision =
            IntGauge::new("attendance_gallery_revision", "Revision of the gallery in memory.")?;
        let gallery_people = IntGauge::new("attendance_gallery_people", "People who can be recognised.")?;
        let gallery_templates = IntGauge::new("attendance_gallery_templates", "Templates in memory.")?;
        let pool_connections = IntGaugeVec::new(
            Opts::new("attendance_database_pool_connections", "Connections to the database by state."),
            &["state"],
        )?;
        let pool_wait_seconds = Histogram::with_opts(
            HistogramOpts::new(
                "attendance_database_pool_wait_seconds",
                "How long work waited for a connection.",
            )
            .buckets(vec![0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5]),
        )?;
        let feeds_silent = IntGauge::new("attendance_feeds_silent", "Feeds that were heard and are silent.")?;
        let devices_online =
            IntGauge::new("attendance_devices_online", "Devices of all feeds that called lately.")?;
        let backlog_frames =
            IntGauge::new("attendance_device_backlog_frames", "Frames that wait on all devices.")?;
        let heartbeats =
            IntCounter::new("attendance_heartbeats_total", "Calls of devices that this process answered.")?;
        let replayed = IntCounter::new(
            "attendance_frames_replayed_total",
            "Frames that their sender had kept and this process answered.",
        )?;
        for gauge in [
            &devices_online,
            &backlog_frames,
            &feeds_silent,
            &gallery_revision,
            &gallery_people,
            &gallery_templates,
        ] {
            registry.register(Box::new(gauge.clone()))?;
        }
        for counter in [&heartbeats, &replayed] {
            registry.register(Box::new(counter.clone()))?;
        }
        registry.register(Box::new(request_seconds.clone()))?;
        registry.register(Box::new(pool_connections.clone()))?;
        registry.register(Box::new(pool_wait_seconds.clone()))?;
        registry.register(Box::new(frames.clone()))?;
        registry.register(Box::new(frame_seconds.clone()))?;
        registry.register(Box::new(arrivals.clone()))?;
        registry.register(Box::new(messages.clone()))?;
        Ok(Self {
            registry,
            request_seconds,
            frames,
            frame_seconds,
            arrivals,
            messages,
            gallery_revision,
            gallery_people,
            gallery_templates,
            pool_connections,
            pool_wait_seconds,
            feeds_silent,
            devices_online,
            backlog_frames,
            heartbeats,
            replayed,
        })
    }

    /// How a label calls a request's method: callers may invent some, and each would be a series of its own.
    pub fn method_label(method: &Method) -> &str {
        match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            _ => "other",
        }
    }

    /// All metrics in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(error.cause = %error, "metrics cannot be written");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_told() {
        let metrics = Metrics::new().expect("names differ");
        metrics.request_seconds.with_label_values(&["none", "GET", "200"]).observe(0.1);
        metrics.pool_connections.with_label_values(&["idle"]).set(1);
        metrics.frames.with_label_values(&["answered"]).inc();
        let text = metrics.text();
        let names = include_str!("metrics.rs").split('"').filter(|part| {
            part.starts_with("attendance_") && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        });
        let mut count = 0;
        for name in names.filter(|name| *name != "attendance_") {
            assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
            count += 1;
        }
        assert!(count > 10, "{count}");
        assert!(text.contains("attendance_messages_total{channel=\"email\",outcome=\"dead\"} 0"));
    }

    #[test]
    fn a_method_that_is_none_makes_no_series() {
        assert_eq!(Metrics::method_label(&Method::PATCH), "PATCH");
        assert_eq!(Metrics::method_label(&Method::from_bytes(b"PATCHWORK").expect("a method")), "other");
    }
}
