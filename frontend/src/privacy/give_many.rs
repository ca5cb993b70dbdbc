//! Recording one consent for many people, as it lies on paper for a class: each is stored by itself, and those that could
//! not be are named.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{ConsentText, PersonId, PersonView, UpdatePerson};

use super::give::{ConsentFields, ConsentForm};
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Failed, Icon, Modal, ModalHead, SaveButton, Skeleton, icons, use_toasts};

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Asking,
    /// So many are stored or were refused.
    Storing(usize),
    /// Who could not be stored, and why.
    Over(Vec<(String, String)>),
}

/// Asks what was agreed and records it for each.
#[component]
pub fn GiveManyDialog(
    /// Whose.
    people: Vec<(PersonId, String)>,
    /// Told of each person as they are then.
    on_given: Callback<PersonView>,
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let texts = Loader::<Vec<ConsentText>>::new();
    let read = Callback::new(move |()| texts.run(async move { Ok(api.consent_texts().await?.items) }));
    read.run(());
    let title = say!(privacy.give_many_title, count = people.len());
    let people = StoredValue::new(people);
    let stage = RwSignal::new(Stage::Asking);
    // What is being stored cannot be left half told.
    let leave = Callback::new(move |()| {
        if !matches!(stage.get_untracked(), Stage::Storing(_)) {
            on_close.run(());
        }
    });
    view! {
        <Modal label=title.clone() on_close=leave>
            <ModalHead title on_close=leave />
            {move || match texts.get() {
                Load::Waiting => view! { <div class="dialog-content"><Skeleton rows=3 /></div> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(texts) => view! { <ManyForm people texts stage on_given leave /> }.into_any(),
            }}
        </Modal>
    }
}

#[component]
fn ManyForm(
    people: StoredValue<Vec<(PersonId, String)>>,
    texts: Vec<ConsentText>,
    stage: RwSignal<Stage>,
    on_given: Callback<PersonView>,
    leave: Callback<()>,
) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let form = ConsentForm::new(&texts);
    let texts = StoredValue::new(texts);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let asking = stage.with_untracked(|stage| *stage == Stage::Asking);
        let Some(consent) = form.read(desk).filter(|_| asking) else { return };
        let people = people.get_value();
        stage.set(Stage::Storing(0));
        spawn_local(async move {
            let mut failed = Vec::new();
            let count = people.len();
            for (at, (id, name)) in people.into_iter().enumerate() {
                let changes = UpdatePerson { consent: Some(consent.clone()), ..UpdatePerson::default() };
                match api.update_person(id, &changes).await {
                    Ok(person) => {
                        on_given.try_run(person);
                    }
                    Err(failure) => failed.push((name, failure.message())),
                }
                stage.try_set(Stage::Storing(at + 1));
            }
            toasts.show(say!(privacy.given_many, count = count - failed.len()));
            let all = failed.is_empty();
            stage.try_set(Stage::Over(failed));
            if all {
                leave.try_run(());
            }
        });
    };
    let count = people.with_value(Vec::len);
    let close = move |_| leave.run(());
    move || {
        match stage.get() {
        Stage::Asking => view! {
            <form id="consents-form" class="dialog-content dialog-scroll" on:submit=submit novalidate>
                <ConsentFields form texts=texts.get_value() />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=close>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(privacy.give)
                    busy_words=say!(words.saving)
                    busy=Signal::stored(false)
                    form="consents-form"
                    testid="consents-save"
                />
            </footer>
        }
        .into_any(),
        Stage::Storing(done) => view! {
            <div class="dialog-content" role="status">
                <progress class="progress" max=count.to_string() prop:value=done as f64 aria-label=say!(words.saving)></progress>
                <p class="note tabular">{say!(imports.progress, done = done, total = count)}</p>
            </div>
        }
        .into_any(),
        Stage::Over(failed) => {
            let rows = failed.into_iter().map(|(name, why)| {
                view! {
                    <li>
                        <bdi class="font-medium">{name}</bdi>
                        <span class="note problem block">{why}</span>
                    </li>
                }
            });
            view! {
                <div class="dialog-content dialog-scroll" role="alert">
                    <p class="problem-box">
                        <Icon icon=icons::Alert />
                        <span>{say!(privacy.given_many_failed)}</span>
                    </p>
                    <ul class="erase-list">{rows.collect_view()}</ul>
                </div>
                <footer class="modal-foot">
                    <button type="button" class="btn btn-primary" on:click=close>{say!(words.close)}</button>
                </footer>
            }
            .into_any()
        }
    }
    }
}
