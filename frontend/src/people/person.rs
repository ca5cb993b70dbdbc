//! One person: header and tabs.

use chrono::Days;
use leptos::{prelude::*, task::spawn_local};
use types::{DayView, PersonId, PersonView, UpdatePerson};

use super::calendar::CalendarTab;
use super::details::DetailsTab;
use super::photos::PhotosTab;
use super::states;
use super::timeline::TimelineTab;
use crate::api::{Api, use_api};
use crate::arrivals::Arrivals;
use crate::attendance::StateChip;
use crate::calendar;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::privacy::{EraseDialog, PersonRights};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Ago, Avatar, Empty, Failed, Icon, Skeleton, Toasts, When, icons, reveal, use_toasts};

const TABS: [&str; 5] = ["timeline", "calendar", "photos", "details", "privacy"];

fn tab_name(tab: &str) -> &'static str {
    match tab {
        "calendar" => say!(people.calendar),
        "photos" => say!(people.photos),
        "details" => say!(words.details),
        "privacy" => say!(people.privacy),
        _ => say!(people.timeline),
    }
}

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
                            title=say!(people.no_such)
                            text=say!(people.no_such_text)
                        >
                            <a class="btn" href="/people">{say!(people.to_list)}</a>
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
            TABS.into_iter().find(|key| *key == wanted).unwrap_or(TABS[0])
        })
    });
    Effect::new(move |_| {
        tab.track();
        reveal(".tabs", "[aria-current]");
    });
    let on_change = Callback::new(move |changed: PersonView| person.set(changed));
    let body = shown.clone();
    view! {
        <PersonHead person=shown on_change />
        <nav class="tabs" aria-label=say!(people.parts_of_page)>
            {TABS
                .into_iter()
                .map(|key| {
                    view! {
                        <a
                            class="tab"
                            href=format!("/people/{id}?tab={key}")
                            aria-current=move || (tab.get() == key).then_some("page")
                        >
                            {tab_name(key)}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
        {move || match tab.get() {
            "photos" => view! { <PhotosTab person=body.clone() on_change /> }.into_any(),
            "details" => view! { <DetailsTab person=body.clone() on_change /> }.into_any(),
            "privacy" => view! { <PersonRights person=body.clone() on_change /> }.into_any(),
            "calendar" => view! { <CalendarTab person=id /> }.into_any(),
            _ => view! { <TimelineTab person=id /> }.into_any(),
        }}
    }
}

#[component]
fn PersonHead(person: PersonView, on_change: Callback<PersonView>) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let shown = person.clone();
    let (id, today) = (person.id, calendar::today(desk));
    let periods = Loader::<Vec<DayView>>::new();
    periods.run(async move { api.person_days(id, today, today + Days::new(1)).await.map(|page| page.items) });
    let state = move || {
        let states: Vec<_> = periods.value()?.iter().map(|period| period.state).collect();
        states::of_day(&states)
    };
    view! {
        <a class="crumb" href="/people">{say!(words.people)}</a>
        <header class="person-head">
            <Avatar
                person=person.id
                name=person.name.clone()
                photo=person.photos.first().map(|photo| photo.id)
                size="avatar-lg"
            />
            <div class="person-main">
                <h1 class="person-name"><bdi>{person.name}</bdi></h1>
                <p class="person-facts">
                    <span class="tabular">{person.external_id}</span>
                    {person.branch.map(|branch| view! { <span>{branch}</span> })}
                    {person.year.map(|year| view! { <span>{say!(people.year, year = year)}</span> })}
                    {match person.last_seen {
                        Some(at) => view! { <span>{say!(people.seen)} " " <Ago at /></span> }.into_any(),
                        None => view! { <span>{say!(people.never_seen)}</span> }.into_any(),
                    }}
                </p>
                <p class="tags" data-testid="person-tags">
                    {move || state().map(|state| view! { <StateChip state=Some(state) /> })}
                    {person
                        .archived_at
                        .map(|_| view! { <span class="tag tag-uncertain">{say!(people.archived_tag)}</span> })}
                    {person
                        .photos
                        .is_empty()
                        .then(|| view! { <span class="tag tag-uncertain">{say!(people.no_photo_tag)}</span> })}
                    {person
                        .groups
                        .into_iter()
                        .map(|group| view! { <a class="tag truncate" href=format!("/groups/{}", group.id)>{group.name}</a> })
                        .collect_view()}
                </p>
            </div>
            <When is=move || desk.is_admin()>
                <PersonActions person=shown.clone() on_change />
            </When>
        </header>
    }
}

/// Archiving, which can be taken back, and erasing after its questions.
#[component]
fn PersonActions(person: PersonView, on_change: Callback<PersonView>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let arrivals = expect_context::<Arrivals>();
    let id = person.id;
    let archived = person.archived_at.is_some();
    let whole = StoredValue::new(person);
    let erasing = RwSignal::new(false);
    let archiving = Archiving { api, arrivals, toasts, on_change };
    view! {
        <div class="person-actions">
            <button
                type="button"
                class="btn btn-quiet"
                data-testid="person-archive"
                on:click=move |_| archiving.set(id, !archived)
            >
                <Icon icon=icons::Archive />
                {if archived { say!(people.bring_back) } else { say!(words.archive) }}
            </button>
            <button
                type="button"
                class="btn btn-quiet btn-quiet-danger"
                data-testid="person-delete"
                on:click=move |_| erasing.set(true)
            >
                <Icon icon=icons::Delete />
                {say!(words.delete)}
            </button>
        </div>
        <When is=move || erasing.get()>
            <EraseDialog person=whole.get_value() on_close=Callback::new(move |()| erasing.set(false)) />
        </When>
    }
}

/// What archiving somebody takes; it lives on when the page does not, for taking it back.
#[derive(Clone, Copy)]
struct Archiving {
    api: Api,
    arrivals: Arrivals,
    toasts: Toasts,
    on_change: Callback<PersonView>,
}

impl Archiving {
    fn set(self, id: PersonId, archived: bool) {
        spawn_local(async move {
            let changes = UpdatePerson { archived: Some(archived), ..UpdatePerson::default() };
            match self.api.update_person(id, &changes).await {
                Ok(person) => {
                    self.arrivals.refresh_today();
                    if archived {
                        let text = say!(people.was_archived, name = person.name.clone());
                        self.toasts.show_undo(text, move || self.set(id, false));
                    }
                    self.on_change.try_run(person);
                }
                Err(failure) => self.toasts.show(failure.message()),
            }
        });
    }
}
