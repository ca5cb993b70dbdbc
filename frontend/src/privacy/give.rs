//! Recording a consent: who gave it, when, to which text.

use chrono::{NaiveDate, TimeDelta};
use leptos::{ev, prelude::*, task::spawn_local};
use types::{ConsentDetail, ConsentGiven, ConsentText, PersonView, UpdatePerson};

use super::texts::Paragraphs;
use crate::api::{Failure, use_api};
use crate::calendar;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::{Desk, use_desk};
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

/// What is filled in about a consent.
#[derive(Clone, Copy)]
pub struct ConsentForm {
    given_by: RwSignal<String>,
    day: RwSignal<String>,
    version: RwSignal<String>,
    by_problem: RwSignal<Option<String>>,
    day_problem: RwSignal<Option<String>>,
}

impl ConsentForm {
    /// Given today to the newest text, by whom is open: who agrees for a pupil is seldom the pupil.
    pub fn new(texts: &[ConsentText]) -> Self {
        let version = texts.first().map(|text| text.version.clone()).unwrap_or_default();
        Self {
            given_by: RwSignal::new(String::new()),
            day: RwSignal::new(calendar::today(use_desk()).to_string()),
            version: RwSignal::new(version),
            by_problem: RwSignal::new(None),
            day_problem: RwSignal::new(None),
        }
    }

    /// The consent; none where something is missing, which the fields then say.
    pub fn read(self, desk: Desk) -> Option<ConsentGiven> {
        let today = calendar::today(desk);
        let given_by = self.given_by.get_untracked().trim().to_owned();
        let given_on = self.day.get_untracked().parse::<NaiveDate>().ok().filter(|day| *day <= today);
        self.by_problem.set(given_by.is_empty().then(|| say!(privacy.given_by_missing).to_owned()));
        self.day_problem.set(given_on.is_none().then(|| say!(privacy.given_on_wrong).to_owned()));
        let given_on = given_on.filter(|_| !given_by.is_empty())?;
        // Of a day before today only the day is known: noon stands for it.
        let at = if given_on == today {
            calendar::now()
        } else {
            calendar::first_moment(given_on, &desk.timezone()) + TimeDelta::hours(12)
        };
        let text_version = self.version.get_untracked();
        Some(match text_version.is_empty() {
            true => ConsentGiven::Plain(true),
            false => ConsentGiven::Detail(ConsentDetail { given_by, at, text_version }),
        })
    }

    /// Shows a failure at the fields that it names; false where it names none of them.
    fn takes(self, failure: &Failure) -> bool {
        let (by, at) = (failure.field("consent.given_by"), failure.field("consent.at"));
        let named = by.is_some() || at.is_some();
        self.by_problem.try_set(by);
        self.day_problem.try_set(at);
        named
    }
}

/// Its fields, with the text that was agreed to.
#[component]
pub fn ConsentFields(form: ConsentForm, texts: Vec<ConsentText>) -> impl IntoView {
    let choices: Vec<(String, String)> =
        texts.iter().map(|text| (text.version.clone(), text.version.clone())).collect();
    let texts = StoredValue::new(texts);
    let text = move || {
        let version = form.version.get();
        texts.with_value(|texts| {
            texts
                .iter()
                .find(|text| text.version == version)
                .map(|text| text.text.clone())
                .unwrap_or_default()
        })
    };
    view! {
        <TextField
            id="consent-by"
            label=say!(privacy.given_by)
            value=form.given_by
            problem=form.by_problem
            hint=say!(privacy.given_by_hint)
            required=true
        />
        <TextField
            id="consent-on"
            label=say!(privacy.given_on)
            value=form.day
            problem=form.day_problem
            kind="date"
            required=true
        />
        {(!choices.is_empty())
            .then(|| {
                view! {
                    <SelectField id="consent-version" label=say!(privacy.text_version) value=form.version choices />
                    <div class="consent-preview" tabindex="0" role="group" aria-label=say!(privacy.preview)>
                        {move || view! { <Paragraphs text=text() /> }}
                    </div>
                }
            })}
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
    let form = ConsentForm::new(&texts);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let id = person.id;
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let Some(consent) = form.read(desk).filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        spawn_local(async move {
            let changes = UpdatePerson { consent: Some(consent), ..UpdatePerson::default() };
            match api.update_person(id, &changes).await {
                Ok(person) => {
                    toasts.show(say!(privacy.was_given));
                    on_given.try_run(person);
                }
                Err(failure) => {
                    problem.try_set((!form.takes(&failure)).then(|| failure.message()));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form id="consent-form" class="dialog-content dialog-scroll" on:submit=submit novalidate>
            <ConsentFields form texts />
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
