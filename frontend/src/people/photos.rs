//! A person's photos with the verdict under each, and the way to add more.

use leptos::{prelude::*, task::spawn_local};
use types::{PersonView, PhotoView, QualityReason};
use web_sys::FormData;

use super::add::{Objections, Obstacle};
use super::picker::{PhotoPicker, Picker};
use crate::api::use_api;
use crate::clock::Style;
use crate::draft::MOST_PHOTOS;
use crate::language::say;
use crate::session::{fresh, use_desk};
use crate::ui::{Confirm, Empty, Icon, Modal, ModalHead, Moment, When, icons, use_toasts};

#[component]
pub fn PhotosTab(person: PersonView, on_change: Callback<PersonView>) -> impl IntoView {
    let desk = use_desk();
    let adding = RwSignal::new(false);
    let going = RwSignal::new(None::<PhotoView>);
    let consented = person.consent.is_some();
    let person = StoredValue::new(person);
    let photos = person.with_value(|person| person.photos.clone());
    let no_photos = photos.is_empty();
    let full = photos.len() >= MOST_PHOTOS;
    view! {
        <When is=move || desk.is_admin() && consented>
            <div class="toolbar">
                <button type="button" class="btn" disabled=full on:click=move |_| adding.set(true)>
                    <Icon icon=icons::AddPicture />
                    {say!(people.add_photos)}
                </button>
                <span class="note">
                    {if full {
                        say!(people.photos_full, most = MOST_PHOTOS)
                    } else {
                        say!(people.photos_hint, most = MOST_PHOTOS)
                    }}
                </span>
            </div>
        </When>
        {no_photos
            .then(|| {
                let text = match (desk.is_admin(), consented) {
                    (true, true) => say!(people.photos_none_text),
                    (true, false) => say!(people.photos_need_consent),
                    _ => say!(people.admin_adds),
                };
                view! { <Empty icon=icons::NoPicture title=say!(people.photos_none) text /> }
            })}
        <ul class="photo-grid">
            {photos
                .into_iter()
                .map(|photo| view! { <PhotoCard photo person going /> })
                .collect_view()}
        </ul>
        <When is=move || adding.get()>
            <AddPhotos person on_change on_close=Callback::new(move |()| adding.set(false)) />
        </When>
        <When is=move || going.with(Option::is_some)>
            <DeletePhoto person going on_change />
        </When>
    }
}

/// What is wrong with the face in a photo, and what to do.
fn advice(reason: QualityReason) -> &'static str {
    match reason {
        QualityReason::TooSmall => say!(people.face_too_small),
        QualityReason::CutOff => say!(people.face_cut_off),
        QualityReason::TurnedAway => say!(people.face_turned_away),
        QualityReason::Blurred => say!(people.face_blurred),
        QualityReason::TooDark => say!(people.face_too_dark),
        QualityReason::TooBright => say!(people.face_too_bright),
        QualityReason::Glare => say!(people.face_glare),
    }
}

#[component]
fn PhotoCard(
    photo: PhotoView,
    person: StoredValue<PersonView>,
    going: RwSignal<Option<PhotoView>>,
) -> impl IntoView {
    let desk = use_desk();
    let (id, name) = person.with_value(|person| (person.id, person.name.clone()));
    let verdicts = if photo.quality.ok {
        view! {
            <p class="verdict verdict-good">
                <Icon icon=icons::Good />
                <span>{say!(people.photo_good)}</span>
            </p>
        }
        .into_any()
    } else {
        photo
            .quality
            .reasons
            .iter()
            .map(|reason| {
                view! {
                    <p class="verdict verdict-bad">
                        <Icon icon=icons::Alert />
                        <span>{advice(*reason)}</span>
                    </p>
                }
            })
            .collect_view()
            .into_any()
    };
    let chosen = photo.clone();
    view! {
        <li class="photo-card">
            <img
                class="photo"
                src=format!("/api/v1/people/{id}/photos/{}", photo.id)
                alt=say!(people.photo_of, name = name)
                loading="lazy"
            />
            <div class="photo-note">
                {verdicts}
                <p class="note">{say!(people.added_on)} " " <Moment at=photo.created_at style=Style::Full /></p>
            </div>
            <When is=move || desk.is_admin()>
                {
                    let chosen = chosen.clone();
                    view! {
                        <button
                            type="button"
                            class="chip photo-delete"
                            aria-label=say!(people.delete_photo)
                            on:click=move |_| going.set(Some(chosen.clone()))
                        >
                            <Icon icon=icons::Delete />
                        </button>
                    }
                }
            </When>
        </li>
    }
}

#[component]
fn DeletePhoto(
    person: StoredValue<PersonView>,
    going: RwSignal<Option<PhotoView>>,
    on_change: Callback<PersonView>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let name = person.with_value(|person| person.name.clone());
    let delete = Callback::new(move |()| {
        let Some(photo) = going.get_untracked() else { return };
        busy.set(true);
        spawn_local(async move {
            let id = person.with_value(|person| person.id);
            match api.delete_photo(id, photo.id).await {
                Ok(()) => {
                    toasts.show(say!(people.photo_deleted));
                    going.try_set(None);
                    if let Ok(person) = api.person(id).await {
                        on_change.run(person);
                    }
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        <Confirm
            title=say!(people.delete_photo_title, name = name)
            text=say!(people.delete_photo_text)
            action=say!(people.delete_photo_action)
            busy
            problem
            on_confirm=delete
            on_close=Callback::new(move |()| going.set(None))
        />
    }
}

#[component]
fn AddPhotos(
    person: StoredValue<PersonView>,
    on_change: Callback<PersonView>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let picker = Picker::new(MOST_PHOTOS - person.with_value(|person| person.photos.len()).min(MOST_PHOTOS));
    let obstacle = Obstacle::new();
    let busy = RwSignal::new(false);
    let (id, name) = person.with_value(|person| (person.id, person.name.clone()));
    let save = Callback::new(move |knowingly: bool| {
        obstacle.clear();
        let Ok(form) = FormData::new() else { return };
        picker.append_to(&form);
        busy.set(true);
        spawn_local(async move {
            match fresh(api, || api.add_photos(id, &form, knowingly)).await {
                Ok(_) => {
                    toasts.show(say!(people.photos_added));
                    on_close.run(());
                    if let Ok(person) = api.person(id).await {
                        on_change.run(person);
                    }
                }
                Err(failure) => {
                    let shown = picker.take(&failure);
                    obstacle.take(&failure, shown);
                    busy.try_set(false);
                }
            }
        });
    });
    let title = say!(people.add_photos_of, name = name);
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="sheet-column">
                <PhotoPicker picker />
            </div>
            <Objections obstacle save busy />
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <button
                    type="button"
                    class="btn btn-primary"
                    disabled=move || busy.get() || picker.is_empty() || picker.has_refused()
                    on:click=move |_| save.run(false)
                >
                    {move || if busy.get() { say!(people.adding) } else { say!(people.add_photos) }}
                </button>
            </footer>
        </Modal>
    }
}
