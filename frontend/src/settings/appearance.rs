//! Light, dark, or as the system has it.

use leptos::prelude::*;

use crate::shell::theme::Theme;
use crate::ui::{Icon, icons};

#[component]
pub fn AppearanceSection() -> impl IntoView {
    let chosen = RwSignal::new(Theme::chosen());
    let choice = move |theme: Theme, label: &'static str, icon| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="theme"
                    class="sr-only"
                    prop:checked=move || chosen.get() == theme
                    on:change=move |_| {
                        theme.choose();
                        chosen.set(theme);
                    }
                />
                <Icon icon />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">"Appearance"</h2>
                <p class="note">"Kept in this browser."</p>
            </div>
        </header>
        <fieldset class="choices">
            <legend class="sr-only">"Theme"</legend>
            {choice(Theme::System, "As the system", icons::System)}
            {choice(Theme::Light, "Light", icons::Light)}
            {choice(Theme::Dark, "Dark", icons::Dark)}
        </fieldset>
    }
}
