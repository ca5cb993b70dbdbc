//! The format of a model pack: a folder with `pack.toml` and the ONNX files that it names.
//!
//! Everything that is particular to a model stands in `pack.toml`, so that the recognizer runs any pack.
//! [`load`] trusts nothing: a file must lie in the pack's folder, have the hash that `pack.toml` states, keep
//! its numbers inside itself and use standard operators only.

mod load;
mod write;

pub use load::{LoadedPack, PackError, load, parse};
use serde::{Deserialize, Serialize};
pub use write::{Written, write};

use crate::golden::Golden;

/// The only format there is so far.
pub const FORMAT: u32 = 1;
/// Name of the description in a pack's folder.
pub const FILE_NAME: &str = "pack.toml";

/// `pack.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// [`FORMAT`].
    pub format: u32,
    /// Short name, lower case.
    pub name: String,
    /// For people.
    pub title: String,
    /// How embeddings are compared.
    pub matching: Matching,
    /// What makes a face good enough.
    pub quality: QualityLimits,
    /// Finds faces.
    pub detector: Detector,
    /// Finds the points of a face more exactly than the detector does.
    pub landmarks: Option<Landmarks>,
    /// Tells from the mesh how the head is held; without it there is no active challenge.
    pub pose: Option<PosePoints>,
    /// Turns an aligned face into an embedding.
    pub embedder: Embedder,
    /// Tells a live face from a picture of one.
    pub liveness: Option<Liveness>,
}

/// How embeddings are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// Least cosine at which two embeddings are taken for one person.
    pub threshold: f32,
    /// Least distance (in cosine) to the second-best person.
    pub margin: f32,
    /// Least cosine between embeddings of one face in successive frames; below, another face has taken its
    /// place. Lower than `threshold`: the box says much already, and a wrong "same" is found out by the match.
    pub same_track: f32,
    /// The measurement that they come from.
    pub measured: String,
    /// What other thresholds would cost, by the same measurement; ascending.
    #[serde(default)]
    pub operating_points: Vec<OperatingPoint>,
}

/// Error rates of single comparisons at a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// Least cosine.
    pub threshold: f32,
    /// Share of comparisons of two different people that reach it.
    pub false_match_rate: f64,
    /// Share of comparisons of one person's pictures that do not.
    pub false_non_match_rate: f64,
}

/// What makes a face good enough to be enrolled or judged. See the recognizer's `quality.rs` for the measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityLimits {
    /// Least pixels between the centres of the eyes.
    pub min_eye_distance_px: f32,
    /// Largest share of the face's box that may lie outside the picture.
    pub max_outside: f32,
    /// Largest turn to the side: distance of the nose from the middle between the eyes, in eye distances.
    pub max_yaw: f32,
    /// Least and largest height of the nose between the eyes (0) and the mouth (1).
    pub pitch: [f32; 2],
    /// Largest tilt of the line through the eyes, in degrees.
    pub max_roll_degrees: f32,
    /// Least sharpness of the aligned face.
    pub min_sharpness: f32,
    /// Least and largest mean brightness of the aligned face, 0 to 255.
    pub brightness: [f32; 2],
    /// Where these numbers come from.
    pub measured: String,
}

/// A file and how a picture is put into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Name in the pack's folder.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Where the weights come from.
    pub source: String,
    /// Where this very file can be fetched (https); none where nobody publishes it as it is.
    pub url: Option<String>,
    /// SPDX expression.
    pub license: String,
    /// The picture it takes.
    pub input: Input,
    /// What it answers to the golden picture.
    pub golden: Option<Golden>,
}

impl ModelFile {
    /// Leaves out what can be worded anew without changing the network.
    fn forget_origin(&mut self) {
        self.source.clear();
        self.license.clear();
        (self.url, self.golden) = (None, None);
    }
}

/// A picture as a 1×3×height×width array of `(pixel - mean) * scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the graph's input.
    pub name: String,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Order of the channels.
    pub colour: Colour,
    /// Per channel, in that order.
    pub mean: [f32; 3],
    /// Factor after the mean is taken off.
    pub scale: f32,
}

/// Order of the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Colour {
    Rgb,
    Bgr,
}

/// Finds faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// How its outputs are read.
    pub decode: DetectorDecode,
    /// Least score of a face, 0 to 1.
    pub min_score: f32,
    /// Two boxes that overlap by more than this (intersection over union) are one face.
    pub max_overlap: f32,
    /// Least width of a face's box that is found reliably, in pixels of the input: says how small the parts are
    /// that a frame is looked at in. Without it, a ninth of the input's shorter side.
    pub smallest_face_px: Option<f32>,
    /// The file.
    pub model: ModelFile,
}

/// How a detector's outputs are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum DetectorDecode {
    /// Outputs `boxes` (anchors × 16: centre, size, six points, in input pixels from the anchor) and `scores`
    /// (logits). Anchors stand at the centres of square grids, in the order of `grids`.
    Blazeface {
        /// The grids.
        grids: Vec<AnchorGrid>,
    },
    /// OpenCV zoo's YuNet: per stride outputs `cls_S`, `obj_S`, `bbox_S`, `kps_S`.
    Yunet {
        /// The strides.
        strides: Vec<usize>,
    },
    /// InsightFace's SCRFD: per stride a score, four distances to the box's edges and five points for each anchor,
    /// in strides from the cell's corner.
    Scrfd {
        /// Anchors on each cell.
        per_cell: usize,
        /// The strides with the names of their outputs.
        strides: Vec<ScrfdStride>,
    },
}

impl DetectorDecode {
    /// What the sides of the input must be a multiple of.
    pub fn granularity(&self) -> usize {
        match self {
            Self::Blazeface { .. } => 1,
            Self::Yunet { strides } => strides.iter().copied().max().unwrap_or(0),
            Self::Scrfd { strides, .. } => strides.iter().map(|level| level.stride).max().unwrap_or(0),
        }
    }
}

/// One stride of an SCRFD detector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrfdStride {
    /// Pixels of the input per cell.
    pub stride: usize,
    /// Name of the output with the scores.
    pub scores: String,
    /// Name of the output with the distances.
    pub boxes: String,
    /// Name of the output with the points.
    pub points: String,
}

impl Detector {
    /// Least width of a face's box that is found reliably, in pixels of the input.
    pub fn smallest_face(&self) -> f32 {
        let Input { width, height, .. } = self.model.input;
        self.smallest_face_px.unwrap_or(width.min(height) as f32 / 9.0)
    }
}

/// A square grid of anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorGrid {
    /// Cells per side.
    pub cells: usize,
    /// Anchors per cell.
    pub per_cell: usize,
}

/// A face mesh: output `mesh`, three numbers per point (x, y in input pixels, depth), and `presence`, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landmarks {
    /// Side of the square it looks at, in sides of the detector's box; turned so that the eyes lie level.
    pub crop: f32,
    /// Least `presence` of a face.
    pub min_presence: f32,
    /// Points whose mean is the left eye (as seen).
    pub left_eye: Vec<usize>,
    /// Points whose mean is the right eye.
    pub right_eye: Vec<usize>,
    /// Tip of the nose.
    pub nose: usize,
    /// Left corner of the mouth (as seen).
    pub mouth_left: usize,
    /// Right corner of the mouth.
    pub mouth_right: usize,
    /// The file.
    pub model: ModelFile,
}

/// Mesh points that tell how the head is held; the recognizer's `pose.rs` says how. Left and right as seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosePoints {
    /// Pairs of mirror points, the left one first.
    pub across: Vec<[usize; 2]>,
    /// Pairs of points in planes of the head that stand upright when it looks straight ahead, the upper first.
    pub down: Vec<[usize; 2]>,
    /// The eye on the left.
    pub left_eye: EyePoints,
    /// The eye on the right.
    pub right_eye: EyePoints,
}

impl PosePoints {
    /// Every point that is named.
    fn all(&self) -> impl Iterator<Item = usize> {
        let eyes = [&self.left_eye, &self.right_eye];
        let pairs = self.across.iter().chain(&self.down);
        let of_eyes = eyes.into_iter().flat_map(|eye| eye.lids.iter().chain([&eye.corners]));
        pairs.chain(of_eyes).flatten().copied()
    }
}

/// Mesh points of one eye.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EyePoints {
    /// The two corners.
    pub corners: [usize; 2],
    /// Pairs of points on the upper and the lower lid.
    pub lids: Vec<[usize; 2]>,
}

/// Turns an aligned face into an embedding: output `embedding`, of any length; the recognizer makes it unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedder {
    /// Length of an embedding.
    pub dimensions: usize,
    /// Name of the graph's output.
    pub output: String,
    /// Where the alignment points come to lie, as shares of the input's width and height.
    pub template: Vec<[f32; 2]>,
    /// Mesh points that are laid on the template; without them the five landmarks are (eyes, nose, mouth).
    pub mesh_points: Option<Vec<usize>>,
    /// Whether the face and its mirror image are embedded and the two vectors added; costs a second pass.
    #[serde(default)]
    pub mirror: bool,
    /// The file.
    pub model: ModelFile,
}

/// Tells a live face from a picture of one: class scores, averaged over several networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liveness {
    /// The networks.
    #[serde(default)]
    pub networks: Vec<LivenessNetwork>,
    /// What the cues' measures mean; a cue that is not named is not used.
    #[serde(default)]
    pub cues: LivenessCues,
    /// What their evidence over a track means; without it the pack gives no passive liveness.
    pub decision: Option<LivenessDecision>,
}

/// Cues of passive liveness; the recognizer's `liveness` module says what each measures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LivenessCues {
    /// Mean probability of a live face by the pack's networks.
    pub network: Option<Calibration>,
    /// Motion of the face that no homography explains, in 48ths of the box.
    pub planarity: Option<Calibration>,
    /// Height of the strongest peak in the spectrum, as a natural logarithm.
    pub moire: Option<Calibration>,
    /// Strength of the weakest of the edges around the face, 0 to 1.
    pub bezel: Option<Calibration>,
}

/// From a measure to the probability of a live face: `1 / (1 + exp(-slope * (measure - middle)))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The measure that speaks neither for nor against.
    pub middle: f32,
    /// Positive where more speaks for a live face.
    pub slope: f32,
}

/// What passive liveness evidence, 0 to 1, means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LivenessDecision {
    /// From here on: a live person.
    pub live: f32,
    /// Up to here: a presentation attack. In between is doubt.
    pub spoof: f32,
    /// The measurement that they come from.
    pub measured: String,
}

/// One anti-spoofing network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LivenessNetwork {
    /// Name of the graph's output: one logit per class.
    pub output: String,
    /// Side of the square it looks at, in sides of the face's box.
    pub crop: f32,
    /// How many classes it tells apart.
    pub classes: usize,
    /// The class that means live, from 0.
    pub live_class: usize,
    /// The file.
    pub model: ModelFile,
}

impl Pack {
    /// Names the pack and whatever decides what an embedding looks like: two packs with the same id make
    /// comparable embeddings.
    pub fn id(&self) -> String {
        let mut embedder = self.embedder.clone();
        embedder.model.forget_origin();
        let mut parts = format!("{embedder:?}{}", self.detector.model.sha256);
        if let Some(mut landmarks) = self.landmarks.clone() {
            landmarks.model.forget_origin();
            parts.push_str(&format!("{landmarks:?}"));
        }
        format!("{}-{}", self.name, &crate::sha256_hex(parts.as_bytes())[..12])
    }

    /// Every point of the mesh that the pack names.
    pub fn mesh_points(&self) -> impl Iterator<Item = usize> {
        let named = self.landmarks.iter().flat_map(|mesh| {
            let eyes = mesh.left_eye.iter().chain(&mesh.right_eye);
            eyes.chain([&mesh.nose, &mesh.mouth_left, &mesh.mouth_right]).copied()
        });
        let pose = self.pose.iter().flat_map(PosePoints::all);
        named.chain(pose).chain(self.embedder.mesh_points.iter().flatten().copied())
    }

    /// The files with their roles.
    pub fn files(&self) -> Vec<(&'static str, &ModelFile)> {
        let mut files = vec![("detector", &self.detector.model), ("embedder", &self.embedder.model)];
        files.extend(self.landmarks.iter().map(|landmarks| ("landmarks", &landmarks.model)));
        let networks = self.liveness.iter().flat_map(|liveness| &liveness.networks);
        files.extend(networks.map(|network| ("liveness", &network.model)));
        files
    }
}
