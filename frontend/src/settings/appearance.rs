//! Light, dark, or as the system has it; the language.

use leptos::prelude::*;

use crate::language::{self, LANGUAGES, say};
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
                <h2 class="section-title">{say!(settings.appearance)}</h2>
                <p class="note">{say!(settings.appearance_note)}</p>
            </div>
        </header>
        <fieldset class="choices">
            <legend class="sr-only">{say!(settings.theme)}</legend>
            {choice(Theme::System, say!(settings.theme_system), icons::System)}
            {choice(Theme::Light, say!(settings.theme_light), icons::Light)}
            {choice(Theme::Dark, say!(settings.theme_dark), icons::Dark)}
        </fieldset>
        <div class="field mt-6">
            <label class="label" for="language">{say!(settings.language)}</label>
            <select
                id="language"
                class="input"
                on:change:target=move |event| language::choose(event.target().value().parse().ok())
            >
                <option value="" selected=language::chosen().is_none()>{say!(settings.language_of_browser)}</option>
                {LANGUAGES
                    .map(|(locale, name)| {
                        view! {
                            <option
                                value=locale.to_string()
                                lang=locale.to_string()
                                selected=language::chosen() == Some(locale)
                            >
                                {name}
                            </option>
                        }
                    })
                    .into_iter()
                    .collect_view()}
            </select>
            <p class="note">{say!(settings.language_note)}</p>
        </div>
    }
}
