//! All stages in their order, on one thread.

use std::time::Instant;

use models::pack::{LoadedPack, PosePoints, QualityLimits};
use ort::environment::Environment;
use recognizer_types::{DetectedFace, Embedding, FacesAnswer, StageTimings};
use types::{BoundingBox, Liveness, Quality, Range};

use crate::{
    align::{Cutter, Similarity},
    decode::{self, DecodeError, Frame, Header},
    detect::{DetectError, Detection, FaceDetector},
    embed::{EmbedError, Embedder},
    landmarks::{LandmarkFinder, Points},
    liveness::{LivenessJudge, Sighting},
    network::NetworkError,
    pose::head_pose,
    quality::Measures,
    tracker::{Look, Plan, Stream},
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

/// What is asked of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// How small the faces are that are looked for.
    pub range: Range,
    /// What the answer tells about liveness.
    pub liveness: Liveness,
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
    pose: Option<PosePoints>,
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
    /// What the stream knows of it; None without stream.
    plan: Option<Plan>,
    view: View,
}

/// How much of a face is looked at.
enum View {
    /// Everything.
    Full {
        points: Points,
        /// Where the aligned picture lies in the frame.
        place: Similarity,
    },
    /// The box alone: a settled face that is followed without doubt is what it was at the last full look.
    Followed(Look),
}

impl Pipeline {
    /// Loads every network of the pack.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Self, NetworkError> {
        Ok(Self {
            model: pack.pack.id(),
            limits: pack.pack.quality.clone(),
            detector: FaceDetector::load(environment, pack)?,
            landmarks: LandmarkFinder::load(environment, pack)?,
            pose: pack.pack.pose.clone(),
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
        options: Options,
        tracking: Option<Tracking>,
    ) -> Result<FacesAnswer, StageError> {
        let start = Instant::now();
        let mut timings = StageTimings::default();
        decode::decode(bytes, header, &mut self.frame)?;
        timings.decode = since(start);

        let mut tracking = tracking;
        let found = self.find(options, tracking.as_mut(), &mut timings)?;
        let mut faces = self.describe(&found, options, &mut timings)?;
        let sightings = self.sight(&found, options, &mut timings)?;
        if let Some(tracking) = tracking {
            let now = tracking.now;
            let stream = tracking.follow(&found, &mut faces);
            self.judge_liveness(stream, &mut faces, sightings, now, &mut timings);
        }
        let (width, height) = (self.frame.width as u32, self.frame.height as u32);
        if self.frame.pixels.len() > KEEP_BYTES {
            self.frame = Frame::default();
        }
        timings.total = since(start);
        Ok(FacesAnswer { model: self.model.clone(), width, height, faces, timings_ms: timings })
    }

    /// Finds the faces of the frame. Where the whole frame shows none, it is looked at in ever smaller parts,
    /// unless the range says how small.
    fn find(
        &mut self,
        options: Options,
        mut tracking: Option<&mut Tracking>,
        timings: &mut StageTimings,
    ) -> Result<Vec<Found>, StageError> {
        let more_levels = match (options.range, &tracking) {
            (Range::Medium | Range::Far, _) => 0,
            (Range::Near, Some(_)) => STREAM_LEVELS,
            (Range::Near, None) => STILL_LEVELS,
        };
        let mut areas = self.detector.areas(&self.frame, options.range);
        for level in 1.. {
            let start = Instant::now();
            let detections = self.detector.detect(&self.frame, &areas)?;
            timings.detect += since(start);

            let start = Instant::now();
            let found = self.confirm(detections, options, tracking.as_deref_mut())?;
            timings.landmarks += since(start);
            if !found.is_empty() || level > more_levels {
                return Ok(found);
            }
            let Some(smaller) = self.detector.smaller_parts(&self.frame, level) else { break };
            areas = smaller;
        }
        Ok(vec![])
    }

    /// The detections that lie in the frame and that the mesh agrees on. A face that is followed without doubt is
    /// not asked about again, unless its liveness is.
    fn confirm(
        &mut self,
        detections: Vec<Detection>,
        options: Options,
        tracking: Option<&mut Tracking>,
    ) -> Result<Vec<Found>, StageError> {
        let boxes: Vec<BoundingBox> = detections.iter().map(|detection| detection.bounding_box).collect();
        let tracking = tracking.map(|tracking| (tracking.plan(&boxes), &*tracking.stream));
        let mut found = Vec::with_capacity(detections.len());
        for (i, detection) in detections.into_iter().enumerate() {
            let plan = tracking.as_ref().map(|(plans, _)| plans[i]);
            let known = tracking.as_ref().and_then(|(plans, stream)| stream.look(&plans[i]));
            let is_followed = options.liveness == Liveness::Off && plan.is_some_and(|plan| !plan.embed);
            let view = match known.filter(|_| is_followed).and_then(|look| self.follow(&detection, look)) {
                Some(view) => Some(view),
                None => self.look_closely(&detection)?,
            };
            let clipped = clip(&detection.bounding_box, (self.frame.width, self.frame.height));
            if let (Some(view), Some(clipped)) = (view, clipped) {
                found.push(Found { detection, clipped, plan, view });
            }
        }
        Ok(found)
    }

    /// The last look, moved to where the face is now.
    fn follow(&self, detection: &Detection, look: &Look) -> Option<View> {
        let landmarks = match self.landmarks {
            Some(_) => look.landmarks_at(&detection.points)?,
            None => detection.points,
        };
        Some(View::Followed(Look { landmarks, ..look.clone() }))
    }

    /// The face's points; None where the mesh sees no face.
    fn look_closely(&mut self, detection: &Detection) -> Result<Option<View>, StageError> {
        let points = match &mut self.landmarks {
            Some(finder) => {
                finder.find(&self.frame, detection, &mut self.cutter).map_err(StageError::Landmarks)?
            }
            None => Some(Points::of_detection(detection)),
        };
        Ok(points.and_then(|points| {
            let place = self.embedder.place(&points)?;
            Some(View::Full { points, place })
        }))
    }

    /// Aligns, embeds and judges the faces.
    fn describe(
        &mut self,
        found: &[Found],
        options: Options,
        timings: &mut StageTimings,
    ) -> Result<Vec<DetectedFace>, StageError> {
        let mut faces = Vec::with_capacity(found.len());
        for face in found {
            let (landmarks, quality) = match &face.view {
                View::Followed(look) => (look.landmarks, look.quality.clone()),
                View::Full { points, place } => {
                    let start = Instant::now();
                    let quality = self.align(&face.detection, points, place);
                    timings.align += since(start);
                    (points.five, quality)
                }
            };

            let start = Instant::now();
            let wanted = face.plan.is_none_or(|plan| plan.embed);
            let embedding = if wanted { Some(self.embedder.embed()?) } else { None };
            timings.embed += since(start);

            let pose = match (&self.pose, &face.view) {
                (Some(pose_points), View::Full { points, .. }) if options.liveness == Liveness::Challenge => {
                    head_pose(&points.mesh, pose_points)
                }
                _ => None,
            };

            faces.push(DetectedFace {
                track: None,
                bounding_box: face.clipped,
                landmarks,
                score: face.detection.score,
                quality,
                liveness: None,
                cues: None,
                pose,
                embedding,
            });
        }
        Ok(faces)
    }

    /// What the frame shows of each face's liveness, where that is asked for; else nothing.
    fn sight(
        &mut self,
        found: &[Found],
        options: Options,
        timings: &mut StageTimings,
    ) -> Result<Vec<Sighting>, StageError> {
        let start = Instant::now();
        let Some(judge) = self.liveness.as_mut().filter(|_| options.liveness == Liveness::Passive) else {
            return Ok(vec![]);
        };
        let look = |face: &Found| judge.look(&self.frame, &face.detection.bounding_box, &mut self.cutter);
        let sightings = found.iter().map(look).collect::<Result<_, _>>().map_err(StageError::Liveness)?;
        timings.liveness += since(start);
        Ok(sightings)
    }

    /// Adds the sightings to their tracks and tells what each track's say together.
    fn judge_liveness(
        &self,
        stream: &mut Stream,
        faces: &mut [DetectedFace],
        sightings: Vec<Sighting>,
        now: Instant,
        timings: &mut StageTimings,
    ) {
        let start = Instant::now();
        let Some(judge) = &self.liveness else { return };
        for (face, sighting) in faces.iter_mut().zip(sightings) {
            let Some(evidence) = face.track.as_deref().and_then(|track| stream.evidence(track)) else {
                continue;
            };
            evidence.observe(sighting, now);
            (face.liveness, face.cues) = evidence.judge(judge.cues()).unzip();
        }
        timings.liveness += since(start);
    }

    /// Cuts the aligned picture out, for the embedder, and judges it.
    fn align(&mut self, detection: &Detection, points: &Points, place: &Similarity) -> Quality {
        let size = (self.frame.width, self.frame.height);
        self.embedder.align(&self.frame, place, &mut self.cutter);
        let (chip, width) = (self.embedder.chip(), self.embedder.size().0);
        let measures = Measures::of(&detection.bounding_box, &points.five, size, chip, width);
        tracing::debug!(?measures, "face");
        measures.judge(&self.limits)
    }
}

impl<'a> Tracking<'a> {
    fn plan(&mut self, boxes: &[BoundingBox]) -> Vec<Plan> {
        self.stream.plan(boxes, self.settled, self.now)
    }

    /// Writes the frame into the tracks and gives each face its track's id; answers the stream.
    fn follow(self, found: &[Found], faces: &mut [DetectedFace]) -> &'a mut Stream {
        let boxes: Vec<BoundingBox> = found.iter().map(|face| face.detection.bounding_box).collect();
        let plans: Vec<Plan> = found.iter().filter_map(|face| face.plan).collect();
        let embeddings: Vec<Option<&Embedding>> = faces.iter().map(|face| face.embedding.as_ref()).collect();
        let tracks = self.stream.follow(&boxes, &plans, &embeddings, self.now);
        for ((face, found), track) in faces.iter_mut().zip(found).zip(tracks) {
            if matches!(found.view, View::Full { .. }) {
                let (detected, landmarks) = (found.detection.points, face.landmarks);
                self.stream.keep_look(&track, Look { detected, landmarks, quality: face.quality.clone() });
            }
            face.track = Some(track);
        }
        self.stream
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
