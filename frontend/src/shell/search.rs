//! The search in the top bar: people first, then pages and actions.

use std::time::Duration;

use leptos::{ev, html, prelude::*};
use types::{PersonId, PhotoId};
use wasm_bindgen::JsCast;

use crate::api::use_api;
use crate::loading::{Load, Loader};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Avatar, Icon, icons};

const FIELD: &str = "search";
const PEOPLE_SHOWN: u32 = 8;
const TYPING_PAUSE: Duration = Duration::from_millis(120);

/// A line of the result list.
#[derive(Clone, PartialEq)]
enum Hit {
    Person { id: PersonId, name: String, external_id: String, photo: Option<PhotoId> },
    Place { label: &'static str, icon: icondata_core::Icon, path: &'static str },
    Wall,
}

/// Puts the cursor into the search.
pub fn focus() {
    if let Some(field) =
        document().get_element_by_id(FIELD).and_then(|e| e.dyn_into::<web_sys::HtmlInputElement>().ok())
    {
        let _ = field.focus();
        field.select();
    }
}

fn places(admin: bool) -> Vec<(&'static str, Hit)> {
    let place = |label, icon, path| (label, Hit::Place { label, icon, path });
    let mut places = vec![
        place("Live", icons::Live, "/"),
        place("People", icons::People, "/people"),
        ("Wall mode", Hit::Wall),
        place("Change password", icons::Key, "/settings/account"),
        place("Appearance", icons::Appearance, "/settings/appearance"),
    ];
    if admin {
        places.splice(
            2..2,
            [
                place("Add person", icons::AddPerson, "/people?add=1"),
                place("Feeds", icons::Feed, "/settings/feeds"),
                place("Site", icons::Place, "/settings/site"),
                place("Model", icons::Model, "/settings/model"),
            ],
        );
    }
    places
}

#[component]
pub fn SearchBox() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let text = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let chosen = RwSignal::new(0_usize);
    let people = Loader::<Vec<Hit>>::new();
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let field = NodeRef::<html::Input>::new();

    let look_up = move || {
        let query = text.get_untracked().trim().to_owned();
        people.run(async move {
            if query.is_empty() {
                return Ok(Vec::new());
            }
            let page = api.people(&query, false, PEOPLE_SHOWN, None).await?;
            let hit = |person: types::PersonView| Hit::Person {
                id: person.id,
                photo: person.photos.first().map(|photo| photo.id),
                name: person.name,
                external_id: person.external_id,
            };
            Ok(page.items.into_iter().map(hit).collect())
        });
    };
    let hits = Memo::new(move |_| {
        let query = text.get().trim().to_ascii_lowercase();
        let mut hits = people.value().filter(|_| !query.is_empty()).unwrap_or_default();
        hits.extend(
            places(desk.is_admin())
                .into_iter()
                .filter(|(label, _)| query.is_empty() || label.to_ascii_lowercase().contains(&query))
                .map(|(_, hit)| hit),
        );
        hits
    });
    let router = use_router();
    let go = Callback::new(move |hit: Hit| {
        open.set(false);
        text.set(String::new());
        if let Some(field) = field.get_untracked() {
            let _ = field.blur();
        }
        match hit {
            Hit::Person { id, .. } => router.go(&format!("/people/{id}")),
            Hit::Place { path, .. } => router.go(path),
            Hit::Wall => {
                router.go("/");
                desk.wall.set(true);
            }
        }
    });
    let typed = move |value: String| {
        text.set(value);
        open.set(true);
        chosen.set(0);
        if let Some(Some(timer)) = pause.try_update_value(Option::take) {
            timer.clear();
        }
        pause.set_value(set_timeout_with_handle(look_up, TYPING_PAUSE).ok());
    };
    let key = move |event: ev::KeyboardEvent| {
        let count = hits.with(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(hit) = hits.with(|hits| hits.get(chosen.get_untracked()).cloned()) {
                    go.run(hit);
                }
            }
            "Escape" => {
                open.set(false);
                text.set(String::new());
                if let Some(field) = field.get_untracked() {
                    let _ = field.blur();
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="search" role="search">
            <Icon icon=icons::Search class="icon search-icon" />
            <input
                node_ref=field
                id=FIELD
                class="search-input"
                type="search"
                role="combobox"
                placeholder="Search people"
                aria-label="Search people, pages and actions"
                aria-keyshortcuts="/ Control+K"
                aria-controls="search-results"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-activedescendant=move || open.get().then(|| format!("hit-{}", chosen.get()))
                autocomplete="off"
                data-testid="search-input"
                prop:value=text
                on:input:target=move |event| typed(event.target().value())
                on:focus=move |_| open.set(true)
                on:blur=move |_| open.set(false)
                on:keydown=key
            />
            <kbd class="search-key" aria-hidden="true">"/"</kbd>
            <Show when=move || open.get()>
                // A press must not take the focus out of the field before its click has been handled.
                <div class="search-list" on:mousedown=|event| event.prevent_default()>
                    <ul id="search-results" role="listbox" aria-label="Results">
                        {move || {
                            hits.get()
                                .into_iter()
                                .enumerate()
                                .map(|(at, hit)| view! { <HitRow at hit chosen go /> })
                                .collect_view()
                        }}
                    </ul>
                    <Show when=move || {
                        hits.with(Vec::is_empty) && !matches!(people.state.get(), Load::Failed(_))
                    }>
                        <p class="search-note">"Nobody and nothing by that name"</p>
                    </Show>
                    {move || match people.state.get() {
                        Load::Failed(failure) => {
                            Some(view! { <p class="search-note problem">{failure.message()}</p> })
                        }
                        _ => None,
                    }}
                </div>
            </Show>
        </div>
    }
}

#[component]
fn HitRow(at: usize, hit: Hit, chosen: RwSignal<usize>, go: Callback<Hit>) -> impl IntoView {
    let (content, testid) = match hit.clone() {
        Hit::Person { id, name, external_id, photo } => (
            view! {
                <Avatar person=id name=name.clone() photo size="avatar-sm" />
                <span class="min-w-0 flex-1 truncate">{name}</span>
                <span class="shrink-0 text-xs text-faint tabular">{external_id}</span>
            }
            .into_any(),
            "search-result",
        ),
        Hit::Place { label, icon, .. } => {
            (view! { <Icon icon class="icon text-faint" /><span>{label}</span> }.into_any(), "search-place")
        }
        Hit::Wall => (
            view! {
                <Icon icon=icons::Wall class="icon text-faint" />
                <span class="flex-1">"Wall mode"</span>
                <kbd class="key">"W"</kbd>
            }
            .into_any(),
            "search-place",
        ),
    };
    view! {
        <li
            id=format!("hit-{at}")
            class="search-hit"
            role="option"
            data-testid=testid
            aria-selected=move || if chosen.get() == at { "true" } else { "false" }
            on:mouseenter=move |_| chosen.set(at)
            on:click=move |_| go.run(hit.clone())
        >
            {content}
        </li>
    }
}
