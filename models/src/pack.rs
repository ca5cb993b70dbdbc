//! The format of a model pack: a folder with `pack.toml` and the ONNX files that it names.
//!
//! Everything that is particular to a model stands in `pack.toml`, so that the recognizer runs any pack.
//! [`load`] trusts nothing: a file must lie in the pack's folder, have the hash that `pack.toml` states, keep
//! its numbers inside itself and use standard operators only.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{golden::Golden, onnx};

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
    /// SPDX expression.
    pub license: String,
    /// The picture it takes.
    pub input: Input,
    /// What it answers to the golden picture.
    pub golden: Option<Golden>,
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
    /// The file.
    pub model: ModelFile,
}

/// Tells a live face from a picture of one: class scores, averaged over several networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liveness {
    /// The networks.
    pub networks: Vec<LivenessNetwork>,
}

/// One anti-spoofing network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LivenessNetwork {
    /// Name of the graph's output: one logit per class.
    pub output: String,
    /// Side of the square it looks at, in sides of the face's box.
    pub crop: f32,
    /// The class that means live.
    pub live_class: usize,
    /// The file.
    pub model: ModelFile,
}

impl Pack {
    /// Names the pack and whatever decides what an embedding looks like: two packs with the same id make
    /// comparable embeddings.
    pub fn id(&self) -> String {
        let mut parts = format!("{:?}{:?}", self.embedder, self.detector.model.sha256);
        if let Some(landmarks) = &self.landmarks {
            parts.push_str(&format!("{landmarks:?}"));
        }
        format!("{}-{}", self.name, &crate::sha256_hex(parts.as_bytes())[..12])
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

/// Why a pack cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file cannot be read.
    #[error("{path}: {cause}. Make the pack with `make models`, or point RECOGNIZER_PACK at one")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// `pack.toml` is not what it should be.
    #[error("{path}: {cause}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: Box<toml::de::Error>,
    },
    /// `pack.toml` says something that cannot be.
    #[error("{path}: {what}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file is not the one that `pack.toml` describes.
    #[error("{path}: SHA-256 is {got}, pack.toml says {expected}; make the pack anew")]
    Hash {
        /// The file.
        path: PathBuf,
        /// What it is.
        got: String,
        /// What it should be.
        expected: String,
    },
    /// The ONNX file is not allowed.
    #[error("{path}: {cause}")]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: onnx::Refused,
    },
}

/// A pack whose files have been checked.
#[derive(Debug)]
pub struct LoadedPack {
    /// The description.
    pub pack: Pack,
    folder: PathBuf,
}

impl LoadedPack {
    /// Where one of the pack's files lies. [`load`] has checked it; ONNX Runtime reads it from there, because
    /// handing it the bytes costs each worker as much memory again.
    pub fn path(&self, model: &ModelFile) -> PathBuf {
        self.folder.join(&model.file)
    }
}

/// Reads and checks the pack in `folder`.
pub fn load(folder: &Path) -> Result<LoadedPack, PackError> {
    let path = folder.join(FILE_NAME);
    let text = fs::read_to_string(&path).map_err(|cause| PackError::Read { path: path.clone(), cause })?;
    let pack: Pack = toml::from_str(&text)
        .map_err(|cause| PackError::Parse { path: path.clone(), cause: Box::new(cause) })?;
    check(&pack).map_err(|what| PackError::Invalid { path: path.clone(), what })?;
    let folder = folder.canonicalize().map_err(|cause| PackError::Read { path, cause })?;
    for (_, model) in pack.files() {
        check_file(&folder, model)?;
    }
    Ok(LoadedPack { pack, folder })
}

fn check(pack: &Pack) -> Result<(), String> {
    if pack.format != FORMAT {
        return Err(format!("format {} is not {FORMAT}, the only one this version reads", pack.format));
    }
    let embedder = &pack.embedder;
    let points = embedder.mesh_points.as_ref().map_or(5, Vec::len);
    if embedder.template.len() != points || points < 2 {
        return Err(format!("embedder.template has {} points for {points}", embedder.template.len()));
    }
    if embedder.mesh_points.is_some() && pack.landmarks.is_none() {
        return Err("embedder.mesh_points needs a [landmarks] model".into());
    }
    if embedder.dimensions == 0 {
        return Err("embedder.dimensions is 0".into());
    }
    for (role, model) in pack.files() {
        let Input { width, height, scale, .. } = model.input;
        if !(1..=4096).contains(&width) || !(1..=4096).contains(&height) || scale == 0.0 {
            return Err(format!("{role}: input {width}×{height} with scale {scale} is out of range"));
        }
    }
    let shares = [pack.detector.min_score, pack.detector.max_overlap];
    if shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
        return Err("detector.min_score and detector.max_overlap must lie between 0 and 1".into());
    }
    Ok(())
}

fn check_file(folder: &Path, model: &ModelFile) -> Result<(), PackError> {
    let path = folder.join(&model.file);
    let outside = || PackError::Invalid {
        path: folder.join(FILE_NAME),
        what: format!("`{}` is not a plain file name inside the pack's folder", model.file),
    };
    let mut parts = Path::new(&model.file).components();
    if !matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(_)), None)) {
        return Err(outside());
    }
    let real = path.canonicalize().map_err(|cause| PackError::Read { path: path.clone(), cause })?;
    if real.parent() != Some(folder) {
        return Err(outside());
    }
    let bytes = fs::read(&real).map_err(|cause| PackError::Read { path: path.clone(), cause })?;
    let got = crate::sha256_hex(&bytes);
    if got != model.sha256.to_lowercase() {
        return Err(PackError::Hash { path, got, expected: model.sha256.clone() });
    }
    onnx::inspect(&bytes).map_err(|cause| PackError::Refused { path, cause })
}
