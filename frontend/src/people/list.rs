//! The list of people.

use std::time::Duration;

use leptos::prelude::*;
use types::{GroupView, PersonView};

use super::add::AddSheet;
use super::nav::{PeopleNav, Segment};
use crate::api::{Failure, PeopleQuery, use_api};
use crate::language::say;
use crate::loading::{Load, Loader, Pages};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{
    Ago, Avatar, DownloadLink, Empty, Entry, Failed, Icon, List, MoreButton, Skeleton, When, icons,
    use_toasts,
};

const PAGE: u32 = 50;
const TYPING_PAUSE: Duration = Duration::from_millis(200);

/// Everybody who can be recognised, searched by name or number.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let people = Pages::<PersonView>::new();
    let query = RwSignal::new(String::new());
    let archived = RwSignal::new(false);
    let group = RwSignal::new(String::new());
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let fetch = move |restart: bool| {
        let asked = PeopleQuery {
            query: query.get_untracked().trim().to_owned(),
            group: group.get_untracked(),
            archived: archived.get_untracked(),
            limit: PAGE,
        };
        people.fetch(restart, move |after| async move { api.find_people(&asked, after.as_deref()).await });
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
    let choose_group = Callback::new(move |name: String| {
        group.set(name);
        fetch(true);
    });
    let searched = move || !query.get_untracked().is_empty() || !group.get_untracked().is_empty();
    view! {
        <div class="content">
            <PeopleNav here="/people" />
            <header class="page-head">
                <h1 class="page-title">{say!(words.people)}</h1>
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
                        {say!(people.add)}
                    </button>
                </When>
            </header>
            <div class="toolbar">
                <input
                    class="input toolbar-search"
                    type="search"
                    placeholder=say!(people.name_or_number)
                    aria-label=say!(people.filter)
                    prop:value=query
                    on:input:target=move |event| typed(event.target().value())
                />
                <GroupFilter group choose=choose_group />
                <div class="segments" role="group" aria-label=say!(people.which)>
                    <Segment label=say!(people.active) on=Signal::derive(move || !archived.get()) press=Callback::new(move |()| show_archived(false)) />
                    <Segment label=say!(people.archived) on=archived press=Callback::new(move |()| show_archived(true)) />
                </div>
                <When is=move || !desk.is_member()>
                    <Export />
                </When>
            </div>
            <PeopleTable people />
            {move || {
                let retry = Callback::new(move |()| fetch(people.items.with_untracked(Vec::is_empty)));
                match (people.state.get(), people.items.with(Vec::is_empty)) {
                    (Load::Waiting, true) => view! { <Skeleton rows=8 /> }.into_any(),
                    (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                    (Load::Ready(()), true) => {
                        view! { <Nobody searched=searched() archived=archived.get_untracked() /> }.into_any()
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

/// One group's people, or everybody; nothing where there are no groups.
#[component]
fn GroupFilter(group: RwSignal<String>, choose: Callback<String>) -> impl IntoView {
    let api = use_api();
    let groups = Loader::<Vec<GroupView>>::new();
    groups.run(async move { api.groups().await.map(|page| page.items) });
    let option = move |one: GroupView| {
        let name = one.name.clone();
        let chosen = move || group.with(|group| *group == name);
        view! { <option value=one.name.clone() selected=chosen>{one.name.clone()}</option> }
    };
    let known = move || groups.value().filter(|groups| !groups.is_empty());
    move || {
        known().map(|groups| {
            view! {
                <select
                    class="input sheet-group"
                    aria-label=say!(words.group)
                    data-testid="people-group"
                    on:change:target=move |event| choose.run(event.target().value())
                >
                    <option value="">{say!(people.all_groups)}</option>
                    {groups.into_iter().map(option).collect_view()}
                </select>
            }
        })
    }
}

/// Everybody whom the user sees as a table that can be imported again.
#[component]
fn Export() -> impl IntoView {
    let toasts = use_toasts();
    let problem = Callback::new(move |failure: Option<Failure>| {
        if let Some(failure) = failure {
            toasts.show(failure.message());
        }
    });
    let link = move |format: &'static str, testid: &'static str| {
        view! {
            <DownloadLink
                path=Signal::stored(format!("people/export?format={}", format.to_lowercase()))
                words=format
                problem
                testid
            />
        }
    };
    view! {
        <div class="export" role="group" aria-label=say!(people.export)>
            <span class="note">{say!(people.export)}</span>
            {link("CSV", "people-export-csv")}
            {link("XLSX", "people-export-xlsx")}
        </div>
    }
}

#[component]
fn Nobody(searched: bool, archived: bool) -> impl IntoView {
    let desk = use_desk();
    let (title, text) = match (searched, archived) {
        (true, _) => (say!(people.nobody_found), say!(people.nobody_found_text)),
        (_, true) => (say!(people.nobody_archived), say!(people.nobody_archived_text)),
        _ if desk.is_admin() => (say!(people.nobody), say!(people.nobody_text)),
        _ => (say!(people.nobody), say!(people.admin_adds)),
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
                    <th scope="col">{say!(words.name)}</th>
                    <th scope="col" class="wide-only">{say!(people.number_short)}</th>
                    <th scope="col" class="wider-only">{say!(words.groups)}</th>
                    <th scope="col" class="wide-only text-right">{say!(people.photos)}</th>
                    <th scope="col" class="text-right">{say!(people.last_seen)}</th>
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
                    view! { <span class="tag tag-uncertain">{say!(people.no_photo)}</span> }.into_any()
                } else {
                    count.into_any()
                }}
            </td>
            <td class="text-right">
                {match person.last_seen {
                    Some(at) => view! { <Ago at /> }.into_any(),
                    None => view! { <span class="text-xs text-faint">{say!(words.never)}</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}
