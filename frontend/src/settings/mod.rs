//! Settings.
use leptos::prelude::*;
#[component]
pub fn SettingsPage(section: String) -> impl IntoView {
    "Settings"
}
