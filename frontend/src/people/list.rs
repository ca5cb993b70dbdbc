//! The list of people.

use std::time::Duration;

use leptos::prelude::*;
use types::{GroupView, PersonView};

use super::add::AddSheet;
use super::nav::{PeopleNav, Segment};
use super::selection::{Selection, SelectionBar};
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
/// How many at once while a filter of this page looks through everybody.
const WHOLE_PAGE: u32 = 200;
/// Up to so many are looked through by themselves; then a button asks.
const LOOKED_THROUGH: usize = 4000;
const TYPING_PAUSE: Duration = Duration::from_millis(200);

/// Everybody who can be recognised, searched by name or number.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let people = Pages::<PersonView>::new();
    let query = RwSignal::new(String::new());
    let archived = RwSignal::new(false);
    let group = RwSignal::new(String::new());
    let selection = Selection::new();
    // Those without a consent are picked out here: the server has no such filter.
    let no_consent = RwSignal::new(router.query.with_untracked(|query| query.contains("consent=none")));
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let fetch = move |restart: bool| {
        let asked = PeopleQuery {
            query: query.get_untracked().trim().to_owned(),
            group: group.get_untracked(),
            archived: archived.get_untracked(),
            limit: if no_consent.get_untracked() { WHOLE_PAGE } else { PAGE },
        };
        if restart {
            selection.clear();
        }
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
    Effect::new(move |_| {
        let ready = people.state.with(|state| matches!(state, Load::Ready(())));
        let few = people.items.with(Vec::len) < LOOKED_THROUGH;
        if no_consent.get() && ready && few && people.has_more() {
            fetch(false);
        }
    });
    let shown = Memo::new(move |_| {
        let only = no_consent.get();
        people.items.with(|people| {
            people.iter().filter(|person| !only || person.consent.is_none()).cloned().collect::<Vec<_>>()
        })
    });
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
                <div class="segments" role="group" aria-label=say!(people.consent_given)>
                    <Segment
                        label=say!(people.no_consent)
                        on=no_consent
                        press=Callback::new(move |()| {
                            no_consent.update(|on| *on = !*on);
                            fetch(true);
                        })
                    />
                </div>
                <When is=move || !desk.is_member()>
                    <Export />
                </When>
            </div>
            <PeopleTable people=shown selection />
            <SelectionBar selection people />
            {move || {
                let retry = Callback::new(move |()| fetch(people.items.with_untracked(Vec::is_empty)));
                match (people.state.get(), shown.with(Vec::is_empty)) {
                    (Load::Waiting, true) => view! { <Skeleton rows=8 /> }.into_any(),
                    (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                    (Load::Ready(()), true) if no_consent.get() => {
                        view! { <Empty icon=icons::Good title=say!(people.everyone_consented) /> }.into_any()
                    }
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
fn PeopleTable(people: Memo<Vec<PersonView>>, selection: Selection) -> impl IntoView {
    let desk = use_desk();
    let row = move |person: PersonView| {
        Entry::new(person.id, move || view! { <PersonRow person=person.clone() selection /> }.into_any())
    };
    let rows = Signal::derive(move || people.get().into_iter().map(row).collect());
    let all = move || people.with(|people| people.iter().all(|person| selection.has(person.id)));
    let select_all = move |on: bool| {
        for person in people.get_untracked() {
            selection.set(&person, on);
        }
    };
    view! {
        <table class="list-table" class:hidden=move || people.with(Vec::is_empty)>
            <thead>
                <tr>
                    <th scope="col">
                        <span class="person-cell">
                            {desk
                                .is_admin()
                                .then(|| {
                                    view! {
                                        <input
                                            type="checkbox"
                                            class="person-check"
                                            aria-label=say!(words.select_all)
                                            title=say!(words.select_all)
                                            data-testid="people-select-all"
                                            prop:checked=all
                                            on:change:target=move |event| select_all(event.target().checked())
                                        />
                                    }
                                })}
                            {say!(words.name)}
                        </span>
                    </th>
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
fn PersonRow(person: PersonView, selection: Selection) -> impl IntoView {
    let desk = use_desk();
    let whole = StoredValue::new(person.clone());
    let id = person.id;
    let check = desk.is_admin().then(|| {
        view! {
            <input
                type="checkbox"
                class="person-check"
                aria-label=say!(people.select, name = person.name.clone())
                data-testid="person-select"
                prop:checked=move || selection.has(id)
                on:change:target=move |event| {
                    whole.with_value(|person| selection.set(person, event.target().checked()))
                }
            />
        }
    });
    let photo = person.photos.first().map(|photo| photo.id);
    let count = person.photos.len();
    view! {
        <tr class="table-row" data-testid="person-row">
            <td>
                <span class="person-cell">
                    {check}
                    <a class="row-link" href=format!("/people/{}", person.id)>
                        <Avatar person=person.id name=person.name.clone() photo />
                        <span class="min-w-0">
                            <bdi class="row-name" title=person.name.clone()>{person.name.clone()}</bdi>
                            <span class="row-sub tabular">{person.external_id.clone()}</span>
                        </span>
                    </a>
                </span>
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
