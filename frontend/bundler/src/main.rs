//! Turns the compiled front end into the files that a browser loads.
//!
//! wasm-bindgen runs as a library, which spares every machine the long installation of its command. Each file
//! gets a hash of its content in its name, or in its folder's, and goes to `assets/`, so that a server may let browsers
//! keep it for ever; only `index.html` and the kiosk's worker keep their names. Files are written in the order of their references: a file names
//! another as `{{name}}`, and that one has its final name by then.
//!
//! Beside each file lies the same one compressed with Brotli (`.br`), which is what a browser is sent: a fifth
//! smaller than gzip, and worth its seconds since a file is compressed once and loaded often.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use brotli::CompressorWriter;
use clap::Parser;
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

/// The part of the program that a kiosk loads, and how the names of its other files begin.
const KIOSK: &str = "kiosk";
/// The kiosk's service worker, whose name stays: a browser looks for a new one under it.
const KIOSK_WORKER: &str = "kiosk-worker.js";
/// The page, whose name stays.
const PAGE: &str = "index.html";
/// What loads the parts of the program, as wasm-split names it.
const LOADER: &str = "__wasm_split.js";

/// Bundles the front end.
#[derive(Parser)]
struct Options {
    /// The compiled crate.
    #[arg(long)]
    wasm: PathBuf,
    /// The finished style sheet.
    #[arg(long)]
    css: PathBuf,
    /// The finished style sheet of the kiosk.
    #[arg(long)]
    kiosk_css: PathBuf,
    /// Folder of index.html and the other hand-written files.
    #[arg(long)]
    static_files: PathBuf,
    /// Folder to write; what is in it goes.
    #[arg(long)]
    out: PathBuf,
    /// Most kilobytes (1000 bytes) that the files of the first page may take as they are sent.
    #[arg(long, default_value_t = 300)]
    limit_kb: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let work = options.out.with_extension("part");
    remove_folder(&work)?;
    let mut bundle = Bundle::new(&work)?;

    let mut program = program(&options.wasm, &work)?;
    // Read from the loader's comments, before those go.
    let part = files_of_part(&program, KIOSK)?;
    for (name, content) in &mut program {
        if name.ends_with(".js") {
            *content = without_comments(content).with_context(|| format!("{name} cannot be made smaller"))?;
        }
    }
    bundle.add_program(&program)?;
    bundle.add("app.css", &read(&options.css)?)?;
    bundle.add("kiosk.css", &read(&options.kiosk_css)?)?;
    for name in ["kiosk-192.png", "kiosk-512.png"] {
        bundle.add(name, &read(&options.static_files.join(name))?)?;
    }
    for name in ["favicon.svg", "manifest.webmanifest", "kiosk.webmanifest", "theme.js", "boot.js"] {
        bundle.add_text(name, &options.static_files.join(name))?;
    }
    bundle.add_page(&options.static_files.join("index.html"))?;
    bundle.add_worker(&options.static_files.join(KIOSK_WORKER), |name| {
        !comes_later(name) || part.contains(name)
    })?;

    let sizes = bundle.finish();
    remove_folder(&options.out)?;
    fs::rename(&work, &options.out).with_context(|| format!("cannot move {}", work.display()))?;
    report(&sizes, options.limit_kb)
}

/// Splits the program into what every visit needs and the parts that are fetched when a page of theirs is opened, then
/// runs wasm-bindgen: all files by name. They name each other, so their names stay.
fn program(wasm: &Path, work: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = work.join("program");
    let main = work.join("frontend.wasm");
    let whole = read(wasm)?;
    let mut split = wasm_split_cli_support::Options::new(&whole);
    split.output_dir = &folder;
    split.main_out_path = &main;
    split.main_module = "./frontend.js";
    wasm_split_cli_support::transform(split)
        .map_err(|error| anyhow!("{} cannot be split: {error:#}", wasm.display()))?;
    Bindgen::new()
        .input_path(&main)
        .out_name("frontend")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .keep_lld_exports(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&folder)
        .with_context(|| format!("wasm-bindgen refused {}", wasm.display()))?;
    ensure!(
        !folder.join("snippets").exists(),
        "a dependency brings JavaScript snippets, which the bundler does not rename: add that first"
    );
    fs::remove_file(&main).with_context(|| format!("cannot remove {}", main.display()))?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let (name, content) = (entry.file_name().to_string_lossy().into_owned(), read(&entry.path())?);
        let content = if name.ends_with(".wasm") { without_names(&content)? } else { content };
        files.insert(name, content);
    }
    remove_folder(&folder)?;
    Ok(files)
}

/// A module without its custom sections, of which the names of its functions are half of what a part weighs.
fn without_names(module: &[u8]) -> Result<Vec<u8>> {
    let mut rest = wasm_encoder::Module::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let payload = payload?;
        let custom = matches!(payload, wasmparser::Payload::CustomSection(_));
        if let Some((id, range)) = payload.as_section().filter(|_| !custom) {
            let data = &module[usize::try_from(range.start)?..usize::try_from(range.end)?];
            rest.section(&wasm_encoder::RawSection { id, data });
        }
    }
    Ok(rest.finish())
}

/// A script without indentation and without the lines that are comments alone: a sixth of what the program's scripts
/// weigh as they are sent.
fn without_comments(script: &[u8]) -> Result<Vec<u8>> {
    let mut rest = String::new();
    let mut inside = false;
    for line in std::str::from_utf8(script)?.lines().map(str::trim) {
        if inside || line.starts_with("/*") {
            inside = !line.ends_with("*/");
            ensure!(!inside || !line.contains("*/"), "code follows a comment in its line: {line}");
        } else if !line.is_empty() && !line.starts_with("//") {
            // What stands in such a text may look like a comment, and its indentation counts.
            ensure!(line.matches('`').count().is_multiple_of(2), "a text goes over several lines: {line}");
            rest.push_str(line);
            rest.push('\n');
        }
    }
    Ok(rest.into_bytes())
}

/// Whether a file is fetched only when a page that needs it is opened.
fn comes_later(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    ["split_", "chunk_", KIOSK].iter().any(|beginning| file.starts_with(beginning))
}

/// The files that a part of the program loads: its own, and those that it shares with others. The loader names, in a
/// comment before each shared file, the parts that need it.
fn files_of_part(program: &BTreeMap<String, Vec<u8>>, part: &str) -> Result<BTreeSet<String>> {
    let loader = program.get(LOADER).with_context(|| format!("the program has no {LOADER}"))?;
    let own = format!("split_{part}.wasm");
    ensure!(program.contains_key(&own), "the program has no part {part}");
    let mut files = BTreeSet::from([own]);
    let mut needed = false;
    for line in std::str::from_utf8(loader)?.lines() {
        if let Some(parts) = line.strip_prefix("/* ").and_then(|line| line.strip_suffix(" */")) {
            needed = parts.split(", ").any(|name| name == part);
        }
        let named = line.split_once("./chunk_").and_then(|(_, rest)| rest.split_once(".wasm"));
        if let Some((number, _)) = named.filter(|_| needed) {
            files.insert(format!("chunk_{number}.wasm"));
        }
    }
    Ok(files)
}

fn short_hash(digest: Sha256) -> String {
    digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The files of one build, under construction.
struct Bundle<'a> {
    folder: &'a Path,
    /// Address by plain name, for references.
    addresses: BTreeMap<String, String>,
    /// Name, bytes, bytes as sent.
    sizes: Vec<(String, usize, usize)>,
}

impl<'a> Bundle<'a> {
    fn new(folder: &'a Path) -> Result<Self> {
        fs::create_dir_all(folder.join("assets"))
            .with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder, addresses: BTreeMap::new(), sizes: Vec::new() })
    }

    /// Writes files that name each other into `assets/program-hash/`, one hash over all of them.
    fn add_program(&mut self, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        let mut digest = Sha256::new();
        for (name, content) in files {
            digest.update(name);
            digest.update((content.len() as u64).to_le_bytes());
            digest.update(content);
        }
        let folder = format!("assets/program-{}", short_hash(digest));
        fs::create_dir_all(self.folder.join(&folder)).with_context(|| format!("cannot make {folder}"))?;
        for (name, content) in files {
            let address = format!("{folder}/{name}");
            self.write(&address, content)?;
            self.addresses.insert(name.clone(), format!("/{address}"));
        }
        Ok(())
    }

    /// Writes `content` as `assets/stem-hash.extension`.
    fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let hash = short_hash(Sha256::new_with_prefix(content));
        let (stem, extension) = name.split_once('.').context("a file without extension")?;
        let address = format!("assets/{stem}-{hash}.{extension}");
        self.write(&address, content)?;
        self.addresses.insert(name.to_owned(), format!("/{address}"));
        Ok(())
    }

    /// Adds a hand-written file with its references resolved.
    fn add_text(&mut self, name: &str, path: &Path) -> Result<()> {
        let text = self.resolve(path)?;
        self.add(name, text.as_bytes())
    }

    /// Writes the page itself, whose name stays.
    fn add_page(&mut self, path: &Path) -> Result<()> {
        let text = self.resolve(path)?;
        self.write(PAGE, text.as_bytes())
    }

    /// Writes the service worker, with the addresses of the files in it that `kept` says by their plain names, and a
    /// hash over those and the page.
    fn add_worker(&mut self, path: &Path, kept: impl Fn(&str) -> bool) -> Result<()> {
        let own = |name: &str| name.starts_with("kiosk.");
        let files: Vec<String> = self
            .addresses
            .iter()
            .filter(|(name, _)| kept(name) || own(name))
            .map(|(_, address)| format!("\"{address}\""))
            .collect();
        let list = format!("[{}]", files.join(", "));
        let build = short_hash(Sha256::new_with_prefix(&list).chain_update(read(&self.folder.join(PAGE))?));
        self.addresses.insert("kiosk files".to_owned(), list);
        self.addresses.insert("kiosk build".to_owned(), build);
        let text = self.resolve(path)?;
        self.write(KIOSK_WORKER, text.as_bytes())
    }

    fn resolve(&self, path: &Path) -> Result<String> {
        let mut text = String::from_utf8(read(path)?)?;
        for (name, address) in &self.addresses {
            text = text.replace(&format!("{{{{{name}}}}}"), address);
        }
        if let Some(at) = text.find("{{") {
            let rest: String = text[at..].chars().take(40).collect();
            bail!("{} names a file that is not there: {rest}", path.display());
        }
        Ok(text)
    }

    fn write(&mut self, address: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join(address);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        let small = compressed(content)?;
        if small.len() < content.len() {
            let path = self.folder.join(format!("{address}.br"));
            fs::write(&path, &small).with_context(|| format!("cannot write {}", path.display()))?;
        }
        self.sizes.push((address.to_owned(), content.len(), small.len().min(content.len())));
        Ok(())
    }

    fn finish(self) -> Vec<(String, usize, usize)> {
        self.sizes
    }
}

/// The best that Brotli can do: quality 11, a window of 4 MB.
fn compressed(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = CompressorWriter::new(Vec::new(), 1 << 16, 11, 22);
    encoder.write_all(content)?;
    encoder.flush()?;
    Ok(encoder.into_inner())
}

/// Prints every file's size and fails where the first page is above the limit.
fn report(sizes: &[(String, usize, usize)], limit_kb: usize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>10} {:>10}  file", "bytes", "brotli")?;
    for (name, plain, sent) in sizes {
        writeln!(out, "{plain:>10} {sent:>10}  {name}")?;
    }
    let (later, first): (Vec<_>, Vec<_>) = sizes.iter().partition(|(name, ..)| comes_later(name));
    let sum = |files: &[&(String, usize, usize)]| files.iter().map(|(_, _, sent)| sent).sum::<usize>();
    let (later, first) = (sum(&later), sum(&first));
    let kb = |bytes: usize| bytes as f64 / 1000.0;
    writeln!(out, "first {:.1} kB of at most {limit_kb} kB, later pages {:.1} kB", kb(first), kb(later))?;
    ensure!(first <= limit_kb * 1000, "the first page is sent as {first} bytes, more than {limit_kb} kB");
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_hashed_addresses() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("bundler-{}", std::process::id()));
        let page = folder.join("page.html");
        let mut bundle = Bundle::new(&folder)?;
        bundle.add("app.css", b"body{}")?;
        fs::write(&page, "<link href=\"{{app.css}}\">")?;
        let text = bundle.resolve(&page)?;
        assert!(text.starts_with("<link href=\"/assets/app-"), "{text}");
        fs::write(&page, "{{missing.js}}")?;
        assert!(bundle.resolve(&page).is_err());
        fs::write(&page, "<!doctype html>")?;
        bundle.add_page(&page)?;
        bundle.add("split_people.wasm", b"people")?;
        bundle.add("kiosk.css", b"main{}")?;
        fs::write(&page, "const FILES = {{kiosk files}}; // {{kiosk build}}")?;
        bundle.add_worker(&page, |name| !comes_later(name))?;
        let worker = fs::read_to_string(folder.join(KIOSK_WORKER))?;
        assert!(worker.contains("[\"/assets/app-") && worker.contains("\"/assets/kiosk-"), "{worker}");
        assert!(!worker.contains("people"), "{worker}");
        remove_folder(&folder)
    }

    #[test]
    fn scripts_lose_their_comments_and_nothing_else() -> Result<()> {
        let script = "/* people */\nconst a = `${1}`; // one\n\n  /**\n   * @returns {number}\n   */\n  \
            f() {\n    // why\n    return \"/* no comment */\" * 2\n  }\n";
        let small = "const a = `${1}`; // one\nf() {\nreturn \"/* no comment */\" * 2\n}\n";
        assert_eq!(without_comments(script.as_bytes())?, small.as_bytes());
        assert!(without_comments(b"const a = `\n  // text\n`;").is_err());
        assert!(without_comments(b"/* one */ f();").is_err());
        Ok(())
    }

    #[test]
    fn a_part_has_its_own_file_and_those_it_shares() -> Result<()> {
        let loader = "/* kiosk, people */\nconst __chunk_3 = fetch(new URL(\"./chunk_3.wasm\"))\n\
            /* people */\nconst __chunk_4 = fetch(new URL(\"./chunk_4.wasm\"))\n";
        let program =
            [(LOADER, loader), ("split_kiosk.wasm", ""), ("chunk_3.wasm", ""), ("chunk_4.wasm", "")];
        let mut program: BTreeMap<String, Vec<u8>> =
            program.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect();
        let files = files_of_part(&program, "kiosk")?;
        assert_eq!(files, BTreeSet::from(["chunk_3.wasm".to_owned(), "split_kiosk.wasm".to_owned()]));
        assert!(files_of_part(&program, "review").is_err());
        program.remove(LOADER);
        assert!(files_of_part(&program, "kiosk").is_err());
        Ok(())
    }
}
