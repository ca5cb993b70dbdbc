//! The list of people.

use std::time::Duration;

use leptos::prelude::*;
use types::PersonView;

use super::add::AddSheet;
use crate::api::use_api;
use crate::loading::{Load, Pages};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Ago, Avatar, Empty, Entry, Failed, Icon, List, MoreButton, Skeleton, When, icons};

const PAGE: u32 = 50;
const TYPING_PAUSE: Duration = Duration::from_millis(200);

/// Everybody who can be recognised, searched by name or number.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let people = Pages::<PersonView>::new();
    let query = RwSignal::new(String::new());
    let archived = RwSignal::new(false);
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let fetch = move |restart: bool| {
        let (query, archived) = (query.get_untracked().trim().to_owned(), archived.get_untracked());
        people.fetch(restart, move |after| async move {
            api.people(&query, archived, PAGE, after.as_deref()).await
        });
    };
    fetch(true);
    let typed = move |text: String| {
        query.set(text);
        if let Some(Some(timer)) = pause.try_update_value(Option::take) {
            timer.clear();
        }
        pause.set_value(set_timeout_with_handle(move || fetch(true), TYPING_PAUSE).ok());
    };
    let adding = Memo::new(move |_| desk.is_admin() && router.query.with(|query| query.contains("add=1")));
    let on_close = Callback::new(move |added: bool| {
        router.replace("/people");
        if added {
            fetch(true);
        }
    });
    let show_archived = move |shown: bool| {
        archived.set(shown);
        fetch(true);
    };
    view! {
        <div class="content">
            <header class="page-head">
                <h1 class="page-title">"People"</h1>
                <When is=move || people.total.get().is_some()>
                    <span class="tag tabular">{move || people.total.get()}</span>
                </When>
                <When is=move || desk.is_admin()>
                    <button
                        type="button"
                        class="btn btn-primary ms-auto"
                        data-testid="people-add"
                        on:click=move |_| router.go("/people?add=1")
                    >
                        <Icon icon=icons::Plus />
                        "Add person"
                    </button>
                </When>
            </header>
            <div class="toolbar">
                <input
                    class="input toolbar-search"
                    type="search"
                    placeholder="Name or number"
                    aria-label="Filter by name or number"
                    prop:value=query
                    on:input:target=move |event| typed(event.target().value())
                />
                <div class="segments" role="group" aria-label="Which people">
                    <Segment label="Active" on=Signal::derive(move || !archived.get()) press=Callback::new(move |()| show_archived(false)) />
                    <Segment label="Archived" on=archived.into() press=Callback::new(move |()| show_archived(true)) />
                </div>
            </div>
            <PeopleTable people />
            {move || {
                let retry = Callback::new(move |()| fetch(people.items.with_untracked(Vec::is_empty)));
                match (people.state.get(), people.items.with(Vec::is_empty)) {
                    (Load::Waiting, true) => view! { <Skeleton rows=8 /> }.into_any(),
                    (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                    (Load::Ready(()), true) => {
                        view! { <Nobody searched=!query.get_untracked().is_empty() archived=archived.get_untracked() /> }.into_any()
                    }
                    _ => ().into_any(),
                }
            }}
            <When is=move || people.has_more() && !people.items.with(Vec::is_empty)>
                <MoreButton
                    busy=Signal::derive(move || people.state.with(|state| *state == Load::Waiting))
                    on_more=Callback::new(move |()| fetch(false))
                />
            </When>
        </div>
        <When is=move || adding.get()>
            <AddSheet on_close />
        </When>
    }
}

#[component]
fn Segment(label: &'static str, on: Signal<bool>, press: Callback<()>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="segment"
            aria-pressed=move || if on.get() { "true" } else { "false" }
            on:click=move |_| press.run(())
        >
            {label}
        </button>
    }
}

#[component]
fn Nobody(searched: bool, archived: bool) -> impl IntoView {
    let desk = use_desk();
    let (title, text) = match (searched, archived) {
        (true, _) => ("Nobody found", "Try a part of the name, or the number."),
        (_, true) => ("Nobody is archived", "Archived people keep their log but are not recognised."),
        _ if desk.is_admin() => {
            ("No people yet", "Add the first one with a photo; cameras recognise them within a second.")
        }
        _ => ("No people yet", "An administrator adds them."),
    };
    view! { <Empty icon=icons::People title text /> }
}

#[component]
fn PeopleTable(people: Pages<PersonView>) -> impl IntoView {
    let row = |person: PersonView| {
        Entry::new(person.id, move || view! { <PersonRow person=person.clone() /> }.into_any())
    };
    let rows = Signal::derive(move || people.items.get().into_iter().map(row).collect());
    view! {
        <table class="list-table" class:hidden=move || people.items.with(Vec::is_empty)>
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col" class="wide-only">"Number"</th>
                    <th scope="col" class="wider-only">"Groups"</th>
                    <th scope="col" class="wide-only text-right">"Photos"</th>
                    <th scope="col" class="text-right">"Last seen"</th>
                </tr>
            </thead>
            <tbody>
                <List entries=rows />
            </tbody>
        </table>
    }
}

#[component]
fn PersonRow(person: PersonView) -> impl IntoView {
    let photo = person.photos.first().map(|photo| photo.id);
    let count = person.photos.len();
    view! {
        <tr class="table-row" data-testid="person-row">
            <td>
                <a class="row-link" href=format!("/people/{}", person.id)>
                    <Avatar person=person.id name=person.name.clone() photo />
                    <span class="min-w-0">
                        <span class="row-name" title=person.name.clone()>{person.name.clone()}</span>
                        <span class="row-sub tabular">{person.external_id.clone()}</span>
                    </span>
                </a>
            </td>
            <td class="wide-only tabular text-soft">{person.external_id.clone()}</td>
            <td class="wider-only">
                <span class="tags">
                    {person
                        .groups
                        .iter()
                        .map(|group| {
                            view! { <span class="tag truncate" title=group.name.clone()>{group.name.clone()}</span> }
                        })
                        .collect_view()}
                </span>
            </td>
            <td class="wide-only text-right tabular">
                {if count == 0 {
                    view! { <span class="tag tag-uncertain">"No photo"</span> }.into_any()
                } else {
                    count.into_any()
                }}
            </td>
            <td class="text-right">
                {match person.last_seen {
                    Some(at) => view! { <Ago at /> }.into_any(),
                    None => view! { <span class="text-xs text-faint">"Never"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}
