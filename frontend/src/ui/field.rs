//! Labelled inputs with their hint and their error.

use crate::language::say;
use leptos::prelude::*;

use super::{Icon, icons};

/// One line of text.
#[component]
pub fn TextField(
    /// Names the field in the page.
    id: &'static str,
    /// What to enter.
    #[prop(into)]
    label: String,
    /// The text.
    value: RwSignal<String>,
    /// What is wrong with it.
    #[prop(into, optional)]
    problem: Signal<Option<String>>,
    /// More about it.
    #[prop(into, optional)]
    hint: String,
    /// HTML input type.
    #[prop(default = "text")]
    kind: &'static str,
    /// HTML autocomplete token.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// HTML input mode.
    #[prop(default = "text")]
    inputmode: &'static str,
    /// Whether it may not stay empty.
    #[prop(optional)]
    required: bool,
    /// Names the field for tests.
    #[prop(optional)]
    testid: Option<&'static str>,
) -> impl IntoView {
    let note = format!("{id}-note");
    let described = note.clone();
    let has_hint = !hint.is_empty();
    view! {
        <div class="field">
            <label class="label" for=id>
                {label}
                {(!required).then(|| view! { <span class="optional">{say!(words.optional)}</span> })}
            </label>
            <input
                id=id
                class="input"
                type=kind
                autocomplete=autocomplete
                inputmode=inputmode
                data-testid=testid
                prop:value=value
                aria-required=required.then_some("true")
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=move || {
                    (has_hint || problem.with(Option::is_some)).then(|| described.clone())
                }
                on:input:target=move |event| value.set(event.target().value())
            />
            <p id=note class="note" class:problem=move || problem.with(Option::is_some)>
                {move || problem.get().unwrap_or_else(|| hint.clone())}
            </p>
        </div>
    }
}

/// One of a few.
#[component]
pub fn SelectField(
    /// Names the field in the page.
    id: &'static str,
    /// What to choose.
    #[prop(into)]
    label: String,
    /// The chosen value.
    value: RwSignal<String>,
    /// Value and words of each choice.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    /// More about it.
    #[prop(into, optional)]
    hint: String,
) -> impl IntoView {
    let note = format!("{id}-note");
    view! {
        <div class="field">
            <label class="label" for=id>{label}</label>
            <select
                id=id
                class="input"
                aria-describedby=note.clone()
                on:change:target=move |event| value.set(event.target().value())
            >
                {move || {
                    choices
                        .get()
                        .into_iter()
                        .map(|(key, words)| {
                            let chosen = key == value.get();
                            view! { <option value=key selected=chosen>{words}</option> }
                        })
                        .collect_view()
                }}
            </select>
            <p id=note class="note">{hint}</p>
        </div>
    }
}

/// What went wrong, in the colour for it; nothing while there is nothing.
#[component]
pub fn Problem(
    /// What went wrong.
    #[prop(into)]
    text: Signal<Option<String>>,
    /// Whether it stands in a box of its own.
    #[prop(optional)]
    boxed: bool,
) -> impl IntoView {
    view! {
        <p class=if boxed { "problem-box" } else { "problem" } role="alert">
            {boxed.then(|| view! { <Icon icon=icons::Alert /> })}
            <span>{text}</span>
        </p>
    }
}

/// The button that sends a form.
#[component]
pub fn SaveButton(
    /// What it does.
    words: &'static str,
    /// While it is being done.
    busy_words: &'static str,
    /// Whether it is being done.
    #[prop(into)]
    busy: Signal<bool>,
    /// Whether it cannot be done now.
    #[prop(into, optional)]
    disabled: Signal<bool>,
    /// The form, where the button stands outside of it.
    #[prop(optional)]
    form: Option<&'static str>,
    /// Names it for tests.
    #[prop(optional)]
    testid: Option<&'static str>,
    /// More classes.
    #[prop(default = "w-fit")]
    class: &'static str,
) -> impl IntoView {
    let class = format!("btn btn-primary {class}");
    let label = Signal::derive(move || if busy.get() { busy_words } else { words });
    let off = Signal::derive(move || busy.get() || disabled.get());
    view! {
        <button type="submit" form=form class=class data-testid=testid disabled=off>
            {label}
        </button>
    }
}
