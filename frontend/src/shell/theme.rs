//! Light, dark, or as the system has it. `theme.js` sets the same attribute before the first paint.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

const KEY: &str = "theme";

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    /// The stored choice.
    pub fn chosen() -> Self {
        let stored = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        match stored.as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Stores and shows the choice. Where storage is closed it lasts until the page goes.
    pub fn choose(self) {
        if let Some(storage) = storage() {
            let _ = match self {
                Self::System => storage.remove_item(KEY),
                Self::Light => storage.set_item(KEY, "light"),
                Self::Dark => storage.set_item(KEY, "dark"),
            };
        }
        self.show();
    }

    /// Whether this is dark at the moment.
    pub fn is_dark(self) -> bool {
        match self {
            Self::Light => false,
            Self::Dark => true,
            Self::System => system_query().is_some_and(|query| query.matches()),
        }
    }

    fn show(self) {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", if self.is_dark() { "dark" } else { "light" });
        }
    }
}

/// Follows the system's change of mind for as long as the page lives.
pub fn follow_system() {
    Theme::chosen().show();
    if let Some(query) = system_query() {
        let changed = Closure::<dyn FnMut()>::new(|| Theme::chosen().show());
        let _ = query.add_event_listener_with_callback("change", changed.as_ref().unchecked_ref());
        changed.forget();
    }
}

fn system_query() -> Option<web_sys::MediaQueryList> {
    window().match_media("(prefers-color-scheme: dark)").ok().flatten()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
