//! Keys that do something, whatever script the keyboard writes.

use leptos::ev::KeyboardEvent;

/// The pressed key in small letters; where it writes another script, the Latin letter that stands in its place.
pub fn letter(event: &KeyboardEvent) -> String {
    let key = event.key();
    if key.is_ascii() {
        return key.to_ascii_lowercase();
    }
    let place = event.code();
    match place.strip_prefix("Key") {
        Some(letter) => letter.to_ascii_lowercase(),
        None if place == "Slash" => "/".to_owned(),
        None => key,
    }
}
