//! The sheet that adds a person.

use leptos::{ev, prelude::*, task::spawn_local};
use types::PersonRef;
use web_sys::FormData;

use super::consent::ConsentCheck;
use super::fields::{FormState, PersonFields};
use super::picker::{PhotoPicker, Picker};
use crate::api::{Failure, use_api};
use crate::arrivals::Arrivals;
use crate::draft::{MOST_PHOTOS, PersonDraft};
use crate::language::say;
use crate::session::fresh;
use crate::ui::{Icon, Modal, ModalHead, Problem, SaveButton, When, icons, use_toasts};

/// What stands against adding the person.
#[derive(Clone, Copy)]
pub struct Obstacle {
    /// In words, where no field is to blame.
    pub problem: RwSignal<Option<String>>,
    /// Somebody who has this face already.
    pub twin: RwSignal<Option<PersonRef>>,
    /// Photos came without consent.
    pub consent: RwSignal<Option<String>>,
}

impl Obstacle {
    /// Nothing.
    pub fn new() -> Self {
        Self { problem: RwSignal::new(None), twin: RwSignal::new(None), consent: RwSignal::new(None) }
    }

    /// Forgets what was said.
    pub fn clear(self) {
        self.problem.set(None);
        self.twin.set(None);
        self.consent.set(None);
    }

    /// Sorts a failure: `shown` says whether a field or a photo shows it already.
    pub fn take(self, failure: &Failure, shown: bool) {
        match failure.code() {
            types::codes::FACE_ALREADY_ENROLLED => {
                self.twin.try_set(failure.person());
                if failure.person().is_none() {
                    self.problem.try_set(Some(failure.message()));
                }
            }
            types::codes::CONSENT_REQUIRED => {
                self.consent.try_set(Some(failure.message()));
            }
            _ if shown => {}
            _ => {
                self.problem.try_set(Some(failure.message()));
            }
        }
    }
}

/// `on_close` is told whether somebody was added.
#[component]
pub fn AddSheet(on_close: Callback<bool>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let arrivals = expect_context::<Arrivals>();
    let form = FormState::new(PersonDraft::default());
    let picker = Picker::new(MOST_PHOTOS);
    let consent = RwSignal::new(false);
    let obstacle = Obstacle::new();
    let busy = RwSignal::new(false);
    let leaving = RwSignal::new(false);

    let save = Callback::new(move |knowingly: bool| {
        obstacle.clear();
        let agreed = untrack(|| picker.is_empty()) || consent.get_untracked();
        if !agreed {
            obstacle.consent.set(Some(say!(people.consent_needed).to_owned()));
        }
        let usable = !untrack(|| picker.has_refused());
        if !usable {
            obstacle.problem.set(Some(say!(people.remove_unusable).to_owned()));
        }
        let Some(draft) = form.checked().filter(|_| agreed && usable) else { return };
        let Some(body) = request(&draft, consent.get_untracked(), picker) else { return };
        busy.set(true);
        spawn_local(async move {
            match fresh(api, || api.create_person(&body, knowingly)).await {
                Ok(person) => {
                    toasts.show(say!(people.added, name = person.name));
                    arrivals.refresh_today();
                    on_close.run(true);
                }
                Err(failure) => {
                    let at_fields = form.take(&failure);
                    let at_photos = picker.take(&failure);
                    obstacle.take(&failure, at_fields || at_photos);
                    busy.try_set(false);
                }
            }
        });
    });
    let untouched =
        move || untrack(|| form.draft()) == PersonDraft::default() && untrack(|| picker.is_empty());
    let close = Callback::new(move |()| {
        if untouched() || leaving.get_untracked() {
            on_close.run(false);
        } else {
            leaving.set(true);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            save.run(false);
        }
    };
    view! {
        <Modal label=say!(people.add) kind="sheet" on_close=close>
            <ModalHead title=say!(people.add) on_close=close />
            <form id="add-person" class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <PersonFields form />
                </div>
                <div class="sheet-column">
                    <h3 class="label">{say!(people.photos)}</h3>
                    <PhotoPicker picker />
                    <ConsentCheck consent problem=obstacle.consent />
                </div>
            </form>
            <Objections obstacle save busy />
            <footer class="modal-foot">
                <When
                    is=move || leaving.get()
                    otherwise=move || {
                        view! {
                            <button type="button" class="btn" on:click=move |_| close.run(())>{say!(words.cancel)}</button>
                            <SaveButton words=say!(people.add) busy_words=say!(people.adding) busy form="add-person" testid="person-save" />
                        }
                    }
                >
                    <p class="me-auto font-medium" role="alert">{say!(people.discard_question)}</p>
                    <button type="button" class="btn" on:click=move |_| leaving.set(false)>{say!(people.keep_editing)}</button>
                    <button type="button" class="btn btn-danger" on:click=move |_| on_close.run(false)>{say!(words.discard)}</button>
                </When>
            </footer>
        </Modal>
    }
}

/// What stands against saving, with the way on.
#[component]
pub fn Objections(obstacle: Obstacle, save: Callback<bool>, busy: RwSignal<bool>) -> impl IntoView {
    view! {
        <div class="objections">
            <Problem text=obstacle.problem boxed=true />
            {move || {
                obstacle
                    .twin
                    .get()
                    .map(|twin| {
                        view! {
                            <div class="advice-box" role="alert">
                                <Icon icon=icons::Alert />
                                <p class="min-w-0 flex-1">
                                    {say!(people.face_of)} " "
                                    <a class="link" href=format!("/people/{}", twin.id)>{twin.name}</a>
                                    <span class="block">{say!(people.twins)}</span>
                                </p>
                                <button
                                    type="button"
                                    class="btn"
                                    disabled=busy
                                    on:click=move |_| save.run(true)
                                >
                                    {say!(people.enrol_anyway)}
                                </button>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

fn request(draft: &PersonDraft, consent: bool, picker: Picker) -> Option<FormData> {
    let form = FormData::new().ok()?;
    let person = serde_json::to_string(&draft.to_create(consent)).ok()?;
    form.append_with_str("person", &person).ok()?;
    picker.append_to(&form);
    Some(form)
}
