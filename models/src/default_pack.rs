//! The default pack: which published files it is made of, and how.
//!
//! Both npm packages are MIT. `@vladmandic/human` carries Google's BlazeFace (256 pixels, "back camera") and
//! FaceMesh (468 points), `@vladmandic/face-api` carries dlib's face descriptor network in eight-bit numbers.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, bail};

use crate::{
    golden::{Golden, Samples, picture},
    graph::{self, Output},
    pack::{
        AnchorGrid, Colour, Detector, DetectorDecode, Embedder, FILE_NAME, FORMAT, Input, Landmarks,
        Matching, ModelFile, Pack, QualityLimits,
    },
    reference, resnet, sha256_hex, tfjs,
};

const HUMAN: &str = "@vladmandic/human";
const HUMAN_VERSION: &str = "3.3.6";
const FACE_API: &str = "@vladmandic/face-api";
const FACE_API_VERSION: &str = "1.7.15";

/// Largest share by which ONNX Runtime may differ from the reference evaluation; both add up in f32, in
/// different orders. Measured: below 2e-5.
const TOLERANCE: f32 = 1e-3;

/// A published network: a JSON file and the raw numbers beside it.
struct Published {
    package: &'static str,
    version: &'static str,
    json: &'static str,
    json_sha256: &'static str,
    raw: &'static str,
    raw_sha256: &'static str,
}

const BLAZEFACE: Published = Published {
    package: HUMAN,
    version: HUMAN_VERSION,
    json: "models/blazeface.json",
    json_sha256: "cd7bbfc078270572beb39f9e5ae67aadbd50b5e67cff37e6d4f6b3ea39312e5f",
    raw: "models/blazeface.bin",
    raw_sha256: "dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72",
};

const FACEMESH: Published = Published {
    package: HUMAN,
    version: HUMAN_VERSION,
    json: "models/facemesh.json",
    json_sha256: "b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7",
    raw: "models/facemesh.bin",
    raw_sha256: "3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b",
};

const FACE_RECOGNITION: Published = Published {
    package: FACE_API,
    version: FACE_API_VERSION,
    json: "model/face_recognition_model-weights_manifest.json",
    json_sha256: "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
    raw: "model/face_recognition_model.bin",
    raw_sha256: "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
};

impl Published {
    /// Both files, checked against the hashes above.
    fn read(&self, npm: &Path) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
        let package = npm.join("node_modules").join(self.package);
        let read = |name: &str, expected: &str| {
            let path = package.join(name);
            let bytes = fs::read(&path).with_context(|| {
                format!("cannot read {}; run `npm ci` in {} first", path.display(), npm.display())
            })?;
            let got = sha256_hex(&bytes);
            if got != expected {
                bail!("{} has SHA-256 {got}, expected {expected}", path.display());
            }
            Ok(bytes)
        };
        Ok((read(self.json, self.json_sha256)?, read(self.raw, self.raw_sha256)?))
    }

    fn source(&self) -> String {
        format!("npm {} {} {}", self.package, self.version, self.raw)
    }
}

/// Bytes of an ONNX file with its description.
struct Converted {
    model: ModelFile,
    bytes: Vec<u8>,
}

impl Converted {
    fn new(file: &str, from: &Published, input: Input, golden: Golden, bytes: Vec<u8>) -> Self {
        let model = ModelFile {
            file: file.into(),
            sha256: sha256_hex(&bytes),
            source: from.source(),
            license: "MIT".into(),
            input,
            golden: Some(golden),
        };
        Self { model, bytes }
    }
}

fn square_input(side: usize, mean: [f32; 3], scale: f32) -> Input {
    Input { name: "input".into(), width: side, height: side, colour: Colour::Rgb, mean, scale }
}

fn golden_input(input: &Input) -> reference::Array {
    let pixels = picture(input.width, input.height);
    reference::input(&pixels, input.width, input.height, input.mean, input.scale)
}

fn golden(outputs: impl IntoIterator<Item = (&'static str, Vec<f32>)>) -> Golden {
    let outputs = outputs.into_iter().map(|(name, values)| (name.to_owned(), Samples::of(&values)));
    Golden { tolerance: TOLERANCE, outputs: outputs.collect::<BTreeMap<_, _>>() }
}

/// The source's outputs, joined as [`graph::convert`] joins them.
fn reference_outputs(
    model: &tfjs::GraphModel,
    input: &Input,
    outputs: &[Output<'static>],
) -> anyhow::Result<Golden> {
    let image = golden_input(input);
    let mut joined = vec![];
    for output in outputs {
        let parts = reference::run_graph(model, &image, output.parts)?;
        joined.push((output.name, parts.into_iter().flat_map(|part| part.values).collect()));
    }
    Ok(golden(joined))
}

fn convert_graph(
    npm: &Path,
    from: &Published,
    file: &str,
    input: Input,
    outputs: &[Output<'static>],
) -> anyhow::Result<Converted> {
    let (json, raw) = from.read(npm)?;
    let model = tfjs::read_graph(&json, &raw).with_context(|| from.json.to_owned())?;
    let bytes = graph::convert(&model, file, outputs).with_context(|| from.json.to_owned())?;
    let golden = reference_outputs(&model, &input, outputs)?;
    Ok(Converted::new(file, from, input, golden, bytes))
}

fn detector(npm: &Path) -> anyhow::Result<Converted> {
    let outputs = [
        Output { name: "boxes", parts: &["Identity_2", "Identity_3"] },
        Output { name: "scores", parts: &["Identity", "Identity_1"] },
    ];
    let input = square_input(256, [127.5; 3], 1.0 / 127.5);
    convert_graph(npm, &BLAZEFACE, "detector.onnx", input, &outputs)
}

fn landmarks(npm: &Path) -> anyhow::Result<Converted> {
    let outputs = [
        Output { name: "mesh", parts: &["Identity_2"] },
        Output { name: "presence", parts: &["Identity_1"] },
    ];
    convert_graph(npm, &FACEMESH, "landmarks.onnx", square_input(192, [0.0; 3], 1.0 / 255.0), &outputs)
}

fn embedder(npm: &Path) -> anyhow::Result<Converted> {
    let (json, raw) = FACE_RECOGNITION.read(npm)?;
    let weights = tfjs::read_weights(&json, &raw)?;
    let bytes = resnet::convert(&weights)?;
    // Mean colour of dlib's training set; dlib divides by 256.
    let input = square_input(resnet::INPUT, [122.782, 117.001, 104.298], 1.0 / 256.0);
    let embedding = reference::run_resnet(&weights, &golden_input(&input))?;
    let golden = golden([("embedding", embedding)]);
    Ok(Converted::new("embedder.onnx", &FACE_RECOGNITION, input, golden, bytes))
}

/// dlib's mean face for its five-point model (`get_face_chip_details` in `image_transforms/interpolation.h`):
/// outer and inner corner of the left eye (as seen), inner and outer corner of the right eye, bottom of the
/// nose; as shares of a face without border.
const DLIB_MEAN_FACE: [[f32; 2]; 5] = [
    [0.120_575_06, 0.213_727_45],
    [0.334_085_06, 0.229_064_24],
    [0.646_060_5, 0.228_967_44],
    [0.859_567_46, 0.213_498_15],
    [0.490_112_3, 0.627_797_5],
];
/// Border that the descriptor network was trained with, as a share of the face.
const DLIB_PADDING: f32 = 0.25;
/// The same five places in FaceMesh's numbering.
const DLIB_MESH_POINTS: [usize; 5] = [33, 133, 362, 263, 2];

fn template() -> Vec<[f32; 2]> {
    let pad = |share: f32| (share + DLIB_PADDING) / (1.0 + 2.0 * DLIB_PADDING);
    DLIB_MEAN_FACE.iter().map(|point| point.map(pad)).collect()
}

/// Where the thresholds of [`describe`] come from; `docs/BENCHMARKS.md` has the whole table.
const MEASURED: &str = "recognizer evaluate on the 1,000 pairs of the LFW development test view (1,549 \
    pictures): threshold for a false match rate of at most 1e-4 over all 1,197,943 cross-identity pairs; it \
    refuses 18 % of the genuine pairs when one picture decides. Margin: with 361 people enrolled it takes wrong \
    names from 0.51 to 0.34 % and accepted strangers from 2.0 to 1.2 % (right names from 81.9 to 80.9 %). \
    same_track: a false match rate of about 2e-2.";

/// Where the quality limits come from.
const QUALITY_MEASURED: &str = "150 to 250 LFW pictures, as they are, blurred, darkened, brightened and halved, \
    against their own originals: an embedding is lost (below the threshold) from a blur of 3 pixels at an eye \
    distance of 42 on, from a mean brightness of 235 on, and not yet at an eye distance of 20 pixels. Turns of \
    about 32 degrees to the side and the outer 1 % of nose heights are refused.";

fn describe(detector: ModelFile, landmarks: ModelFile, embedder: ModelFile) -> Pack {
    Pack {
        format: FORMAT,
        name: "default".into(),
        title: "BlazeFace 256, FaceMesh 192, dlib ResNet 128".into(),
        matching: Matching { threshold: 0.94, margin: 0.01, same_track: 0.9, measured: MEASURED.into() },
        quality: QualityLimits {
            min_eye_distance_px: 20.0,
            max_outside: 0.15,
            max_yaw: 0.38,
            pitch: [0.32, 0.86],
            max_roll_degrees: 35.0,
            min_sharpness: 20.0,
            brightness: [30.0, 225.0],
            measured: QUALITY_MEASURED.into(),
        },
        detector: Detector {
            decode: DetectorDecode::Blazeface {
                grids: vec![AnchorGrid { cells: 16, per_cell: 2 }, AnchorGrid { cells: 8, per_cell: 6 }],
            },
            min_score: 0.6,
            max_overlap: 0.3,
            model: detector,
        },
        landmarks: Some(Landmarks {
            crop: 1.5,
            min_presence: 0.5,
            left_eye: vec![33, 133],
            right_eye: vec![362, 263],
            nose: 1,
            mouth_left: 61,
            mouth_right: 291,
            model: landmarks,
        }),
        embedder: Embedder {
            dimensions: resnet::DIMENSIONS,
            output: "embedding".into(),
            template: template(),
            mesh_points: Some(DLIB_MESH_POINTS.to_vec()),
            model: embedder,
        },
        liveness: None,
    }
}

/// What [`build`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Built {
    /// The folder already held exactly this pack.
    UpToDate,
    /// The pack was written.
    Written,
}

/// Makes the default pack in `out` from the npm packages below `npm`. Converting takes a second or two, so it
/// is done anew each time and compared with what is there: "up to date" is never a guess.
pub fn build(npm: &Path, out: &Path) -> anyhow::Result<Built> {
    let parts = [detector(npm)?, landmarks(npm)?, embedder(npm)?];
    for part in &parts {
        crate::onnx::inspect(&part.bytes).with_context(|| part.model.file.clone())?;
    }
    let [detector, landmarks, embedder] = parts.each_ref().map(|part| part.model.clone());
    let text = toml::to_string(&describe(detector, landmarks, embedder)).context("pack.toml")?;

    let mut files: Vec<(&str, &[u8])> =
        parts.iter().map(|part| (part.model.file.as_str(), part.bytes.as_slice())).collect();
    // The description comes last: a pack that was not written to its end has none that fits.
    files.push((FILE_NAME, text.as_bytes()));
    if files.iter().all(|(name, bytes)| fs::read(out.join(name)).is_ok_and(|old| old == *bytes)) {
        return Ok(Built::UpToDate);
    }
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    for (name, bytes) in files {
        write_whole(out, name, bytes)?;
    }
    Ok(Built::Written)
}

/// Writes beside the target and renames, so that nobody reads half a file.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};
    let target = folder.join(name);
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        // Temporary files are private; a pack holds nothing secret and may serve another user's recognizer.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(&target)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", target.display()))
}
