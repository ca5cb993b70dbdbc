//! Packs are made from descriptions and folders; the descriptions that come with the product can be read.

use std::{fs, path::Path};

use models::{
    onnx::Builder,
    pack::{FILE_NAME, Written, load, parse},
    published::make,
    sha256_hex,
};

fn graph() -> Vec<u8> {
    let mut builder = Builder::new("copy");
    builder.input("input", &[1, 3, 8, 8]);
    builder.node("Identity", &["input"], "output", vec![]);
    builder.output("output", &[1, 3, 8, 8]);
    builder.finish()
}

/// A description of a pack whose files all are `graph()`.
fn describe(folder: &Path, sha256: &str) -> std::path::PathBuf {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
    let text = fs::read_to_string(packs.join("yunet-retail-0095.toml")).expect("a description");
    let mut table: toml::Table = text.parse().expect("toml");
    for role in ["detector", "embedder"] {
        let model = table[role]["model"].as_table_mut().expect("a model");
        model.insert("sha256".into(), sha256.into());
        model.insert("file".into(), format!("{role}.onnx").into());
        model.remove("url");
    }
    let path = folder.join("tiny.toml");
    fs::write(&path, table.to_string()).expect("a file");
    path
}

#[test]
fn files_are_known_by_their_hash_whatever_their_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, out) = (folder.path().join("from"), folder.path().join("out"));
    fs::create_dir(&from).expect("a folder");
    fs::write(from.join("any name.onnx"), graph()).expect("a file");
    let description = describe(folder.path(), &sha256_hex(&graph()));
    assert_eq!(make(&description, Some(&from), &out).expect("a pack"), Written::New);
    assert_eq!(make(&description, Some(&from), &out).expect("a pack"), Written::UpToDate);
    assert_eq!(fs::read(out.join("embedder.onnx")).expect("a file"), graph());
    load(&out).expect("a pack");
    // What is there already is not asked for again.
    assert_eq!(make(&description, None, &out).expect("a pack"), Written::UpToDate);
}

#[test]
fn nothing_is_written_when_a_file_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, out) = (folder.path().join("from"), folder.path().join("out"));
    fs::create_dir(&from).expect("a folder");
    fs::write(from.join("detector.onnx"), b"another file").expect("a file");
    let description = describe(folder.path(), &sha256_hex(&graph()));
    let error = format!("{:#}", make(&description, Some(&from), &out).expect_err("missing"));
    assert!(error.contains("detector.onnx") && error.contains(&sha256_hex(&graph())), "{error}");
    assert!(!out.exists());
}

#[test]
fn only_https_is_fetched() {
    let folder = tempfile::tempdir().expect("a folder");
    let description = describe(folder.path(), &sha256_hex(&graph()));
    let text = fs::read_to_string(&description).expect("a file");
    for url in ["http://example.org/a.onnx", "file:///etc/hostname", "-o/tmp/x"] {
        let wrong = text.replace("[detector.model]\n", &format!("[detector.model]\nurl = \"{url}\"\n"));
        fs::write(&description, wrong).expect("a file");
        let error =
            format!("{:#}", make(&description, None, &folder.path().join("out")).expect_err("refused"));
        assert!(error.contains("https://"), "{error}");
    }
}

#[test]
fn the_descriptions_that_come_along_can_be_read() {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
    let mut count = 0;
    for entry in fs::read_dir(packs).expect("descriptions") {
        let path = entry.expect("an entry").path();
        let pack = parse(&fs::read_to_string(&path).expect("text"), &path).expect("a description");
        assert_eq!(path.file_stem().and_then(|name| name.to_str()), Some(pack.name.as_str()));
        count += 1;
    }
    assert!(count >= 3, "{count} descriptions");
}

/// The published networks themselves, where they are at hand.
#[test]
fn the_published_networks_become_packs() {
    let shared = std::env::var_os("ATTENDANCE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), std::path::PathBuf::from);
    let from = shared.join("models");
    if !from.is_dir() {
        eprintln!("skipped: {} is missing", from.display());
        return;
    }
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
    for name in ["yunet-retail-0095", "yunet-retail-0095-minifasnet"] {
        let out = tempfile::tempdir().expect("a folder");
        make(&packs.join(format!("{name}.toml")), Some(&from), out.path()).expect("a pack");
        assert!(out.path().join(FILE_NAME).is_file());
        load(out.path()).expect("a pack");
    }
}
