//! Reading a pack, trusting nothing.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::{Detector, FILE_NAME, FORMAT, Input, LivenessDecision, LivenessNetwork, ModelFile, Pack};
use crate::onnx;

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
    let pack = parse(&text, &path)?;
    let folder = folder.canonicalize().map_err(|cause| PackError::Read { path, cause })?;
    for (_, model) in pack.files() {
        check_file(&folder, model)?;
    }
    Ok(LoadedPack { pack, folder })
}

/// Reads and checks the text of a `pack.toml`, not the files that it names; `path` is named in errors.
pub fn parse(text: &str, path: &Path) -> Result<Pack, PackError> {
    let pack: Pack = toml::from_str(text)
        .map_err(|cause| PackError::Parse { path: path.to_owned(), cause: Box::new(cause) })?;
    check(&pack).map_err(|what| PackError::Invalid { path: path.to_owned(), what })?;
    Ok(pack)
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
    pack.files().into_iter().try_for_each(|(role, model)| check_model(role, model))?;
    check_detector(&pack.detector)?;
    check_pose(pack)?;
    check_liveness(pack)
}

fn check_pose(pack: &Pack) -> Result<(), String> {
    let Some(pose) = &pack.pose else { return Ok(()) };
    if pack.landmarks.is_none() {
        return Err("[pose] needs a [landmarks] model".into());
    }
    let lids = [&pose.left_eye.lids, &pose.right_eye.lids];
    if [&pose.across, &pose.down].into_iter().chain(lids).any(Vec::is_empty) {
        return Err(
            "[pose] needs at least one pair of points across, down and for the lids of each eye".into()
        );
    }
    Ok(())
}

fn check_liveness(pack: &Pack) -> Result<(), String> {
    let Some(liveness) = &pack.liveness else { return Ok(()) };
    for LivenessNetwork { classes, live_class, model, .. } in &liveness.networks {
        if live_class >= classes {
            return Err(format!("{}: live_class must be less than its {classes} classes", model.file));
        }
    }
    if liveness.cues.network.is_some() && liveness.networks.is_empty() {
        return Err("liveness.cues.network needs [[liveness.networks]]".into());
    }
    match &liveness.decision {
        Some(LivenessDecision { live, spoof, .. }) if !(0.0 <= *spoof && spoof < live && *live <= 1.0) => {
            Err(format!(
                "liveness.decision has spoof {spoof} and live {live}; 0 ≤ spoof < live ≤ 1 must hold"
            ))
        }
        _ => Ok(()),
    }
}

fn check_model(role: &str, model: &ModelFile) -> Result<(), String> {
    let mut parts = Path::new(&model.file).components();
    if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
        return Err(outside(model));
    }
    if model.url.as_ref().is_some_and(|url| !url.starts_with("https://")) {
        return Err(format!("{role}: the url of {} must start with https://", model.file));
    }
    let Input { width, height, scale, .. } = model.input;
    if !(1..=4096).contains(&width) || !(1..=4096).contains(&height) || scale == 0.0 {
        return Err(format!("{role}: input {width}×{height} with scale {scale} is out of range"));
    }
    Ok(())
}

fn check_detector(detector: &Detector) -> Result<(), String> {
    let Input { width, height, .. } = detector.model.input;
    match detector.decode.granularity() {
        0 => return Err("detector.decode: a stride is 0 or none is given".into()),
        least if !width.is_multiple_of(least) || !height.is_multiple_of(least) => {
            return Err(format!("detector: input {width}×{height} must be a multiple of {least} each way"));
        }
        _ => {}
    }
    let smallest = detector.smallest_face();
    if !smallest.is_finite() || smallest <= 0.0 {
        return Err(format!("detector.smallest_face_px {smallest} must be more than 0"));
    }
    let shares = [detector.min_score, detector.max_overlap];
    if shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
        return Err("detector.min_score and detector.max_overlap must lie between 0 and 1".into());
    }
    Ok(())
}

fn outside(model: &ModelFile) -> String {
    format!("`{}` is not a plain file name inside the pack's folder", model.file)
}

fn check_file(folder: &Path, model: &ModelFile) -> Result<(), PackError> {
    let path = folder.join(&model.file);
    let real = path.canonicalize().map_err(|cause| PackError::Read { path: path.clone(), cause })?;
    if real.parent() != Some(folder) {
        return Err(PackError::Invalid { path: folder.join(FILE_NAME), what: outside(model) });
    }
    let bytes = fs::read(&real).map_err(|cause| PackError::Read { path: path.clone(), cause })?;
    let got = crate::sha256_hex(&bytes);
    if got != model.sha256.to_lowercase() {
        return Err(PackError::Hash { path, got, expected: model.sha256.clone() });
    }
    onnx::inspect(&bytes).map_err(|cause| PackError::Refused { path, cause })
}
