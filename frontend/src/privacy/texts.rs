//! What people agree to: its versions, newest first, and a new one with how it will look.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{ConsentText, NewConsentText};

use crate::api::use_api;
use crate::clock::Style;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{
    Empty, Failed, Icon, Modal, ModalHead, Moment, Problem, SaveButton, Skeleton, TextField, When, icons,
    use_toasts,
};

/// The longest text.
const LONGEST: usize = 20_000;

/// The versions, and the way to a new one.
#[component]
pub fn ConsentTexts() -> impl IntoView {
    let api = use_api();
    let texts = Loader::<Vec<ConsentText>>::new();
    let read = Callback::new(move |()| texts.run(async move { Ok(api.consent_texts().await?.items) }));
    read.run(());
    let shown = RwSignal::new(None::<ConsentText>);
    let adding = RwSignal::new(false);
    view! {
        <section class="settings-part" aria-labelledby="consent-texts">
            <header class="section-head">
                <div>
                    <h3 id="consent-texts" class="part-title">{say!(privacy.texts_title)}</h3>
                    <p class="text-soft">{say!(privacy.texts_text)}</p>
                </div>
                <button type="button" class="btn" data-testid="consent-text-add" on:click=move |_| adding.set(true)>
                    <Icon icon=icons::Plus />
                    {say!(privacy.texts_add)}
                </button>
            </header>
            {move || match texts.get() {
                Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(texts) if texts.is_empty() => {
                    view! { <Empty icon=icons::Note title=say!(privacy.no_texts) text=say!(privacy.no_texts_text) /> }.into_any()
                }
                Load::Ready(texts) => view! { <Versions texts shown /> }.into_any(),
            }}
        </section>
        {move || {
            let on_close = Callback::new(move |()| shown.set(None));
            shown.get().map(|text| view! { <TextDialog text on_close /> })
        }}
        <When is=move || adding.get()>
            <AddDialog
                newest=texts.value().and_then(|texts| texts.into_iter().next())
                on_added=Callback::new(move |items: Vec<ConsentText>| {
                    texts.set(items);
                    adding.try_set(false);
                })
                on_close=Callback::new(move |()| adding.set(false))
            />
        </When>
    }
}

#[component]
fn Versions(texts: Vec<ConsentText>, shown: RwSignal<Option<ConsentText>>) -> impl IntoView {
    let row = move |(place, text): (usize, ConsentText)| {
        let (version, created_at) = (text.version.clone(), text.created_at);
        view! {
            <li class="row" data-testid="consent-text">
                <span class="min-w-0">
                    <button type="button" class="link" on:click=move |_| shown.set(Some(text.clone()))>{version}</button>
                    {(place == 0).then(|| view! { " " <span class="tag tag-known">{say!(privacy.asked_for)}</span> })}
                </span>
                <span class="note ms-auto"><Moment at=created_at style=Style::Full /></span>
            </li>
        }
    };
    view! { <ul class="rows">{texts.into_iter().enumerate().map(row).collect_view()}</ul> }
}

/// A version in full.
#[component]
pub fn TextDialog(
    /// The version.
    text: ConsentText,
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    let title = say!(privacy.text_named, version = text.version);
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="dialog-content dialog-scroll">
                <Paragraphs text=text.text />
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.close)}</button>
            </footer>
        </Modal>
    }
}

/// A text with its paragraphs; lines within one stay lines.
#[component]
pub fn Paragraphs(
    /// The text.
    text: String,
) -> impl IntoView {
    let paragraphs: Vec<String> =
        text.split("\n\n").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    view! {
        <div class="paragraphs" dir="auto">
            {paragraphs.into_iter().map(|part| view! { <p dir="auto">{part}</p> }).collect_view()}
        </div>
    }
}

#[component]
fn AddDialog(
    newest: Option<ConsentText>,
    on_added: Callback<Vec<ConsentText>>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let version = RwSignal::new(String::new());
    // A new version is mostly the one before with a few words changed.
    let text = RwSignal::new(newest.map(|newest| newest.text).unwrap_or_default());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let version_problem = RwSignal::new(None::<String>);
    let text_problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let request = NewConsentText {
            version: version.get_untracked().trim().to_owned(),
            text: text.get_untracked().trim().to_owned(),
        };
        version_problem.set(request.version.is_empty().then(|| say!(privacy.version_missing).to_owned()));
        text_problem.set(request.text.is_empty().then(|| say!(privacy.text_missing).to_owned()));
        if request.version.is_empty() || request.text.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.add_consent_text(&request).await {
                Ok(page) => {
                    toasts.show(say!(privacy.text_added));
                    on_added.try_run(page.items);
                }
                Err(failure) => {
                    let (of_version, of_text) = (failure.field("version"), failure.field("text"));
                    if of_version.is_none() && of_text.is_none() {
                        problem.try_set(Some(failure.message()));
                    }
                    version_problem.try_set(of_version);
                    text_problem.try_set(of_text);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Modal label=say!(privacy.texts_add) kind="sheet" on_close>
            <ModalHead title=say!(privacy.texts_add) on_close />
            <form id="consent-text-form" class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <TextField
                        id="text-version"
                        label=say!(privacy.text_version)
                        value=version
                        problem=version_problem
                        hint=say!(privacy.version_hint)
                        required=true
                    />
                    <div class="field">
                        <label class="label" for="text-body">{say!(privacy.text_body)}</label>
                        <textarea
                            id="text-body"
                            class="input"
                            rows="14"
                            dir="auto"
                            maxlength=LONGEST.to_string()
                            aria-required="true"
                            aria-invalid=move || text_problem.with(Option::is_some).then_some("true")
                            aria-describedby="text-body-note"
                            prop:value=text
                            on:input:target=move |event| text.set(event.target().value())
                        ></textarea>
                        <p id="text-body-note" class="note" class:problem=move || text_problem.with(Option::is_some)>
                            {move || text_problem.get().unwrap_or_else(|| say!(privacy.text_hint).to_owned())}
                        </p>
                    </div>
                    <Problem text=problem />
                </div>
                <section class="sheet-column" aria-labelledby="text-preview">
                    <h3 id="text-preview" class="label">{say!(privacy.preview)}</h3>
                    {move || view! { <Paragraphs text=text.get() /> }}
                </section>
            </form>
            <footer class="modal-foot">
                <p class="note me-auto">{say!(privacy.never_changed)}</p>
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(privacy.texts_save)
                    busy_words=say!(words.saving)
                    busy
                    form="consent-text-form"
                    testid="consent-text-save"
                />
            </footer>
        </Modal>
    }
}
