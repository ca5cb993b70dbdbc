//! What `pack::load` refuses, on packs made of a graph with one operation.

use std::{fs, path::Path};

use models::{
    onnx::{Builder, Graph, Model, Node, Tensor},
    pack::{
        AnchorGrid, Colour, Detector, DetectorDecode, Embedder, EyePoints, FORMAT, Input, Landmarks,
        Liveness, LivenessCues, LivenessDecision, Matching, ModelFile, Pack, PackError, PosePoints,
        QualityLimits, load,
    },
    sha256_hex,
};
use prost::Message as _;

fn graph() -> Vec<u8> {
    let mut builder = Builder::new("copy");
    builder.input("input", &[1, 3, 8, 8]);
    builder.node("Identity", &["input"], "output", vec![]);
    builder.output("output", &[1, 3, 8, 8]);
    builder.finish()
}

fn model(file: &str, bytes: &[u8]) -> ModelFile {
    ModelFile {
        file: file.into(),
        sha256: sha256_hex(bytes),
        source: "made for this test".into(),
        url: None,
        license: "MIT".into(),
        input: Input {
            name: "input".into(),
            width: 8,
            height: 8,
            colour: Colour::Rgb,
            mean: [0.0; 3],
            scale: 1.0,
        },
        golden: None,
    }
}

fn pack(model: ModelFile) -> Pack {
    Pack {
        format: FORMAT,
        name: "tiny".into(),
        title: "Tiny".into(),
        matching: Matching {
            threshold: 0.5,
            margin: 0.0,
            same_track: 0.4,
            measured: String::new(),
            operating_points: vec![],
        },
        quality: QualityLimits {
            min_eye_distance_px: 1.0,
            max_outside: 1.0,
            max_yaw: 1.0,
            pitch: [0.0, 1.0],
            max_roll_degrees: 90.0,
            min_sharpness: 0.0,
            brightness: [0.0, 255.0],
            measured: String::new(),
        },
        detector: Detector {
            decode: DetectorDecode::Blazeface { grids: vec![AnchorGrid { cells: 1, per_cell: 1 }] },
            min_score: 0.5,
            max_overlap: 0.3,
            smallest_face_px: None,
            model: model.clone(),
        },
        landmarks: None,
        pose: None,
        embedder: Embedder {
            dimensions: 4,
            output: "output".into(),
            template: vec![[0.5, 0.5]; 5],
            mesh_points: None,
            mirror: false,
            model,
        },
        liveness: None,
    }
}

fn landmarks(model: ModelFile) -> Landmarks {
    Landmarks {
        crop: 1.5,
        min_presence: 0.5,
        left_eye: vec![0],
        right_eye: vec![1],
        nose: 2,
        mouth_left: 3,
        mouth_right: 4,
        model,
    }
}

fn pose() -> PosePoints {
    let eye = EyePoints { corners: [0, 1], lids: vec![[2, 3]] };
    PosePoints { across: vec![[0, 1]], down: vec![[2, 3]], left_eye: eye.clone(), right_eye: eye }
}

/// Writes a pack with one file and loads it.
fn try_load(folder: &Path, pack: &Pack, bytes: &[u8]) -> Result<Pack, PackError> {
    fs::write(folder.join("copy.onnx"), bytes).expect("a file");
    fs::write(folder.join("pack.toml"), toml::to_string(pack).expect("toml")).expect("pack.toml");
    load(folder).map(|loaded| loaded.pack)
}

fn refusal(pack: &Pack, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    try_load(folder.path(), pack, bytes).expect_err("refused").to_string()
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = pack(model("copy.onnx", &graph()));
    assert_eq!(try_load(folder.path(), &written, &graph()).expect("a pack"), written);
}

#[test]
fn a_missing_pack_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = load(folder.path()).expect_err("missing").to_string();
    assert!(error.contains("pack.toml") && error.contains("make models"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = refusal(&pack(model("other.onnx", &graph())), &graph());
    assert!(error.contains("other.onnx"), "{error}");
}

#[test]
fn a_wrong_hash_is_refused() {
    let error = refusal(&pack(model("copy.onnx", b"something else")), &graph());
    assert!(error.contains("SHA-256"), "{error}");
}

#[test]
fn files_outside_the_folder_are_refused() {
    for name in ["../copy.onnx", "/etc/hostname", "sub/copy.onnx", "..", ""] {
        let error = refusal(&pack(model(name, &graph())), &graph());
        assert!(error.contains("plain file name"), "{name}: {error}");
    }
}

#[test]
fn links_that_lead_outside_are_refused() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("copy.onnx"), graph()).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link.onnx");
    std::os::unix::fs::symlink(outside.path().join("copy.onnx"), link).expect("a link");
    let error = try_load(folder.path(), &pack(model("link.onnx", &graph())), &graph());
    assert!(error.expect_err("refused").to_string().contains("plain file name"));
}

#[test]
fn external_data_and_foreign_operators_are_refused() {
    let tensor = Tensor { name: "w".into(), data_location: 1, ..Tensor::default() };
    let node = Node { op_type: "Run".into(), domain: "com.example".into(), ..Node::default() };
    let external = Graph { initializer: vec![tensor], ..Graph::default() };
    let foreign = Graph { node: vec![node], ..Graph::default() };
    for (graph, reason) in [(external, "another file"), (foreign, "com.example")] {
        let bytes = Model { graph: Some(graph), ..Model::default() }.encode_to_vec();
        let error = refusal(&pack(model("copy.onnx", &bytes)), &bytes);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn descriptions_that_cannot_be_are_refused() {
    let good = pack(model("copy.onnx", &graph()));
    type Change = fn(&mut Pack);
    let cases: [(Change, &str); 8] = [
        (|pack| pack.format = 2, "format 2"),
        (|pack| pack.embedder.template.truncate(4), "template"),
        (|pack| pack.embedder.mesh_points = Some(vec![1, 2, 3, 4, 5]), "landmarks"),
        (|pack| pack.pose = Some(pose()), "[pose] needs a [landmarks] model"),
        (
            |pack| {
                pack.landmarks = Some(landmarks(pack.embedder.model.clone()));
                pack.pose = Some(PosePoints { down: vec![], ..pose() });
            },
            "at least one pair",
        ),
        (
            |pack| {
                let decision = LivenessDecision { live: 0.4, spoof: 0.6, measured: String::new() };
                pack.liveness = Some(Liveness {
                    networks: vec![],
                    cues: LivenessCues::default(),
                    decision: Some(decision),
                });
            },
            "spoof 0.6 and live 0.4",
        ),
        (|pack| pack.detector.min_score = 1.5, "min_score"),
        (|pack| pack.embedder.model.input.width = 0, "out of range"),
    ];
    for (change, reason) in cases {
        let mut bad = good.clone();
        change(&mut bad);
        let error = refusal(&bad, &graph());
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn unknown_entries_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = toml::to_string(&pack(model("copy.onnx", &graph()))).expect("toml");
    fs::write(folder.path().join("copy.onnx"), graph()).expect("a file");
    fs::write(folder.path().join("pack.toml"), format!("emotion = \"happy\"\n{text}")).expect("pack.toml");
    assert!(load(folder.path()).expect_err("refused").to_string().contains("emotion"));
}
