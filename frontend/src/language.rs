//! The reader's language: the words of `locales/`, checked when the page is compiled.
//!
//! The language is settled once for as long as the page lives: choosing another one stores it and loads the page
//! again, so no text has to be able to change under its reader. [`say!`] gives the words.

use leptos::prelude::*;
use leptos_i18n::{Direction, Locale as _};

pub use words::i18n::Locale;

/// What `build.rs` makes of the words.
#[allow(missing_docs, unused)]
mod words {
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}

/// The key in the browser's storage; `theme.js` reads it too.
const KEY: &str = "language";

/// Words in the reader's language: `say!(people.title)` is a `&'static str`, `say!(people.found, count = 3)` a `String`.
macro_rules! say {
    ($($words:tt)*) => {
        leptos_i18n::td_string!($crate::language::current(), $($words)*)
    };
}
pub(crate) use say;

/// The languages, each by its own name.
pub const LANGUAGES: [(Locale, &str); 2] = [(Locale::en, "English"), (Locale::ar, "العربية")];

thread_local! {
    static CURRENT: Locale = settled();
}

/// The language of this page.
pub fn current() -> Locale {
    CURRENT.with(|locale| *locale)
}

/// Its tag (BCP 47).
pub fn tag() -> &'static str {
    current().as_str()
}

/// The tag for the browser's own formatting of dates and times: with the region that the reader's browser names, which
/// decides about 24 hours and the order of a date.
///
/// Digits are those that the API, exports and the page's own numbers have, and the calendar is the one by which the API
/// names days; some regions of Arabic would have others of both, and one table would then mix two kinds.
pub fn format_tag() -> String {
    let regional = browser_tags().into_iter().find(|tag| known(tag) == Some(current()));
    let tag = regional.unwrap_or_else(|| tag().to_owned());
    let plain = tag.split("-u-").next().unwrap_or_default();
    format!("{plain}-u-ca-gregory-nu-latn")
}

/// Whether one reads from right to left.
pub fn is_rtl() -> bool {
    current().direction() == Direction::RightToLeft
}

/// The stored choice; `None` follows the browser.
pub fn chosen() -> Option<Locale> {
    let stored = storage()?.get_item(KEY).ok()??;
    stored.parse().ok()
}

/// Stores the choice and loads the page again in that language.
pub fn choose(locale: Option<Locale>) {
    if let Some(storage) = storage() {
        let _ = match locale {
            Some(locale) => storage.set_item(KEY, locale.as_str()),
            None => storage.remove_item(KEY),
        };
    }
    // Fails only for a page that is being left.
    let _ = window().location().reload();
}

/// Tells the browser and screen readers the language and its direction.
pub fn show() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", tag());
        let _ = root.set_attribute("dir", if is_rtl() { "rtl" } else { "ltr" });
    }
}

/// The stored choice, or the first of the browser's languages that there are words for. Tests run without a browser,
/// in the first language.
fn settled() -> Locale {
    if cfg!(not(target_arch = "wasm32")) {
        return Locale::default();
    }
    chosen().or_else(|| browser_tags().iter().find_map(|tag| known(tag))).unwrap_or_default()
}

fn browser_tags() -> Vec<String> {
    window().navigator().languages().iter().filter_map(|tag| tag.as_string()).collect()
}

/// The language of a tag, whatever its region.
fn known(tag: &str) -> Option<Locale> {
    tag.split('-').next()?.to_ascii_lowercase().parse().ok()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
