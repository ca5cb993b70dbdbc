//! What a tablet remembers over a restart, in the browser's own storage. Where that is closed it remembers nothing, and
//! everything else goes on.

use js_sys::Array;
use leptos::prelude::*;
use types::KioskView;
use uuid::Uuid;

use super::browser::{invoke, property};

const VIEW: &str = "kiosk-view";
const CLOCK: &str = "kiosk-clock";
const DEVICE: &str = "kiosk-device";
const SEQUENCE: &str = "kiosk-sequence";
const CAMERA: &str = "kiosk-camera";

/// What the server said last that this tablet is.
pub fn view() -> Option<KioskView> {
    serde_json::from_str(&read(VIEW)?).ok()
}

/// The same, to be remembered; `None` forgets it.
pub fn set_view(view: Option<&KioskView>) {
    write(VIEW, view.and_then(|view| serde_json::to_string(view).ok()).as_deref());
}

/// By how many milliseconds this tablet's clock is ahead of the server's.
pub fn clock_ahead_ms() -> i64 {
    read(CLOCK).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The same, to be remembered.
pub fn set_clock_ahead_ms(ahead_ms: i64) {
    write(CLOCK, Some(&ahead_ms.to_string()));
}

/// The id of this tablet, made at its first start.
pub fn device() -> Uuid {
    if let Some(known) = read(DEVICE).and_then(|text| text.parse().ok()) {
        return known;
    }
    let made = random_id();
    write(DEVICE, Some(&made.to_string()));
    made
}

/// The number of the last picture.
pub fn last_sequence() -> u64 {
    read(SEQUENCE).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The same, to be remembered.
pub fn set_last_sequence(sequence: u64) {
    write(SEQUENCE, Some(&sequence.to_string()));
}

/// The camera that was chosen.
pub fn camera() -> Option<String> {
    read(CAMERA)
}

/// The same, to be remembered.
pub fn set_camera(device: &str) {
    write(CAMERA, Some(device));
}

/// A new id. Pages that get a camera have the browser's own source of them; nil without one.
pub fn random_id() -> Uuid {
    let made =
        property(window().as_ref(), "crypto").and_then(|crypto| invoke(&crypto, "randomUUID", &Array::new()));
    made.and_then(|made| made.as_string()).and_then(|made| made.parse().ok()).unwrap_or_default()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

fn write(key: &str, value: Option<&str>) {
    if let Some(storage) = storage() {
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}
