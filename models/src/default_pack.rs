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
        self, AnchorGrid, Calibration, Colour, Detector, DetectorDecode, Embedder, EyePoints, FORMAT, Input,
        Landmarks, Liveness, LivenessCues, LivenessDecision, Matching, ModelFile, OperatingPoint, Pack,
        PosePoints, QualityLimits, Written,
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
            url: None,
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

/// Where points of FaceMesh lie in the picture that dlib cuts for its descriptor network (five points, a border of a
/// quarter): the median over 1,544 LFW pictures, made symmetric. dlib's own five points are few and the mesh finds
/// them less surely than it finds the face as a whole; these thirteen (cheeks, chin, lids, lip, corners of the eyes)
/// were chosen, without looking at any embedding, to lay the picture where all 468 would: within 0.4 of its 150
/// pixels.
const TEMPLATE: [(usize, [f32; 2]); 13] = [
    (101, [0.3015, 0.4537]),
    (330, [0.6913, 0.4537]),
    (32, [0.3641, 0.8683]),
    (262, [0.6287, 0.8683]),
    (224, [0.2565, 0.2516]),
    (444, [0.7363, 0.2516]),
    (13, [0.4964, 0.6908]),
    (144, [0.292, 0.3265]),
    (373, [0.7008, 0.3265]),
    (206, [0.3144, 0.5879]),
    (426, [0.6785, 0.5879]),
    (173, [0.3895, 0.3073]),
    (398, [0.6033, 0.3073]),
];

/// FaceMesh's outer eye corners, temples and cheeks; forehead and chin; corners and lids of the eyes.
fn face_mesh_pose() -> PosePoints {
    PosePoints {
        across: vec![[33, 263], [127, 356], [234, 454], [54, 284]],
        down: vec![[10, 152]],
        left_eye: EyePoints { corners: [33, 133], lids: vec![[160, 144], [158, 153]] },
        right_eye: EyePoints { corners: [362, 263], lids: vec![[385, 380], [387, 373]] },
    }
}

/// Where the calibrations and thresholds of passive liveness come from.
const LIVENESS_MEASURED: &str = "recognizer/examples/liveness on the ten clips of five people against synthetic \
    replays of them (screen, print, phone); docs/BENCHMARKS.md has the table. Synthetic replays hold the traces that \
    the cues look for: real attacks may leave fewer.";

/// The cues that need no network of their own.
fn liveness() -> Liveness {
    let cue = |middle, slope| Some(Calibration { middle, slope });
    Liveness {
        networks: vec![],
        cues: LivenessCues {
            network: None,
            planarity: cue(0.350, 11.27),
            moire: cue(2.490, -6.55),
            bezel: cue(0.379, -8.81),
        },
        decision: Some(LivenessDecision { live: 0.5, spoof: 0.2, measured: LIVENESS_MEASURED.into() }),
    }
}

/// Where the thresholds of [`describe`] come from; `docs/BENCHMARKS.md` has the whole table.
const MEASURED: &str = "recognizer evaluate on the 1,000 pairs of the LFW development test view (1,549 pictures): \
    threshold for a false match rate of at most 1e-5 over all 1,197,943 cross-identity pairs, so that with 100 \
    people enrolled one stranger in 1,000 gets a name from a single picture; it refuses 29 % of the comparisons of \
    one person's single pictures. Margin: with 361 people enrolled it takes accepted strangers from 2.5 to 1.8 % at \
    a threshold of 0.941. same_track: a false match rate of about 2e-2.";

/// The same measurement at other rates.
const OPERATING_POINTS: [OperatingPoint; 5] = [
    OperatingPoint { threshold: 0.911, false_match_rate: 9.04e-3, false_non_match_rate: 0.0071 },
    OperatingPoint { threshold: 0.928, false_match_rate: 9.72e-4, false_non_match_rate: 0.0448 },
    OperatingPoint { threshold: 0.941, false_match_rate: 8.93e-5, false_non_match_rate: 0.1333 },
    OperatingPoint { threshold: 0.951, false_match_rate: 9.18e-6, false_non_match_rate: 0.2869 },
    OperatingPoint { threshold: 0.961, false_match_rate: 8.35e-7, false_non_match_rate: 0.5493 },
];

/// Where the quality limits come from.
const QUALITY_MEASURED: &str = "150 to 250 LFW pictures, as they are, blurred, darkened, brightened and halved, \
    against their own originals: an embedding is lost (scores below 0.94) from a blur of 3 pixels at an eye \
    distance of 42 on, from a mean brightness of 235 on, and not yet at an eye distance of 20 pixels. Turns of \
    about 32 degrees to the side and the outer 1 % of nose heights are refused.";

fn describe(detector: ModelFile, landmarks: ModelFile, embedder: ModelFile) -> Pack {
    Pack {
        format: FORMAT,
        name: "default".into(),
        title: "BlazeFace 256, FaceMesh 192, dlib ResNet 128".into(),
        matching: Matching {
            threshold: 0.951,
            margin: 0.01,
            same_track: 0.9,
            measured: MEASURED.into(),
            operating_points: OPERATING_POINTS.to_vec(),
        },
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
            // docs/BENCHMARKS.md, "Small faces by range": all are found at 28 pixels, 60 to 80 % at 14.
            smallest_face_px: Some(28.0),
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
        pose: Some(face_mesh_pose()),
        embedder: Embedder {
            dimensions: resnet::DIMENSIONS,
            output: "embedding".into(),
            template: TEMPLATE.map(|(_, place)| place).to_vec(),
            mesh_points: Some(TEMPLATE.map(|(point, _)| point).to_vec()),
            mirror: true,
            model: embedder,
        },
        liveness: Some(liveness()),
    }
}

/// Makes the default pack in `out` from the npm packages below `npm`. Converting takes a second or two, so it
/// is done anew each time and compared with what is there: "up to date" is never a guess.
pub fn build(npm: &Path, out: &Path) -> anyhow::Result<Written> {
    let parts = [detector(npm)?, landmarks(npm)?, embedder(npm)?];
    for part in &parts {
        crate::onnx::inspect(&part.bytes).with_context(|| part.model.file.clone())?;
    }
    let [detector, landmarks, embedder] = parts.each_ref().map(|part| part.model.clone());
    let text = toml::to_string(&describe(detector, landmarks, embedder)).context("pack.toml")?;

    let files: Vec<(&str, &[u8])> =
        parts.iter().map(|part| (part.model.file.as_str(), part.bytes.as_slice())).collect();
    pack::write(out, &files, &text)
}
