//! The only place that knows threads: a bounded queue before workers that each own a [`Pipeline`] of every pack.
//!
//! A place in the queue is taken before a request's body is read, so that overload is answered at once and the
//! memory for bodies is bounded. A job that waited past its deadline, or whose client has left, is skipped. A
//! panic ends the job, not the worker.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use models::pack::LoadedPack;
use ort::environment::Environment;
use recognizer_types::FacesAnswer;
use tokio::sync::oneshot;

use crate::{
    decode::{self, DecodeError},
    metrics::Metrics,
    network::NetworkError,
    pipeline::{Options, Pipeline, StageError, Tracking},
    places::{Place, Places},
    tracker::Stream,
};

/// Pictures with more pixels than this are worked on one at a time, which bounds the memory.
const LARGE_PIXELS: u64 = 4_000_000;

/// Why a job has no answer.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A stage failed.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The queue is full, or the job waited longer than its sender wanted.
    #[error("There are more pictures than this server can look at: try again in a moment.")]
    Overloaded,
    /// The networks are still being loaded.
    #[error("The recognizer is starting: try again in a moment.")]
    NotReady,
    /// A worker panicked over this picture.
    #[error("The recognizer failed at this picture.")]
    Panicked,
}

/// A picture to look at.
pub struct Job {
    /// The picture.
    pub bytes: Bytes,
    /// Which of the packs looks at it, by its place in the list that the pool was started with.
    pub pack: usize,
    /// What is asked of it.
    pub options: Options,
    /// The stream it belongs to, for tracking; streams of different packs are different streams.
    pub stream: Option<String>,
    /// Tracks of that stream that need no embedding.
    pub settled: Vec<String>,
    /// When nobody needs the answer any more.
    pub deadline: Option<Instant>,
    /// The request's, for what is logged and traced on a worker.
    pub span: tracing::Span,
}

struct Queued {
    job: Job,
    since: Instant,
    reply: oneshot::Sender<Result<FacesAnswer, JobError>>,
    /// Frees the place in the queue when the job is done.
    place: Place,
}

/// What the workers share.
struct Shared {
    metrics: Metrics,
    streams: Mutex<Streams>,
    /// Held while a large picture is worked on.
    large: Mutex<()>,
    /// Least cosine between embeddings of one track, by pack.
    same_face: Vec<f32>,
    ready: AtomicUsize,
}

/// The streams by pack and name.
type Streams = HashMap<(usize, String), Arc<Mutex<Stream>>>;

/// The queue and its workers.
pub struct Pool {
    sender: Sender<Queued>,
    places: Arc<Places>,
    workers: usize,
    shared: Arc<Shared>,
}

impl Pool {
    /// Starts `workers` threads, which load the packs and warm up. The channel tells of the first that fails.
    pub fn start(
        environment: &Environment,
        packs: Arc<[LoadedPack]>,
        workers: usize,
    ) -> (Arc<Self>, oneshot::Receiver<NetworkError>) {
        let (sender, receiver) = crossbeam_channel::bounded(Places::capacity(workers));
        let shared = Arc::new(Shared {
            metrics: Metrics::default(),
            streams: Mutex::default(),
            large: Mutex::default(),
            same_face: packs.iter().map(|pack| pack.pack.matching.same_track).collect(),
            ready: AtomicUsize::new(0),
        });
        let (failure, failed) = oneshot::channel();
        let failure = Arc::new(Mutex::new(Some(failure)));
        for _ in 0..workers {
            let (environment, packs) = (environment.clone(), Arc::clone(&packs));
            let (shared, receiver) = (Arc::clone(&shared), receiver.clone());
            let failure = Arc::clone(&failure);
            thread::spawn(move || match prepare(&environment, &packs) {
                Ok(mut pipelines) => {
                    shared.ready.fetch_add(1, Ordering::Release);
                    work(&mut pipelines, &receiver, &shared);
                }
                Err(error) => {
                    if let Some(failure) = lock(&failure).take() {
                        // The receiver is gone only when the process is ending anyway.
                        let _ = failure.send(error);
                    }
                }
            });
        }
        let places = Arc::new(Places::new(workers));
        (Arc::new(Self { sender, places, workers, shared }), failed)
    }

    /// Whether every worker has matched the golden vectors.
    pub fn is_ready(&self) -> bool {
        self.shared.ready.load(Ordering::Acquire) == self.workers
    }

    /// The figures that the pool and the server keep.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Jobs that are waiting or being worked on.
    pub fn depth(&self) -> usize {
        self.places.taken()
    }

    /// Streams that have not ended.
    pub fn streams(&self) -> usize {
        lock(&self.shared.streams).len()
    }

    /// Takes a place in the queue, before the picture is read from the network.
    pub fn enter(&self) -> Result<Place, JobError> {
        if !self.is_ready() {
            return Err(JobError::NotReady);
        }
        self.places.enter().ok_or(JobError::Overloaded)
    }

    /// Looks at a picture. Dropping the future tells the workers that nobody waits for it.
    pub async fn analyse(&self, place: Place, job: Job) -> Result<FacesAnswer, JobError> {
        let (reply, answer) = oneshot::channel();
        let queued = Queued { job, since: Instant::now(), reply, place };
        // There are as many places as the channel holds.
        self.sender.try_send(queued).map_err(|_| JobError::Overloaded)?;
        answer.await.unwrap_or(Err(JobError::Panicked))
    }
}

/// A panic while the lock was held leaves the tracks as they were before that frame or after it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A pipeline for each pack, in their order.
fn prepare(environment: &Environment, packs: &[LoadedPack]) -> Result<Vec<Pipeline>, NetworkError> {
    let prepare_one = |pack| {
        let mut pipeline = Pipeline::load(environment, pack)?;
        pipeline.warm_up()?;
        Ok(pipeline)
    };
    packs.iter().map(prepare_one).collect()
}

fn work(pipelines: &mut [Pipeline], jobs: &Receiver<Queued>, shared: &Shared) {
    while let Ok(Queued { job, since, reply, place }) = jobs.recv() {
        shared.metrics.waited(since.elapsed());
        if reply.is_closed() {
            shared.metrics.client_left();
            continue;
        }
        if job.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            shared.metrics.too_late();
            let _ = reply.send(Err(JobError::Overloaded));
            continue;
        }
        let _in_span = tracing::info_span!(parent: &job.span, "analyse").entered();
        let outcome = survive(&shared.metrics, || analyse(&mut pipelines[job.pack], &job, shared));
        if let Ok(answer) = &outcome {
            shared.metrics.analysed(answer);
        }
        drop(place);
        // The client may have left meanwhile.
        let _ = reply.send(outcome);
    }
}

/// Runs `job`; a panic is its end and nobody else's. The networks and buffers that it used are overwritten by
/// the next job from their start.
fn survive<T>(metrics: &Metrics, job: impl FnOnce() -> Result<T, JobError>) -> Result<T, JobError> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|_| {
        metrics.panicked();
        tracing::error!("a picture made a worker panic");
        Err(JobError::Panicked)
    })
}

fn analyse(pipeline: &mut Pipeline, job: &Job, shared: &Shared) -> Result<FacesAnswer, JobError> {
    let header = decode::read_header(&job.bytes).map_err(StageError::from)?;
    let _alone = (header.pixels() > LARGE_PIXELS).then(|| lock(&shared.large));
    let Some(name) = &job.stream else {
        return Ok(pipeline.analyse(&job.bytes, header, job.options, None)?);
    };
    let now = Instant::now();
    let stream = shared.stream(job.pack, name, now);
    // Frames of one stream are worked on one after another; other streams go on.
    let mut stream = lock(&stream);
    let tracking = Tracking { stream: &mut stream, settled: &job.settled, now };
    Ok(pipeline.analyse(&job.bytes, header, job.options, Some(tracking))?)
}

impl Shared {
    /// The pack's stream of this name; streams that have ended are forgotten on the way.
    fn stream(&self, pack: usize, name: &str, now: Instant) -> Arc<Mutex<Stream>> {
        let mut streams = lock(&self.streams);
        // A stream that is being worked on is locked, and has not ended.
        streams.retain(|_, stream| stream.try_lock().map_or(true, |stream| !stream.has_ended(now)));
        let new = || Arc::new(Mutex::new(Stream::new(rand::random(), self.same_face[pack], now)));
        Arc::clone(streams.entry((pack, name.to_owned())).or_insert_with(new))
    }
}

/// How long a client should wait before it tries again, when the queue was full.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<DecodeError> for JobError {
    fn from(error: DecodeError) -> Self {
        Self::Stage(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer() {
        let metrics = Metrics::default();
        let outcome: Result<(), JobError> = survive(&metrics, || panic!("on purpose"));
        assert!(matches!(outcome, Err(JobError::Panicked)));
        assert!(matches!(survive(&metrics, || Ok(7)), Ok(7)));
        assert!(metrics.encode(0, 0).expect("text").contains("recognizer_jobs_panicked_total 1"));
    }
}
