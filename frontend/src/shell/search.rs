//! The search in the top bar: people first, then pages and actions.

use std::time::Duration;

use leptos::{ev, html, prelude::*};
use types::{PersonId, PhotoId};
use wasm_bindgen::JsCast;

use crate::api::{Api, use_api};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::router::{Router, use_router};
use crate::session::{Desk, use_desk};
use crate::ui::{Avatar, Icon, When, icons};

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

/// A page or an action.
struct Place {
    /// Its name, by which it is found.
    name: &'static str,
    hit: Hit,
    /// Whether it shows before anything is typed.
    usual: bool,
}

/// `place!(icon, path, words)`: a page that is found by its name.
macro_rules! place {
    ($icon:expr, $path:literal, $($words:tt)*) => {
        Place {
            name: say!($($words)*),
            hit: Hit::Place { label: say!($($words)*), icon: $icon, path: $path },
            usual: false,
        }
    };
}

fn places(admin: bool, marks: bool) -> Vec<Place> {
    let usual = |place: Place| Place { usual: true, ..place };
    let mut places = vec![
        usual(place!(icons::Live, "/", shell.live)),
        usual(place!(icons::People, "/people", shell.people)),
    ];
    if admin {
        places.extend([
            usual(place!(icons::AddPerson, "/people?add=1", shell.add_person)),
            usual(place!(icons::Note, "/people/import", shell.import)),
            usual(place!(icons::Review, "/review", shell.review)),
            usual(place!(icons::Feed, "/settings/feeds", shell.feeds)),
            usual(place!(icons::Place, "/settings/site", shell.site)),
            usual(place!(icons::Model, "/settings/model", shell.model)),
        ]);
    }
    if marks {
        places.extend([
            place!(icons::Attendance, "/attendance", shell.attendance),
            place!(icons::Note, "/attendance/corrections", attendance.corrections),
            usual(place!(icons::Reports, "/reports", shell.reports)),
            usual(place!(icons::Reports, "/analytics", shell.analytics)),
            place!(icons::Reports, "/reports?kind=day-sheet", reports.day_sheet),
            place!(icons::Reports, "/reports?kind=register", reports.register),
            place!(icons::Reports, "/reports?kind=late", reports.late),
            place!(icons::Reports, "/reports?kind=hours", reports.hours),
            place!(icons::Reports, "/reports?kind=absences", reports.absences),
        ]);
    }
    places.extend([
        place!(icons::Attendance, "/attendance/on-site", attendance.on_site),
        usual(place!(icons::People, "/groups", shell.groups)),
        usual(place!(icons::Clock, "/schedules", shell.schedules)),
        usual(place!(icons::Clock, "/schedules/holidays", shell.holidays)),
        Place { name: say!(shell.wall_mode), hit: Hit::Wall, usual: true },
        place!(icons::Settings, "/settings", shell.settings),
        usual(place!(icons::Settings, "/settings/account", shell.change_password)),
        usual(place!(icons::Settings, "/settings/appearance", shell.appearance)),
        place!(icons::Settings, "/settings/notifications", alerts.preferences),
    ]);
    if admin {
        places.extend([
            place!(icons::People, "/settings/users", settings.users),
            place!(icons::Settings, "/settings/alerts", alerts.title),
            place!(icons::Settings, "/settings/alerts?part=channels", alerts.channels),
            place!(icons::Settings, "/settings/alerts?part=messages", alerts.messages),
            place!(icons::Clock, "/settings/alerts?part=reports", alerts.schedules),
            place!(icons::Settings, "/settings/privacy", privacy.title),
            place!(icons::Settings, "/settings/audit", audit.title),
            place!(icons::Settings, "/settings/keys", settings.keys),
        ]);
    }
    places
}

/// What the search shares with its list.
#[derive(Clone, Copy)]
struct Search {
    text: RwSignal<String>,
    open: RwSignal<bool>,
    chosen: RwSignal<usize>,
    people: Loader<Vec<Hit>>,
    pause: StoredValue<Option<TimeoutHandle>>,
    field: NodeRef<html::Input>,
    api: Api,
    desk: Desk,
    router: Router,
}

impl Search {
    fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            open: RwSignal::new(false),
            chosen: RwSignal::new(0),
            people: Loader::new(),
            pause: StoredValue::new(None),
            field: NodeRef::new(),
            api: use_api(),
            desk: use_desk(),
            router: use_router(),
        }
    }

    fn typed(self, value: String) {
        self.text.set(value);
        self.open.set(true);
        self.chosen.set(0);
        if let Some(Some(timer)) = self.pause.try_update_value(Option::take) {
            timer.clear();
        }
        self.pause.set_value(set_timeout_with_handle(move || self.look_up(), TYPING_PAUSE).ok());
    }

    fn look_up(self) {
        let Some(query) = self.text.try_get_untracked().map(|text| text.trim().to_owned()) else { return };
        self.people.run(async move {
            if query.is_empty() {
                return Ok(Vec::new());
            }
            let page = self.api.people(&query, false, PEOPLE_SHOWN, None).await?;
            let hit = |person: types::PersonView| Hit::Person {
                id: person.id,
                photo: person.photos.first().map(|photo| photo.id),
                name: person.name,
                external_id: person.external_id,
            };
            Ok(page.items.into_iter().map(hit).collect())
        });
    }

    /// People first, then the pages and actions whose name fits.
    fn hits(self) -> Vec<Hit> {
        let query = self.text.get().trim().to_lowercase();
        let mut hits = self.people.value().filter(|_| !query.is_empty()).unwrap_or_default();
        hits.extend(
            places(self.desk.is_admin(), self.desk.marks())
                .into_iter()
                .filter(|place| {
                    let named = || place.name.to_lowercase().contains(&query);
                    if query.is_empty() { place.usual } else { named() }
                })
                .map(|place| place.hit),
        );
        hits
    }

    fn go(self, hit: Hit) {
        self.leave();
        match hit {
            Hit::Person { id, .. } => self.router.go(&format!("/people/{id}")),
            Hit::Place { path, .. } => self.router.go(path),
            Hit::Wall => {
                self.router.go("/");
                self.desk.wall.set(true);
            }
        }
    }

    fn leave(self) {
        self.open.set(false);
        self.text.set(String::new());
        if let Some(field) = self.field.get_untracked() {
            // Fails only for an element that is not on the page.
            let _ = field.blur();
        }
    }

    fn pressed(self, event: ev::KeyboardEvent, hits: Memo<Vec<Hit>>) {
        let count = hits.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => self.chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => self.chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                let chosen = self.chosen.get_untracked();
                if let Some(hit) = hits.with_untracked(|hits| hits.get(chosen).cloned()) {
                    self.go(hit);
                }
            }
            "Escape" => self.leave(),
            _ => return,
        }
        event.prevent_default();
    }
}

#[component]
pub fn SearchBox() -> impl IntoView {
    let search = Search::new();
    let hits = Memo::new(move |_| search.hits());
    let open = search.open;
    view! {
        <div class="search" role="search">
            <Icon icon=icons::Search class="icon search-icon" />
            <input
                node_ref=search.field
                id=FIELD
                class="search-input"
                type="search"
                role="combobox"
                placeholder=say!(shell.search_people)
                aria-label=say!(shell.search_label)
                aria-keyshortcuts="/ Control+K"
                aria-controls="search-results"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-activedescendant=move || open.get().then(|| format!("hit-{}", search.chosen.get()))
                autocomplete="off"
                data-testid="search-input"
                prop:value=search.text
                on:input:target=move |event| search.typed(event.target().value())
                on:focus=move |_| open.set(true)
                on:blur=move |_| open.set(false)
                on:keydown=move |event| search.pressed(event, hits)
            />
            <kbd class="search-key" aria-hidden="true">"/"</kbd>
            <When is=move || open.get()>
                <HitList search hits />
            </When>
        </div>
    }
}

#[component]
fn HitList(search: Search, hits: Memo<Vec<Hit>>) -> impl IntoView {
    let go = Callback::new(move |hit: Hit| search.go(hit));
    let note = move || match search.people.get() {
        Load::Failed(failure) => failure.message(),
        _ if hits.with(Vec::is_empty) => say!(shell.nothing_found).to_owned(),
        _ => String::new(),
    };
    view! {
        // A press must not take the focus out of the field before its click has been handled.
        <div class="search-list" on:mousedown=|event| event.prevent_default()>
            <ul id="search-results" role="listbox" aria-label=say!(shell.results)>
                {move || {
                    hits.get()
                        .into_iter()
                        .enumerate()
                        .map(|(at, hit)| view! { <HitRow at hit chosen=search.chosen go /> })
                        .collect_view()
                }}
            </ul>
            <p class="search-note" role="status">{note}</p>
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
                <span class="flex-1">{say!(shell.wall_mode)}</span>
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
