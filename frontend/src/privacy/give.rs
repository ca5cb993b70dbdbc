//! Recording a consent: who gave it, when, to which text.

use chrono::{NaiveDate, TimeDelta};
use leptos::{ev, prelude::*, task::spawn_local};
use types::{ConsentDetail, ConsentGiven, ConsentText, PersonView, UpdatePerson};

use super::texts::Paragraphs;
use crate::api::use_api;
use crate::calendar;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{
    Failed, Modal, ModalHead, Problem, SaveButton, SelectField, Skeleton, TextField, use_toasts,
};

/// Asks what was agreed and records it.
#[component]
pub fn GiveDialog(
    /// Whose.
    person: PersonView,
    /// Told of the person as they are then.
    on_given: Callback<PersonView>,
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let texts = Loader::<Vec<ConsentText>>::new();
    let read = Callback::new(move |()| texts.run(async move { Ok(api.consent_texts().await?.items) }));
    read.run(());
    let title = say!(privacy.give_title, name = person.name.clone());
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            {move || match texts.get() {
                Load::Waiting => view! { <div class="dialog-content"><Skeleton rows=3 /></div> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(texts) => view! { <GiveForm person=person.clone() texts on_given on_close /> }.into_any(),
            }}
        </Modal>
    }
}

#[component]
fn GiveForm(
    person: PersonView,
    texts: Vec<ConsentText>,
    on_given: Callback<PersonView>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let today = calendar::today(desk);
    let given_by = RwSignal::new(person.name);
    let day = RwSignal::new(today.to_string());
    let version = RwSignal::new(texts.first().map(|text| text.version.clone()).unwrap_or_default());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let by_problem = RwSignal::new(None::<String>);
    let day_problem = RwSignal::new(None::<String>);
    let id = person.id;
    let choices: Vec<(String, String)> =
        texts.iter().map(|text| (text.version.clone(), text.version.clone())).collect();
    let has_texts = !texts.is_empty();
    let text = move || {
        let version = version.get();
        texts.iter().find(|text| text.version == version).map(|text| text.text.clone()).unwrap_or_default()
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let given_by = given_by.get_untracked().trim().to_owned();
        let given_on = day.get_untracked().parse::<NaiveDate>().ok().filter(|day| *day <= today);
        by_problem.set(given_by.is_empty().then(|| say!(privacy.given_by_missing).to_owned()));
        day_problem.set(given_on.is_none().then(|| say!(privacy.given_on_wrong).to_owned()));
        let (Some(given_on), false, false) = (given_on, given_by.is_empty(), busy.get_untracked()) else {
            return;
        };
        // Of a day before today only the day is known: noon stands for it.
        let at = if given_on == today {
            calendar::now()
        } else {
            calendar::first_moment(given_on, &desk.timezone()) + TimeDelta::hours(12)
        };
        let consent = if has_texts {
            ConsentGiven::Detail(ConsentDetail { given_by, at, text_version: version.get_untracked() })
        } else {
            ConsentGiven::Plain(true)
        };
        busy.set(true);
        spawn_local(async move {
            let changes = UpdatePerson { consent: Some(consent), ..UpdatePerson::default() };
            match api.update_person(id, &changes).await {
                Ok(person) => {
                    toasts.show(say!(privacy.was_given));
                    on_given.try_run(person);
                }
                Err(failure) => {
                    let (by, at) = (failure.field("consent.given_by"), failure.field("consent.at"));
                    if by.is_none() && at.is_none() {
                        problem.try_set(Some(failure.message()));
                    }
                    by_problem.try_set(by);
                    day_problem.try_set(at);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form id="consent-form" class="dialog-content" on:submit=submit novalidate>
            <TextField
                id="consent-by"
                label=say!(privacy.given_by)
                value=given_by
                problem=by_problem
                hint=say!(privacy.given_by_hint)
                required=true
            />
            <TextField id="consent-on" label=say!(privacy.given_on) value=day problem=day_problem kind="date" required=true />
            {has_texts
                .then(|| {
                    view! {
                        <SelectField id="consent-version" label=say!(privacy.text_version) value=version choices />
                        <div class="consent-preview" tabindex="0" role="group" aria-label=say!(privacy.preview)>
                            {move || view! { <Paragraphs text=text() /> }}
                        </div>
                    }
                })}
            <Problem text=problem />
        </form>
        <footer class="modal-foot">
            <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
            <SaveButton
                words=say!(privacy.give)
                busy_words=say!(words.saving)
                busy
                form="consent-form"
                testid="consent-save"
            />
        </footer>
    }
}
