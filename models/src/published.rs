//! Packs of networks that others publish: from a description to a pack.
//!
//! A description is a `pack.toml` (`models/packs/` holds some). Its files come from a folder, where they are known
//! by their hash and may have any name, or else from their URL. Nothing is written before every file has the hash
//! that the description states.

use std::{
    collections::HashMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    onnx,
    pack::{self, ModelFile, Written},
    sha256_hex,
};

/// Largest file of a pack, in bytes.
const MAX_FILE: u64 = 512 * 1024 * 1024;
/// Longest time that one file may take to arrive, in seconds.
const FETCH_SECONDS: &str = "900";

/// Makes the pack of `description` in the folder `out`, from what is there already, from the ONNX files in the
/// folder `from`, and from where the rest is published.
pub fn make(description: &Path, from: Option<&Path>, out: &Path) -> anyhow::Result<Written> {
    let text = fs::read_to_string(description)
        .with_context(|| format!("cannot read the description {}", description.display()))?;
    let pack = pack::parse(&text, description)?;
    let mut known = HashMap::new();
    for folder in from.into_iter().chain(out.is_dir().then_some(out)) {
        add_files(folder, &mut known)?;
    }
    let mut files: Vec<(&str, Vec<u8>)> = vec![];
    for (role, model) in pack.files() {
        if files.iter().any(|(name, _)| *name == model.file) {
            continue;
        }
        let bytes = obtain(model, &known, from).with_context(|| format!("{role} {}", model.file))?;
        onnx::inspect(&bytes).with_context(|| model.file.clone())?;
        files.push((&model.file, bytes));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let written = pack::write(out, &files, &text)?;
    pack::load(out)?;
    Ok(written)
}

/// The ONNX files of a folder by their hash.
fn add_files(folder: &Path, known: &mut HashMap<String, PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let is_onnx = path.extension().is_some_and(|extension| extension == "onnx");
        if is_onnx && fs::metadata(&path).is_ok_and(|about| about.is_file() && about.len() <= MAX_FILE) {
            known.insert(sha256_hex(&fs::read(&path)?), path);
        }
    }
    Ok(())
}

/// The file's bytes, of the right hash.
fn obtain(
    model: &ModelFile,
    known: &HashMap<String, PathBuf>,
    from: Option<&Path>,
) -> anyhow::Result<Vec<u8>> {
    let expected = model.sha256.to_lowercase();
    let (bytes, origin) = match (known.get(&expected), &model.url) {
        (Some(path), _) => (fs::read(path)?, path.display().to_string()),
        (None, Some(url)) => (fetch(url)?, url.clone()),
        (None, None) => {
            let looked = from.map_or("no folder was given".to_owned(), |folder| {
                format!("no .onnx file in {} has it", folder.display())
            });
            bail!(
                "nobody publishes this file as it is, and {looked}: make it (from: {}) so that its SHA-256 is \
                 {expected}, and name its folder with FROM=",
                model.source
            )
        }
    };
    let got = sha256_hex(&bytes);
    ensure!(
        got == expected,
        "{origin} has SHA-256 {got}, the description says {expected}; nothing is written"
    );
    Ok(bytes)
}

/// Fetches a file over https with the machine's curl, which knows its proxies and certificates.
fn fetch(url: &str) -> anyhow::Result<Vec<u8>> {
    let mut curl = Command::new("curl")
        .args(["--fail", "--location", "--silent", "--show-error", "--connect-timeout", "20"])
        .args(["--proto", "=https", "--proto-redir", "=https", "--max-time", FETCH_SECONDS, "--", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run curl")?;
    let mut bytes = vec![];
    if let Some(stdout) = curl.stdout.take() {
        // Dropping the pipe afterwards ends a curl that would send more.
        stdout.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    }
    let status = curl.wait()?;
    ensure!(bytes.len() as u64 <= MAX_FILE, "{url} is larger than {} MB", MAX_FILE / 1024 / 1024);
    ensure!(
        status.success(),
        "{url} cannot be fetched ({status}); where there is no internet, name a folder that has the file with FROM="
    );
    Ok(bytes)
}
