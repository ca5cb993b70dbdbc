//! A new person from the queue: the fields, consent, and which pictures to keep.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{EnrolFromReview, ReviewFaceId, ReviewItem, ReviewReason};

use super::item::FacePicture;
use super::page::{Doing, Queue};
use crate::api::{Failure, face_image, use_api};
use crate::arrivals::Arrivals;
use crate::draft::{MOST_PHOTOS, PersonDraft};
use crate::language::say;
use crate::people::{ConsentCheck, FormState, Objections, Obstacle, PersonFields};
use crate::ui::{Modal, ModalHead, SaveButton, use_toasts};

/// Which pictures of an item are chosen, and what is wrong with each.
#[derive(Clone, Copy)]
pub struct Chosen {
    item: StoredValue<ReviewItem>,
    faces: RwSignal<Vec<ReviewFaceId>>,
    problems: RwSignal<Vec<(ReviewFaceId, String)>>,
}

impl Chosen {
    /// All that are not held for pictures of somebody, as many as a person may have.
    pub fn of(item: &ReviewItem) -> Self {
        let live = item.faces.iter().filter(|face| face.why == ReviewReason::Unknown);
        let mut faces: Vec<_> = live.map(|face| face.id).take(MOST_PHOTOS).collect();
        if faces.is_empty() {
            faces = item.faces.iter().map(|face| face.id).take(MOST_PHOTOS).collect();
        }
        Self {
            item: StoredValue::new(item.clone()),
            faces: RwSignal::new(faces),
            problems: RwSignal::new(Vec::new()),
        }
    }

    /// How many are chosen.
    pub fn count(self) -> usize {
        self.faces.with(Vec::len)
    }

    /// The ids to send: none where all are chosen, which asks for those that are good enough.
    pub fn ids(self) -> Vec<ReviewFaceId> {
        let chosen = self.in_order();
        if chosen.len() == self.item.with_value(|item| item.faces.len()) { Vec::new() } else { chosen }
    }

    /// The chosen pictures, newest first, as the server numbers them.
    fn in_order(self) -> Vec<ReviewFaceId> {
        let all = self.item.with_value(|item| item.faces.iter().map(|face| face.id).collect::<Vec<_>>());
        self.faces.with_untracked(|faces| all.into_iter().filter(|id| faces.contains(id)).collect())
    }

    /// Shows what the server said of single pictures; true if it named one.
    pub fn take(self, failure: &Failure) -> bool {
        let named: Vec<_> = self
            .in_order()
            .into_iter()
            .enumerate()
            .filter_map(|(at, id)| failure.field(&format!("photo[{at}]")).map(|text| (id, text)))
            .collect();
        let any = !named.is_empty();
        self.problems.try_set(named);
        any
    }

    fn toggle(self, face: ReviewFaceId, on: bool) {
        self.faces.update(|faces| {
            faces.retain(|other| *other != face);
            if on {
                faces.push(face);
            }
        });
        self.problems.set(Vec::new());
    }
}

/// The pictures, each with a box to tick.
#[component]
pub fn FaceChoice(chosen: Chosen) -> impl IntoView {
    let item = chosen.item.get_value();
    let id = item.id;
    let card = move |face: types::ReviewFace| {
        let key = face.id;
        let problem = move || {
            chosen.problems.with(|problems| {
                problems.iter().find(|(other, _)| *other == key).map(|(_, text)| text.clone())
            })
        };
        let ticked = move || chosen.faces.with(|faces| faces.contains(&key));
        view! {
            <li>
                <label class="face-choice">
                    <input
                        type="checkbox"
                        prop:checked=ticked
                        disabled=move || { !ticked() && chosen.count() >= MOST_PHOTOS }
                        on:change:target=move |event| chosen.toggle(key, event.target().checked())
                    />
                    <FacePicture source=face_image(id, key) face />
                </label>
                <p class="note problem" role="alert">{problem}</p>
            </li>
        }
    };
    view! {
        <fieldset class="options">
            <legend class="label">{say!(review.pictures_to_keep)}</legend>
            <ul class="face-choices">{item.faces.into_iter().map(card).collect_view()}</ul>
            <p class="note">
                {say!(review.pictures_note, most = MOST_PHOTOS)}
            </p>
        </fieldset>
    }
}

/// The sheet that enrols an item as somebody new.
#[component]
pub fn EnrolSheet(item: ReviewItem, queue: Queue) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let arrivals = expect_context::<Arrivals>();
    let form = FormState::new(PersonDraft::default());
    let chosen = Chosen::of(&item);
    let consent = RwSignal::new(false);
    let obstacle = Obstacle::new();
    let busy = RwSignal::new(false);
    let on_close = Callback::new(move |()| queue.doing.set(Doing::Nothing));
    let save = Callback::new(move |knowingly: bool| {
        obstacle.clear();
        if !consent.get_untracked() {
            obstacle.consent.set(Some(say!(review.consent_needed).to_owned()));
        }
        let Some(draft) = form.checked().filter(|_| consent.get_untracked()) else { return };
        let request = EnrolFromReview {
            person: Some(draft.to_create(true)),
            faces: chosen.ids(),
            ..EnrolFromReview::default()
        };
        let item = item.clone();
        busy.set(true);
        spawn_local(async move {
            match api.enrol(item.id, &request, knowingly).await {
                Ok(()) => {
                    toasts.show(say!(review.added, name = draft.name.trim().to_owned()));
                    arrivals.refresh_today();
                    queue.settled(&item);
                }
                Err(failure) => {
                    let at_fields = form.take(&failure);
                    let at_faces = chosen.take(&failure);
                    obstacle.take(&failure, at_fields || at_faces);
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
        <Modal label=say!(review.new_person_title) kind="sheet" on_close>
            <ModalHead title=say!(review.new_person_title) on_close />
            <form id="review-enrol" class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <FaceChoice chosen />
                    <ConsentCheck consent problem=obstacle.consent />
                </div>
                <div class="sheet-column">
                    <PersonFields form />
                </div>
            </form>
            <Objections obstacle save busy />
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(review.add_person)
                    busy_words=say!(review.adding)
                    busy
                    disabled=Signal::derive(move || chosen.count() == 0)
                    form="review-enrol"
                    testid="review-save"
                />
            </footer>
        </Modal>
    }
}
