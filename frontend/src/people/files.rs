//! Tables that the page itself makes, handed to the reader as files.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag};

use crate::api::ServedFile;
use crate::ui;

/// Saves a CSV file. It begins with a mark of its encoding, by which spreadsheets know it.
pub fn save_csv(text: &str, name: &str) {
    let parts = Array::of1(&JsValue::from_str(&format!("\u{feff}{text}")));
    let kind = BlobPropertyBag::new();
    kind.set_type("text/csv");
    if let Ok(content) = Blob::new_with_str_sequence_and_options(&parts, &kind) {
        ui::save(&ServedFile { name: name.to_owned(), content });
    }
}
