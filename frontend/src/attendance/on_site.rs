//! Who is on site: the roll call. The last list stays in this browser, so that it is there when the network is not.

use leptos::{prelude::*, task::spawn_local};
use types::{OnSite, OnSitePerson};

use crate::api::use_api;
use crate::arrivals::Arrivals;
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::Load;
use crate::session::use_desk;
use crate::ui::{Avatar, Empty, Failed, Icon, Moment, Skeleton, When, icons};
use crate::watch::use_watch;

/// Where the last list lies. It goes when somebody signs out.
pub const KEPT_AS: &str = "attendance.on-site";

/// People who came and were not seen to leave, by name; made for paper too.
#[component]
pub fn OnSiteList() -> impl IntoView {
    let api = use_api();
    let arrivals = expect_context::<Arrivals>();
    use_watch().follow();
    let state = RwSignal::new(kept().map_or(Load::Waiting, Load::Ready));
    let stale = RwSignal::new(true);
    let fetch = move || {
        spawn_local(async move {
            match api.on_site().await {
                Ok(list) => {
                    keep(&list);
                    stale.try_set(false);
                    state.try_set(Load::Ready(list));
                }
                // What there is stays: an old list is better than none when everybody stands outside.
                Err(failure) => {
                    stale.try_set(true);
                    state.try_update(|state| {
                        if !matches!(state, Load::Ready(_)) {
                            *state = Load::Failed(failure);
                        }
                    });
                }
            }
        });
    };
    Effect::new(move |_| {
        // Asked again with every arrival that comes in.
        arrivals.items.track();
        fetch();
    });
    move || match state.get() {
        Load::Waiting => view! { <Skeleton rows=8 /> }.into_any(),
        Load::Failed(failure) => {
            view! { <Failed failure retry=Callback::new(move |()| fetch()) /> }.into_any()
        }
        Load::Ready(list) => view! { <RollCall list stale=stale.into() /> }.into_any(),
    }
}

#[component]
fn RollCall(list: OnSite, stale: Signal<bool>) -> impl IntoView {
    let (desk, as_of) = (use_desk(), list.as_of);
    let print = move |_| {
        // Fails only where the browser cannot print.
        let _ = window().print();
    };
    view! {
        <div class="toolbar roll-head">
            <p class="roll-count tabular" data-testid="on-site-count">{list.count}</p>
            <p class="me-auto">
                <span class="block font-medium">{say!(attendance.people_on_site)}</span>
                <time class="note tabular" datetime=as_of.to_rfc3339()>
                    {move || say!(attendance.as_of, time = clock::format(as_of, &desk.timezone(), Style::Full))}
                </time>
            </p>
            <button type="button" class="btn no-print" on:click=print>
                <Icon icon=icons::Print />
                {say!(words.print)}
            </button>
        </div>
        <When is=move || stale.get()>
            <p class="advice-box no-print" role="status">
                <Icon icon=icons::Offline />
                {say!(attendance.kept_list)}
            </p>
        </When>
        {if list.people.is_empty() {
            view! {
                <Empty icon=icons::Door title=say!(attendance.nobody_on_site) text=say!(attendance.nobody_on_site_text) />
            }
                .into_any()
        } else {
            view! {
                <ol class="roll" data-testid="on-site">
                    {list.people.into_iter().map(|person| view! { <RollRow person /> }).collect_view()}
                </ol>
            }
                .into_any()
        }}
    }
}

#[component]
fn RollRow(person: OnSitePerson) -> impl IntoView {
    let OnSitePerson { person, since, feed, .. } = person;
    view! {
        <li class="roll-row">
            <span class="roll-box" aria-hidden="true"></span>
            <Avatar person=person.id name=person.name.clone() photo=person.photo size="avatar-sm" />
            <span class="row-name" title=person.name.clone()>{person.name.clone()}</span>
            <span class="note truncate">{feed.map_or_else(|| say!(attendance.marked_by_hand).to_owned(), |feed| feed.name)}</span>
            <Moment at=since style=Style::Minute />
        </li>
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn kept() -> Option<OnSite> {
    serde_json::from_str(&storage()?.get_item(KEPT_AS).ok()??).ok()
}

fn keep(list: &OnSite) {
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(list)) {
        // A full storage keeps the list before.
        let _ = storage.set_item(KEPT_AS, &text);
    }
}

/// Takes the kept list away, for whoever signs in next.
pub fn forget() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(KEPT_AS);
    }
}
