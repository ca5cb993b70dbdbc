//! A face of the queue that is somebody's who is enrolled already: who, and with which pictures.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use types::{ConsentGiven, EnrolFromReview, PersonId, PersonRef, PersonView, ReviewItem};

use super::enrol::{Chosen, FaceChoice};
use super::page::{Doing, Queue};
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::people::{ConsentCheck, Objections, Obstacle};
use crate::ui::{Avatar, Modal, ModalHead, SaveButton, When, use_toasts};

const SHOWN: u32 = 8;
const TYPING_PAUSE: Duration = Duration::from_millis(150);

/// Asks who it is and adds the pictures to them.
#[component]
pub fn NameDialog(item: ReviewItem, queue: Queue) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let chosen = Chosen::of(&item);
    let person = Loader::<PersonView>::new();
    let who = RwSignal::new(None::<PersonId>);
    let consent = RwSignal::new(false);
    let obstacle = Obstacle::new();
    let busy = RwSignal::new(false);
    let on_close = Callback::new(move |()| queue.doing.set(Doing::Nothing));
    // Whether consent is on record only the whole person tells.
    Effect::new(move |_| {
        if let Some(id) = who.get() {
            obstacle.clear();
            consent.set(false);
            person.reset();
            person.run(api.person(id));
        }
    });
    let known = move || person.value().filter(|person| Some(person.id) == who.get());
    let lacks_consent = Memo::new(move |_| known().is_some_and(|person| person.consent.is_none()));
    let suggested: Vec<PersonRef> =
        item.candidates.iter().map(|candidate| candidate.person.clone()).collect();
    let save = Callback::new(move |knowingly: bool| {
        obstacle.clear();
        let Some(person) = untrack(known) else { return };
        let agreed = !lacks_consent.get_untracked() || consent.get_untracked();
        if !agreed {
            obstacle.consent.set(Some(say!(review.consent_needed_of, name = person.name.clone())));
            return;
        }
        let request = EnrolFromReview {
            person_id: Some(person.id),
            consent: lacks_consent.get_untracked().then_some(ConsentGiven::Plain(true)),
            faces: chosen.ids(),
            ..EnrolFromReview::default()
        };
        let item = item.clone();
        busy.set(true);
        spawn_local(async move {
            match api.enrol(item.id, &request, knowingly).await {
                Ok(()) => {
                    toasts.show(say!(review.pictures_added, name = person.name));
                    queue.settled(&item);
                }
                Err(failure) => {
                    let shown = chosen.take(&failure);
                    obstacle.take(&failure, shown);
                    busy.try_set(false);
                }
            }
        });
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            save.run(false);
        }
    };
    view! {
        <Modal label=say!(review.who) kind="sheet" on_close>
            <ModalHead title=say!(review.who) on_close />
            <form id="review-name" class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <FaceChoice chosen />
                    <When is=move || lacks_consent.get()>
                        <ConsentCheck consent problem=obstacle.consent />
                    </When>
                </div>
                <div class="sheet-column">
                    <PersonChoice who suggested />
                </div>
            </form>
            <Objections obstacle save busy />
            <footer class="modal-foot">
                <p class="note me-auto">
                    {move || known().map(|person| say!(review.will_be, name = person.name))}
                </p>
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(review.add_pictures)
                    busy_words=say!(review.adding)
                    busy
                    disabled=Signal::derive(move || known().is_none() || chosen.count() == 0)
                    form="review-name"
                    testid="review-save"
                />
            </footer>
        </Modal>
    }
}

/// A search for one person; those most alike stand there before anything is typed.
#[component]
pub fn PersonChoice(who: RwSignal<Option<PersonId>>, suggested: Vec<PersonRef>) -> impl IntoView {
    let api = use_api();
    let alike = !suggested.is_empty();
    let query = RwSignal::new(String::new());
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let found = Loader::<Vec<PersonRef>>::new();
    let look_up = move || {
        let Some(text) = query.try_get_untracked().map(|text| text.trim().to_owned()) else { return };
        let suggested = suggested.clone();
        found.run(async move {
            if text.is_empty() && !suggested.is_empty() {
                return Ok(suggested);
            }
            let page = api.people(&text, false, SHOWN, None).await?;
            let named = |person: PersonView| PersonRef {
                id: person.id,
                photo: person.photos.first().map(|photo| photo.id),
                name: person.name,
            };
            Ok(page.items.into_iter().map(named).collect())
        });
    };
    look_up();
    let look_up = StoredValue::new(look_up);
    let typed = move |text: String| {
        query.set(text);
        if let Some(Some(timer)) = pause.try_update_value(Option::take) {
            timer.clear();
        }
        let later = move || {
            look_up.try_with_value(|look_up| look_up());
        };
        pause.set_value(set_timeout_with_handle(later, TYPING_PAUSE).ok());
    };
    let note = move || match found.get() {
        Load::Failed(failure) => failure.message(),
        Load::Ready(people) if people.is_empty() => say!(review.nobody_named).to_owned(),
        Load::Ready(_) if alike && query.with(|query| query.trim().is_empty()) => {
            say!(review.alike_first).to_owned()
        }
        _ => String::new(),
    };
    view! {
        <div class="field">
            <label class="label" for="review-who">{say!(words.person)}</label>
            <input
                id="review-who"
                class="input"
                type="search"
                placeholder=say!(review.name_or_number)
                autocomplete="off"
                data-testid="review-who"
                prop:value=query
                on:input:target=move |event| typed(event.target().value())
            />
            <p class="note" role="status">{note}</p>
        </div>
        <ul class="choice-list">
            {move || {
                found
                    .value()
                    .unwrap_or_default()
                    .into_iter()
                    .map(|person| {
                        let id = person.id;
                        view! {
                            <li>
                                <label class="choice-row">
                                    <input
                                        type="radio"
                                        name="review-person"
                                        prop:checked=move || who.get() == Some(id)
                                        on:change=move |_| who.set(Some(id))
                                    />
                                    <Avatar person=id name=person.name.clone() photo=person.photo size="avatar-sm" />
                                    <span class="min-w-0 truncate" title=person.name.clone()>{person.name.clone()}</span>
                                </label>
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
    }
}
