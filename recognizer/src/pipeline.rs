//! All stages in their order, on one thread.

use std::time::Instant;

use models::pack::{LoadedPack, QualityLimits};
use ort::environment::Environment;
use recognizer_types::{DetectedFace, Embedding, FacesAnswer, StageTimings};
use types::BoundingBox;

use crate::{
    align::{Cutter, Similarity},
    decode::{self, DecodeError, Frame, Header},
    detect::{DetectError, Detection, FaceDetector},
    embed::{EmbedError, Embedder},
    landmarks::{LandmarkFinder, Points},
    liveness::LivenessJudge,
    network::NetworkError,
    quality::Measures,
    tracker::{Plan, Stream},
};

/// Frames larger than this are not kept in memory once they are answered.
const KEEP_BYTES: usize = 1920 * 1080 * 3;

/// How often a frame without a face is looked at in smaller parts: a stream shows the face again in its next
/// frame, a single picture does not. 1280×720 pixels are 2 parts, then none smaller; 26 megapixels are 2, 15
/// and 40 parts, half a second.
const STREAM_LEVELS: usize = 1;
const STILL_LEVELS: usize = 3;

/// Which stage failed, and why.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The sender's fault.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Ours.
    #[error("detect: {0}")]
    Detect(#[from] DetectError),
    /// Ours.
    #[error("landmarks: {0}")]
    Landmarks(NetworkError),
    /// Ours.
    #[error("embed: {0}")]
    Embed(#[from] EmbedError),
    /// Ours.
    #[error("liveness: {0}")]
    Liveness(NetworkError),
}

/// A stream's tracks with what the caller says of them.
pub struct Tracking<'a> {
    /// The tracks.
    pub stream: &'a mut Stream,
    /// Ids of tracks whose embedding the caller does not need.
    pub settled: &'a [String],
    /// Time of the frame.
    pub now: Instant,
}

/// Every stage with its networks and memory. Not shared: each worker owns its own.
pub struct Pipeline {
    model: String,
    limits: QualityLimits,
    detector: FaceDetector,
    landmarks: Option<LandmarkFinder>,
    embedder: Embedder,
    liveness: Option<LivenessJudge>,
    cutter: Cutter,
    frame: Frame,
}

/// A face on its way through the stages.
struct Found {
    detection: Detection,
    /// The detection's box inside the frame.
    clipped: BoundingBox,
    points: Points,
    /// Where the aligned picture lies in the frame.
    place: Similarity,
}

impl Pipeline {
    /// Loads every network of the pack.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Self, NetworkError> {
        Ok(Self {
            model: pack.pack.id(),
            limits: pack.pack.quality.clone(),
            detector: FaceDetector::load(environment, pack)?,
            landmarks: LandmarkFinder::load(environment, pack)?,
            embedder: Embedder::load(environment, pack)?,
            liveness: LivenessJudge::load(environment, pack)?,
            cutter: Cutter::default(),
            frame: Frame::default(),
        })
    }

    /// Runs every network on the golden picture and compares with the pack's golden vectors.
    pub fn warm_up(&mut self) -> Result<(), NetworkError> {
        self.detector.check_golden()?;
        if let Some(landmarks) = &mut self.landmarks {
            landmarks.check_golden()?;
        }
        self.embedder.check_golden()?;
        if let Some(liveness) = &mut self.liveness {
            liveness.check_golden()?;
        }
        Ok(())
    }

    /// Runs each network on the input that it saw last, and nothing else: what a frame with one face costs at
    /// least. For benchmarks.
    pub fn run_networks(&mut self) -> Result<(), NetworkError> {
        self.detector.run_bare()?;
        if let Some(landmarks) = &mut self.landmarks {
            landmarks.run_bare()?;
        }
        self.embedder.run_bare()
    }

    /// Every face of a picture; `header` is what [`decode::read_header`] said of the bytes.
    pub fn analyse(
        &mut self,
        bytes: &[u8],
        header: Header,
        tracking: Option<Tracking>,
    ) -> Result<FacesAnswer, StageError> {
        let start = Instant::now();
        let mut timings = StageTimings::default();
        decode::decode(bytes, header, &mut self.frame)?;
        timings.decode = since(start);

        let more_levels = if tracking.is_some() { STREAM_LEVELS } else { STILL_LEVELS };
        let found = self.find(more_levels, &mut timings)?;
        let faces = match tracking {
            None => self.describe(&found, &[], &mut timings)?,
            Some(Tracking { stream, settled, now }) => {
                let boxes: Vec<BoundingBox> = found.iter().map(|face| face.detection.bounding_box).collect();
                let plans = stream.plan(&boxes, settled, now);
                let mut faces = self.describe(&found, &plans, &mut timings)?;
                let embeddings: Vec<Option<&Embedding>> =
                    faces.iter().map(|face| face.embedding.as_ref()).collect();
                let tracks = stream.follow(&boxes, &plans, &embeddings, now);
                faces.iter_mut().zip(tracks).for_each(|(face, track)| face.track = Some(track));
                faces
            }
        };
        let (width, height) = (self.frame.width as u32, self.frame.height as u32);
        if self.frame.pixels.len() > KEEP_BYTES {
            self.frame = Frame::default();
        }
        timings.total = since(start);
        Ok(FacesAnswer { model: self.model.clone(), width, height, faces, timings_ms: timings })
    }

    /// Finds the faces of the frame with their points. Where the whole frame shows none, it is looked at in
    /// `more_levels` of ever smaller parts.
    fn find(&mut self, more_levels: usize, timings: &mut StageTimings) -> Result<Vec<Found>, StageError> {
        for level in 0..=more_levels {
            let start = Instant::now();
            let detections = self.detector.detect(&self.frame, level)?;
            timings.detect += since(start);
            let Some(detections) = detections else { break };

            let start = Instant::now();
            let found = self.confirm(detections)?;
            timings.landmarks += since(start);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(vec![])
    }

    /// The detections that the mesh agrees on and that lie in the frame.
    fn confirm(&mut self, detections: Vec<Detection>) -> Result<Vec<Found>, StageError> {
        let mut found = Vec::with_capacity(detections.len());
        for detection in detections {
            let points = match &mut self.landmarks {
                Some(finder) => {
                    finder.find(&self.frame, &detection, &mut self.cutter).map_err(StageError::Landmarks)?
                }
                None => Some(Points::of_detection(&detection)),
            };
            let clipped = clip(&detection.bounding_box, (self.frame.width, self.frame.height));
            let place = points.as_ref().and_then(|points| self.embedder.place(points));
            if let (Some(points), Some(clipped), Some(place)) = (points, clipped, place) {
                found.push(Found { detection, clipped, points, place });
            }
        }
        Ok(found)
    }

    /// Aligns, embeds and judges the faces; without plans every face is embedded.
    fn describe(
        &mut self,
        found: &[Found],
        plans: &[Plan],
        timings: &mut StageTimings,
    ) -> Result<Vec<DetectedFace>, StageError> {
        let size = (self.frame.width, self.frame.height);
        let mut faces = Vec::with_capacity(found.len());
        for (i, Found { detection, clipped, points, place }) in found.iter().enumerate() {
            let start = Instant::now();
            self.embedder.align(&self.frame, place, &mut self.cutter);
            let measures = Measures::of(
                &detection.bounding_box,
                &points.five,
                size,
                self.embedder.chip(),
                self.embedder.size().0,
            );
            timings.align += since(start);
            tracing::debug!(?measures, "face");

            let start = Instant::now();
            let wanted = plans.get(i).is_none_or(|plan| plan.embed);
            let embedding = if wanted { Some(self.embedder.embed()?) } else { None };
            timings.embed += since(start);

            let start = Instant::now();
            let liveness = match &mut self.liveness {
                Some(judge) => Some(
                    judge
                        .judge(&self.frame, &detection.bounding_box, &mut self.cutter)
                        .map_err(StageError::Liveness)?,
                ),
                None => None,
            };
            timings.liveness += since(start);

            faces.push(DetectedFace {
                track: None,
                bounding_box: *clipped,
                landmarks: points.five,
                score: detection.score,
                quality: measures.judge(&self.limits),
                liveness,
                embedding,
            });
        }
        Ok(faces)
    }
}

fn since(start: Instant) -> f32 {
    start.elapsed().as_secs_f32() * 1000.0
}

/// The part of the box inside the frame; None when there is none.
fn clip(bounds: &BoundingBox, (width, height): (usize, usize)) -> Option<BoundingBox> {
    let x = bounds.x.max(0.0);
    let y = bounds.y.max(0.0);
    let right = (bounds.x + bounds.width).min(width as f32);
    let bottom = (bounds.y + bounds.height).min(height as f32);
    (right > x && bottom > y).then_some(BoundingBox { x, y, width: right - x, height: bottom - y })
}
