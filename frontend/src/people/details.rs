//! A person's fields, and their consent.

use leptos::{ev, prelude::*, task::spawn_local};
use types::PersonView;

use super::consent::ConsentSection;
use super::fields::{FormState, PersonFields};
use crate::api::use_api;
use crate::clock::Style;
use crate::draft::PersonDraft;
use crate::session::use_desk;
use crate::ui::{Moment, Problem, SaveButton, use_toasts};

#[component]
pub fn DetailsTab(person: PersonView, on_change: Callback<PersonView>) -> impl IntoView {
    let desk = use_desk();
    let draft = PersonDraft::of(&person);
    let content = if desk.is_admin() {
        view! { <EditForm person=person.clone() draft on_change /> }.into_any()
    } else {
        view! { <Facts draft /> }.into_any()
    };
    view! {
        <div class="panels">
            <section class="panel" aria-labelledby="details-title">
                <h2 id="details-title" class="section-title">"Details"</h2>
                {content}
                <p class="note">"Added " <Moment at=person.created_at style=Style::Full /></p>
            </section>
            <ConsentSection person on_change />
        </div>
    }
}

#[component]
fn EditForm(person: PersonView, draft: PersonDraft, on_change: Callback<PersonView>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let id = person.id;
    let before = StoredValue::new(draft.clone());
    let form = FormState::new(draft);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let changed = Memo::new(move |_| before.with_value(|before| form.draft() != *before));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let Some(draft) = form.checked().filter(|_| !busy.get_untracked()) else { return };
        let changes = before.with_value(|before| draft.changes_from(before));
        busy.set(true);
        spawn_local(async move {
            match api.update_person(id, &changes).await {
                Ok(person) => {
                    toasts.show("Saved");
                    on_change.run(person);
                }
                Err(failure) => {
                    if !form.take(&failure) {
                        problem.try_set(Some(failure.message()));
                    }
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <PersonFields form />
            <Problem text=problem />
            <SaveButton
                words="Save changes"
                busy_words="Saving…"
                busy
                disabled=Signal::derive(move || !changed.get())
                testid="person-save"
            />
        </form>
    }
}

#[component]
fn Facts(draft: PersonDraft) -> impl IntoView {
    let rows = [
        ("Name", draft.name),
        ("Staff or roll number", draft.external_id),
        ("E-mail", draft.email),
        ("Telephone", draft.phone),
        ("Department", draft.branch),
        ("Year", draft.year),
        ("Groups", draft.groups),
    ];
    view! {
        <dl class="facts">
            {rows
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(label, value)| {
                    view! {
                        <div>
                            <dt class="note">{label}</dt>
                            <dd>{value}</dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
    }
}
