//! Keys on the screen, large enough for a finger, and the keyboard where there is one.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::language::say;

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter or digit, or a sign of numbers that name people.
    Letter(char),
    /// The last one goes.
    Back,
    /// It is complete.
    Enter,
    /// No, after all.
    Escape,
}

/// Digits as on a telephone, without the last row.
pub const DIGITS: &str = "123456789";
/// Letters and signs of numbers that name people.
pub const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._/";
/// The same in small letters: these numbers tell them apart.
pub const SMALL: &str = "abcdefghijklmnopqrstuvwxyz-._/";

/// A block of keys, each as large as the style sheet says.
#[component]
pub fn Keys(
    /// One key for each character.
    letters: &'static str,
    /// What was pressed.
    on_key: Callback<Key>,
) -> impl IntoView {
    letters
        .chars()
        .map(|letter| {
            view! {
                <button
                    type="button"
                    class="kiosk-key"
                    data-testid=format!("kiosk-key-{letter}")
                    on:mousedown=leave_focus
                    on:click=move |_| on_key.run(Key::Letter(letter))
                >
                    {letter.to_string()}
                </button>
            }
        })
        .collect_view()
}

/// The key that takes the last character away.
#[component]
pub fn BackKey(on_key: Callback<Key>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="kiosk-key kiosk-key-quiet"
            data-testid="kiosk-key-back"
            aria-label=say!(kiosk.delete_last)
            on:mousedown=leave_focus
            on:click=move |_| on_key.run(Key::Back)
        >
            <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
                <path d="M10 5a2 2 0 0 0-1.3.5L2.3 11.3a1 1 0 0 0 0 1.4l6.4 5.8A2 2 0 0 0 10 19h10a2 2 0 0 0 2-2V7a2 2 0 0 0-2-2zM12 9l6 6M18 9l-6 6" />
            </svg>
        </button>
    }
}

/// A key that is touched does not take the focus: Enter on a keyboard beside it would press it again.
fn leave_focus(event: ev::MouseEvent) {
    event.prevent_default();
}

/// Hears the keyboard for as long as its owner lives.
pub fn hear(on_key: Callback<Key>) {
    let handle = window_event_listener(ev::keydown, move |event| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || is_for_element(&event) {
            return;
        }
        if let Some(key) = key_of(&event.key()) {
            event.prevent_default();
            on_key.run(key);
        }
    });
    on_cleanup(move || handle.remove());
}

/// What a name of the keyboard stands for.
fn key_of(name: &str) -> Option<Key> {
    match name {
        "Backspace" => return Some(Key::Back),
        "Enter" => return Some(Key::Enter),
        "Escape" => return Some(Key::Escape),
        _ => {}
    }
    let mut letters = name.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    (letter.is_ascii_alphanumeric() || "-._/".contains(letter)).then_some(Key::Letter(letter))
}

/// Whether the key is a button's that has the focus, or a field's.
fn is_for_element(event: &web_sys::KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| match element.tag_name().as_str() {
        "BUTTON" => matches!(event.key().as_str(), "Enter" | " "),
        "INPUT" | "SELECT" => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyboard_has_the_keys_of_the_screen() {
        assert_eq!(key_of("7"), Some(Key::Letter('7')));
        assert_eq!(key_of("a"), Some(Key::Letter('a')));
        assert_eq!(key_of("-"), Some(Key::Letter('-')));
        assert_eq!(key_of("Enter"), Some(Key::Enter));
        for other in ["Tab", "F1", " ", "ä", "Shift", ""] {
            assert_eq!(key_of(other), None, "{other}");
        }
    }
}
