//! Packs that do not fit are refused at the start, with the reason.

mod support;

use std::{fs, path::Path};

use recognizer::{config::Models, pool::Pool, startup};
use support::models;

/// A copy of the pack with `pack.toml` changed.
fn changed(models: &Models, folder: &Path, change: impl Fn(&str) -> String) -> Models {
    for entry in fs::read_dir(&models.pack).expect("the pack") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), folder.join(entry.file_name())).expect("a copy");
    }
    let path = folder.join("pack.toml");
    let text = fs::read_to_string(&path).expect("pack.toml");
    let other = change(&text);
    assert_ne!(text, other, "the change must change something");
    fs::write(&path, other).expect("pack.toml");
    Models { pack: folder.to_owned(), ort: models.ort.clone() }
}

/// What the workers say of a pack that reads well.
async fn failure(models: &Models) -> String {
    let pack = startup::open_pack(models).expect("readable");
    let environment = startup::open_runtime(&models.ort).expect("runtime");
    let (pool, failed) = Pool::start(&environment, pack.into(), 1);
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
    let folder = tempfile::tempdir().expect("folder");
    let wrong = changed(&models, folder.path(), |text| text.replace("width = 256", "width = 128"));
    let error = failure(&wrong).await;
    assert!(error.contains("detector.onnx") && error.contains("256"), "{error}");
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
fn a_missing_runtime_says_what_to_do() {
    let error =
        format!("{:#}", startup::open_runtime(Path::new("/nowhere/libonnxruntime.so")).expect_err("missing"));
    assert!(error.contains("/nowhere/libonnxruntime.so") && error.contains("RECOGNIZER_ORT"), "{error}");
}
