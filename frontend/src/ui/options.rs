//! One of a few, each explained: the words help to choose.

use leptos::prelude::*;

use super::{Icon, icons};

/// A choice and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its value.
    pub key: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What it means and what it costs.
    pub text: &'static str,
    /// Why it cannot be chosen; `None` where it can.
    pub missing: Option<&'static str>,
}

/// Radio buttons with an explanation under each.
#[component]
pub fn OptionsField(
    /// Names the field in the page; its choices are `{id}-{key}`.
    id: &'static str,
    /// What to choose.
    label: &'static str,
    /// The chosen value.
    value: RwSignal<String>,
    /// The choices.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// What is wrong with the choice.
    #[prop(into)]
    problem: Signal<Option<String>>,
) -> impl IntoView {
    let option = move |choice: Choice| {
        let Choice { key, title, text, missing } = choice;
        let chosen = move || value.with(|value| value == key);
        // What was chosen before stays, even where it could not be chosen now.
        let off = missing.is_some() && !value.with_untracked(|value| value == key);
        view! {
            <label class="option" class:option-off=off>
                <input
                    type="radio"
                    name=id
                    data-testid=format!("{id}-{key}")
                    prop:checked=chosen
                    disabled=off
                    aria-describedby=format!("{id}-{key}-note")
                    on:change=move |_| value.set(key.to_owned())
                />
                <span class="min-w-0">
                    <span class="font-medium">{title}</span>
                    <span id=format!("{id}-{key}-note") class="note block">{text}</span>
                    {missing
                        .map(|why| {
                            view! {
                                <span class="option-missing">
                                    <Icon icon=icons::Alert />
                                    {why}
                                </span>
                            }
                        })}
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="options">
            <legend class="label">{label}</legend>
            {move || choices.get().into_iter().map(option).collect_view()}
            <p class="note problem" role="alert">{problem}</p>
        </fieldset>
    }
}
