//! What `GET /metrics` tells, as Prometheus text.
//!
//! | dotted name | Prometheus name | kind | labels |
//! | --- | --- | --- | --- |
//! | `recognizer.requests` | `recognizer_requests_total` | counter | `status` |
//! | `recognizer.faces` | `recognizer_faces_total` | counter | `embedded`: `yes` or `no` |
//! | `recognizer.queue.depth` | `recognizer_queue_depth` | gauge | |
//! | `recognizer.queue.wait_seconds` | `recognizer_queue_wait_seconds` | histogram | |
//! | `recognizer.jobs.skipped` | `recognizer_jobs_skipped_total` | counter | `reason`: `left` or `late` |
//! | `recognizer.jobs.panicked` | `recognizer_jobs_panicked_total` | counter | |
//! | `recognizer.streams` | `recognizer_streams` | gauge | |
//! | `recognizer.stage_seconds` | `recognizer_stage_seconds` | histogram | `stage` |

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use recognizer_types::FacesAnswer;

/// Upper bounds of the histograms, in seconds: a network takes milliseconds, a crowded frame up to a second.
const SECONDS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Status {
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Embedded {
    embedded: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

/// Every figure; cheap to clone.
pub struct Metrics {
    registry: Registry,
    requests: Family<Status, Counter>,
    faces: Family<Embedded, Counter>,
    skipped: Family<Reason, Counter>,
    panicked: Counter,
    queue_depth: Gauge,
    streams: Gauge,
    queue_wait: Histogram,
    stages: Family<Stage, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("recognizer");
        let requests = Family::default();
        registry.register("requests", "Answers by status", requests.clone());
        let faces = Family::default();
        registry.register("faces", "Faces found, by whether they were embedded", faces.clone());
        let skipped = Family::default();
        registry.register("jobs_skipped", "Jobs that nobody waited for any more", skipped.clone());
        let panicked = Counter::default();
        registry.register("jobs_panicked", "Jobs that ended in a panic", panicked.clone());
        let queue_depth = Gauge::default();
        registry.register("queue_depth", "Jobs that wait for a worker", queue_depth.clone());
        let streams = Gauge::default();
        registry.register("streams", "Streams that sent a frame in the last seconds", streams.clone());
        let queue_wait = Histogram::new(SECONDS);
        let help = "Time a job waited for a worker";
        registry.register_with_unit("queue_wait", help, Unit::Seconds, queue_wait.clone());
        let stages = Family::<Stage, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        registry.register_with_unit("stage", "Time spent by stage", Unit::Seconds, stages.clone());
        Self { registry, requests, faces, skipped, panicked, queue_depth, streams, queue_wait, stages }
    }
}

impl Metrics {
    /// One answer with this status.
    pub fn answered(&self, status: u16) {
        self.requests.get_or_create(&Status { status }).inc();
    }

    /// One analysed picture.
    pub fn analysed(&self, answer: &FacesAnswer) {
        let embedded = answer.faces.iter().filter(|face| face.embedding.is_some()).count() as u64;
        self.faces.get_or_create(&Embedded { embedded: "yes" }).inc_by(embedded);
        let others = answer.faces.len() as u64 - embedded;
        self.faces.get_or_create(&Embedded { embedded: "no" }).inc_by(others);
        let timings = &answer.timings_ms;
        for (stage, milliseconds) in [
            ("decode", timings.decode),
            ("detect", timings.detect),
            ("landmarks", timings.landmarks),
            ("align", timings.align),
            ("embed", timings.embed),
            ("liveness", timings.liveness),
            ("total", timings.total),
        ] {
            self.stages.get_or_create(&Stage { stage }).observe(f64::from(milliseconds) / 1000.0);
        }
    }

    /// A job was skipped because its client had left.
    pub fn client_left(&self) {
        self.skipped.get_or_create(&Reason { reason: "left" }).inc();
    }

    /// A job was skipped because its deadline had passed.
    pub fn too_late(&self) {
        self.skipped.get_or_create(&Reason { reason: "late" }).inc();
    }

    /// A job panicked.
    pub fn panicked(&self) {
        self.panicked.inc();
    }

    /// A job waited this long for a worker.
    pub fn waited(&self, wait: std::time::Duration) {
        self.queue_wait.observe(wait.as_secs_f64());
    }

    /// The Prometheus text.
    pub fn encode(&self, queue_depth: usize, streams: usize) -> Result<String, std::fmt::Error> {
        self.queue_depth.set(queue_depth as i64);
        self.streams.set(streams as i64);
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
