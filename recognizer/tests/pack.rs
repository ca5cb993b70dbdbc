//! Packs that do not fit are refused at the start, with the reason.

mod support;

use std::{fs, path::Path};

use recognizer::{config::Models, pool::Pool, startup};
use support::{changed, models};

/// What the workers say of a pack that reads well.
async fn failure(models: &Models) -> String {
    let pack = startup::open_pack(models).expect("readable");
    let environment = startup::open_runtime(&models.ort).expect("runtime");
    let (pool, failed) = Pool::start(&environment, [pack].into(), 1);
    let error = failed.await.expect("the workers must fail");
    assert!(!pool.is_ready());
    error.to_string()
}

#[actix_web::test]
async fn a_golden_vector_that_does_not_match_keeps_it_from_being_ready() {
    let Some(models) = models() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let wrong = changed(&models, folder.path(), |text| {
        let (head, tail) = text.rsplit_once("values = [").expect("golden values");
        let (_, rest) = tail.split_once(',').expect("several values");
        format!("{head}values = [9.0,{rest}")
    });
    let error = failure(&wrong).await;
    assert!(error.contains("does not match its golden vector"), "{error}");
}

#[actix_web::test]
async fn an_unexpected_shape_is_named() {
    let Some(models) = models() else { return };
    let cases = [
        ("width = 256", "width = 128", "detector.onnx", "256"),
        ("per_cell = 6", "per_cell = 5", "detector.onnx", "`boxes`"),
        ("nose = 1\n", "nose = 468\n", "landmarks.onnx", "at least 1407"),
        ("dimensions = 128", "dimensions = 256", "embedder.onnx", "has 128 numbers"),
        ("output = \"embedding\"", "output = \"fc1\"", "embedder.onnx", "no output `fc1`"),
    ];
    for (is, should_not_be, file, reason) in cases {
        let folder = tempfile::tempdir().expect("folder");
        let wrong = changed(&models, folder.path(), |text| text.replacen(is, should_not_be, 1));
        let error = failure(&wrong).await;
        assert!(error.contains(file) && error.contains(reason), "{should_not_be}: {error}");
    }
}

#[test]
fn a_file_that_was_changed_is_refused() {
    let Some(models) = models() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let wrong = changed(&models, folder.path(), |text| format!("{text}\n"));
    let path = folder.path().join("detector.onnx");
    let mut bytes = fs::read(&path).expect("detector");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).expect("detector");
    let error = format!("{:#}", startup::open_pack(&wrong).expect_err("changed"));
    assert!(error.contains("SHA-256") && error.contains("detector.onnx"), "{error}");
}

#[test]
fn a_pack_that_is_named_twice_is_refused() {
    let Some(mut models) = models() else { return };
    models.packs.push(models.packs[0].clone());
    let error = startup::open_packs(&models).expect_err("twice").to_string();
    assert!(error.contains("twice") && error.contains("default-"), "{error}");
}

#[test]
fn a_missing_runtime_says_what_to_do() {
    let error =
        format!("{:#}", startup::open_runtime(Path::new("/nowhere/libonnxruntime.so")).expect_err("missing"));
    assert!(error.contains("/nowhere/libonnxruntime.so") && error.contains("RECOGNIZER_ORT"), "{error}");
}
