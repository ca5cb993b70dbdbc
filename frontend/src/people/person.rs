//! One person: header and tabs.

use leptos::{prelude::*, task::spawn_local};
use types::{PersonId, PersonView, UpdatePerson};

use super::calendar::CalendarTab;
use super::details::DetailsTab;
use super::photos::PhotosTab;
use super::timeline::TimelineTab;
use crate::api::use_api;
use crate::arrivals::Arrivals;
use crate::loading::{Load, Loader};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Ago, Avatar, Confirm, Empty, Failed, Icon, Skeleton, When, icons, use_toasts};

const TABS: [(&str, &str); 4] =
    [("timeline", "Timeline"), ("calendar", "Calendar"), ("photos", "Photos"), ("details", "Details")];

/// The page of one person.
#[component]
pub fn PersonPage(id: PersonId) -> impl IntoView {
    let api = use_api();
    let person = Loader::<PersonView>::new();
    let read = Callback::new(move |()| person.run(api.person(id)));
    read.run(());
    // The header and the tabs show different parts; the tabs are made anew only when theirs changed.
    view! {
        <div class="content">
            {move || match person.get() {
                Load::Waiting => view! { <Skeleton rows=6 /> }.into_any(),
                Load::Failed(failure) if failure.code() == types::codes::NOT_FOUND => {
                    view! {
                        <Empty
                            icon=icons::Person
                            title="There is no such person"
                            text="They may have been deleted."
                        >
                            <a class="btn" href="/people">"Go to People"</a>
                        </Empty>
                    }
                        .into_any()
                }
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(shown) => view! { <Person shown person /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Person(shown: PersonView, person: Loader<PersonView>) -> impl IntoView {
    let router = use_router();
    let id = shown.id;
    let tab = Memo::new(move |_| {
        router.query.with(|query| {
            let wanted = query.strip_prefix("?tab=").unwrap_or_default();
            TABS.iter().map(|(key, _)| *key).find(|key| *key == wanted).unwrap_or(TABS[0].0)
        })
    });
    let on_change = Callback::new(move |changed: PersonView| person.set(changed));
    let body = shown.clone();
    view! {
        <PersonHead person=shown on_change />
        <nav class="tabs" aria-label="Parts of this page">
            {TABS
                .iter()
                .map(|(key, label)| {
                    view! {
                        <a
                            class="tab"
                            href=format!("/people/{id}?tab={key}")
                            aria-current=move || (tab.get() == *key).then_some("page")
                        >
                            {*label}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
        {move || match tab.get() {
            "photos" => view! { <PhotosTab person=body.clone() on_change /> }.into_any(),
            "details" => view! { <DetailsTab person=body.clone() on_change /> }.into_any(),
            "calendar" => view! { <CalendarTab person=id /> }.into_any(),
            _ => view! { <TimelineTab person=id /> }.into_any(),
        }}
    }
}

#[component]
fn PersonHead(person: PersonView, on_change: Callback<PersonView>) -> impl IntoView {
    let desk = use_desk();
    let shown = person.clone();
    view! {
        <a class="crumb" href="/people">"People"</a>
        <header class="person-head">
            <Avatar
                person=person.id
                name=person.name.clone()
                photo=person.photos.first().map(|photo| photo.id)
                size="avatar-lg"
            />
            <div class="person-main">
                <h1 class="person-name">{person.name}</h1>
                <p class="person-facts">
                    <span class="tabular">{person.external_id}</span>
                    {person.branch.map(|branch| view! { <span>{branch}</span> })}
                    {person.year.map(|year| view! { <span>"Year " {year}</span> })}
                    {match person.last_seen {
                        Some(at) => view! { <span>"Seen " <Ago at /></span> }.into_any(),
                        None => view! { <span>"Never seen"</span> }.into_any(),
                    }}
                </p>
                <p class="tags">
                    {person
                        .archived_at
                        .map(|_| view! { <span class="tag tag-uncertain">"Archived, not recognised"</span> })}
                    {person
                        .photos
                        .is_empty()
                        .then(|| view! { <span class="tag tag-uncertain">"No photo, not recognised"</span> })}
                    {person
                        .groups
                        .into_iter()
                        .map(|group| view! { <span class="tag truncate">{group.name}</span> })
                        .collect_view()}
                </p>
            </div>
            <When is=move || desk.is_admin()>
                <PersonActions person=shown.clone() on_change />
            </When>
        </header>
    }
}

/// Archiving, and deleting after a question.
#[component]
fn PersonActions(person: PersonView, on_change: Callback<PersonView>) -> impl IntoView {
    let (api, router, toasts) = (use_api(), use_router(), use_toasts());
    let arrivals = expect_context::<Arrivals>();
    let id = person.id;
    let name = StoredValue::new(person.name);
    let archived = person.archived_at.is_some();
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let delete = Callback::new(move |()| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api.delete_person(id).await {
                Ok(()) => {
                    toasts.show(format!("{} deleted", name.try_get_value().unwrap_or_default()));
                    arrivals.forget(|arrival| arrival.person.id == id);
                    router.replace("/people");
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    let archive = move |_| {
        spawn_local(async move {
            let changes = UpdatePerson { archived: Some(!archived), ..UpdatePerson::default() };
            match api.update_person(id, &changes).await {
                Ok(person) => {
                    arrivals.refresh_today();
                    on_change.run(person);
                }
                Err(failure) => toasts.show(failure.message()),
            }
        });
    };
    view! {
        <div class="person-actions">
            <button type="button" class="btn btn-quiet" on:click=archive>
                <Icon icon=icons::Archive />
                {if archived { "Bring back" } else { "Archive" }}
            </button>
            <button
                type="button"
                class="btn btn-quiet btn-quiet-danger"
                data-testid="person-delete"
                on:click=move |_| asking.set(true)
            >
                <Icon icon=icons::Delete />
                "Delete"
            </button>
        </div>
        <When is=move || asking.get()>
            <Confirm
                title=format!("Delete {}?", name.get_value())
                text="The person, their photos, face templates and the whole log are erased. This cannot be undone. To stop recognition and keep the log, archive instead."
                action=format!("Delete {}", name.get_value())
                busy
                problem
                on_confirm=delete
                on_close=Callback::new(move |()| asking.set(false))
            />
        </When>
    }
}
