//! Compiles the words of `locales/` (a folder for each language, a file for each part of the page) into the module
//! `i18n`. A key that one language lacks, or that takes other values there, is an error.

use std::error::Error;
use std::path::PathBuf;

use leptos_i18n_build::{Config, ParseOptions, TranslationsInfos};

const LOCALES: &str = "locales";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LOCALES}");
    let mut parts = Vec::new();
    for file in std::fs::read_dir(format!("{LOCALES}/en"))? {
        let path = file?.path();
        let name =
            path.file_stem().and_then(|name| name.to_str()).ok_or("a file of words has an odd name")?;
        parts.push(name.to_owned());
    }
    parts.sort();
    let config = Config::new("en")?
        .add_locale("ar")?
        .add_namespaces(parts)?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let words = TranslationsInfos::parse(config)?;
    words.emit_diagnostics();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    words.generate_i18n_module(out.join("i18n"))?;
    Ok(())
}
