//! The words of both languages belong together. The build warns of a key that is missing; this finds words that were left
//! empty, values that were left out, plurals that lack a form and words that were never translated.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;

type Words = BTreeMap<String, String>;

const LOCALES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/locales");
/// The forms that each language's numbers take.
const ENGLISH: &[&str] = &["one", "other"];
const ARABIC: &[&str] = &["zero", "one", "two", "few", "many", "other"];
/// Names and abbreviations that are the same in every language.
const ALIKE: &[&str] =
    &["CSV", "PDF", "XLSX", "JSON", "ZIP", "PIN", "QR", "CPU", "ID", "URL", "OpenID Connect"];

/// A part's words by key, those of a plural under the key without its form.
fn read(language: &str, part: &str) -> Result<BTreeMap<String, Words>, Box<dyn Error>> {
    let text = fs::read_to_string(Path::new(LOCALES).join(language).join(part))?;
    let words: Words = serde_json::from_str(&text)?;
    let plural = |key: &str| -> Option<(String, String)> {
        let (base, form) = key.rsplit_once('_')?;
        let counted = ARABIC.contains(&form) && words.contains_key(&format!("{base}_other"));
        counted.then(|| (base.to_owned(), form.to_owned()))
    };
    let mut keys = BTreeMap::<String, Words>::new();
    for (key, text) in &words {
        let (base, form) = plural(key).unwrap_or((key.clone(), String::new()));
        keys.entry(base).or_default().insert(form, text.clone());
    }
    Ok(keys)
}

fn parts(language: &str) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let files = fs::read_dir(Path::new(LOCALES).join(language))?;
    files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned())).collect()
}

/// The values that a text takes; a form of a plural need not name its number.
fn values(texts: &Words) -> BTreeSet<String> {
    let inner = |text: &str| -> Vec<String> {
        let starts = text.split("{{").skip(1);
        starts.filter_map(|rest| rest.split_once("}}")).map(|(name, _)| name.trim().to_owned()).collect()
    };
    let counted = texts.keys().any(|form| !form.is_empty());
    let all = texts.values().flat_map(|text| inner(text));
    all.filter(|name| !(counted && name == "count")).collect()
}

fn forms(texts: &Words) -> Vec<&str> {
    texts.keys().map(String::as_str).collect()
}

fn is_left_english(english: &str, arabic: &str) -> bool {
    let letters: usize = english.chars().filter(char::is_ascii_alphabetic).count();
    let no_values = !english.contains("{{");
    english == arabic && no_values && letters > 1 && !ALIKE.contains(&english)
}

#[test]
fn both_languages_have_the_same_words() -> Result<(), Box<dyn Error>> {
    assert_eq!(parts("en")?, parts("ar")?);
    let mut faults = Vec::new();
    for part in parts("en")? {
        let (english, arabic) = (read("en", &part)?, read("ar", &part)?);
        let all: BTreeSet<&String> = english.keys().chain(arabic.keys()).collect();
        for key in all {
            let (Some(en), Some(ar)) = (english.get(key), arabic.get(key)) else {
                faults.push(format!("{part}: {key} is missing in one language"));
                continue;
            };
            let mut wrong = |what: &str| faults.push(format!("{part}: {key}: {what}"));
            let whole = |texts: &Words, wanted: &[&str]| {
                forms(texts) == [""] || wanted.iter().all(|form| texts.contains_key(*form))
            };
            if !whole(en, ENGLISH) || !whole(ar, ARABIC) {
                wrong("a form of the plural is missing");
            }
            if values(en) != values(ar) {
                wrong("the languages take other values");
            }
            if en.values().chain(ar.values()).any(|text| text.trim().is_empty()) {
                wrong("a text is empty");
            }
            if en.get("").zip(ar.get("")).is_some_and(|(en, ar)| is_left_english(en, ar)) {
                wrong("it is not translated");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[test]
fn what_is_wrong_is_seen() {
    let texts = |pairs: &[(&str, &str)]| -> Words {
        pairs.iter().map(|(form, text)| ((*form).to_owned(), (*text).to_owned())).collect()
    };
    assert_eq!(values(&texts(&[("", "{{ a }} of {{b}}")])), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    assert!(values(&texts(&[("one", "one"), ("other", "{{ count }}")])).is_empty());
    assert!(is_left_english("Save", "Save"));
    assert!(!is_left_english("CSV", "CSV") && !is_left_english("P", "P") && !is_left_english("Save", "حفظ"));
}
