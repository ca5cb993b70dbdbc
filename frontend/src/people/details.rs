//! A person's fields, and the groups they belong to.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{PersonId, PersonMembership, PersonView};

use super::fields::{FormState, PersonFields};
use crate::api::use_api;
use crate::calendar::{self, DayStyle};
use crate::checkin::MeansPanel;
use crate::clock::Style;
use crate::draft::PersonDraft;
use crate::language::say;
use crate::loading::{Load, Loader};
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
                <h2 id="details-title" class="section-title">{say!(words.details)}</h2>
                {content}
                <p class="note">{say!(people.added_on)} " " <Moment at=person.created_at style=Style::Full /></p>
            </section>
            <Memberships person=person.id />
            {desk.marks().then(|| view! { <MeansPanel person=person.clone() /> })}
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
                    toasts.show(say!(words.saved));
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
                words=say!(people.save_changes)
                busy_words=say!(words.saving)
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
        (say!(words.name), draft.name),
        (say!(people.number), draft.external_id),
        (say!(words.email), draft.email),
        (say!(people.phone), draft.phone),
        (say!(people.branch), draft.branch),
        (say!(words.year), draft.year),
        (say!(words.groups), draft.groups),
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

/// The groups a person belongs or belonged to, with their days.
#[component]
fn Memberships(person: PersonId) -> impl IntoView {
    let api = use_api();
    let held = Loader::<Vec<PersonMembership>>::new();
    held.run(async move { api.memberships_of(person).await.map(|page| page.items) });
    let row = |one: PersonMembership| {
        let short = |day| calendar::write(day, DayStyle::Medium);
        let last = one.until_day.and_then(|day| day.pred_opt());
        let when = match (one.from_day, last) {
            (Some(from), Some(last)) => say!(people.span, from = short(from), last = short(last)),
            (Some(from), None) => say!(people.since, from = short(from)),
            (None, Some(last)) => say!(people.until_last, last = short(last)),
            (None, None) => say!(people.always).to_owned(),
        };
        view! {
            <li class="aside-row" data-testid="membership">
                <a class="link" href=format!("/groups/{}", one.group.id)>{one.group.name}</a>
                <span class="note tabular">{when}</span>
            </li>
        }
    };
    view! {
        <section class="panel" aria-labelledby="memberships-title">
            <h2 id="memberships-title" class="section-title">{say!(words.groups)}</h2>
            {move || match held.get() {
                Load::Waiting => ().into_any(),
                Load::Failed(failure) => view! { <p class="problem" role="alert">{failure.message()}</p> }.into_any(),
                Load::Ready(held) if held.is_empty() => {
                    view! { <p class="text-soft">{say!(people.no_groups)}</p> }.into_any()
                }
                Load::Ready(held) => view! { <ul>{held.into_iter().map(row).collect_view()}</ul> }.into_any(),
            }}
        </section>
    }
}
