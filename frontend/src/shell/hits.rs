//! What the search finds: people first, then pages and actions.

use std::time::Duration;

use leptos::{ev, prelude::*};
use types::{PersonId, PhotoId};

use super::search::Search;
use crate::api::{Api, use_api};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::router::{Router, use_router};
use crate::session::{Desk, use_desk};
use crate::ui::{Avatar, Icon, icons};

const PEOPLE_SHOWN: u32 = 8;
const TYPING_PAUSE: Duration = Duration::from_millis(120);

/// A line of the result list.
#[derive(Clone, PartialEq)]
enum Hit {
    Person { id: PersonId, name: String, external_id: String, photo: Option<PhotoId> },
    Place { label: &'static str, icon: icondata_core::Icon, path: &'static str },
    Wall,
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

/// The list under the field.
#[derive(Clone, Copy)]
struct Finder {
    search: Search,
    people: Loader<Vec<Hit>>,
    pause: StoredValue<Option<TimeoutHandle>>,
    api: Api,
    desk: Desk,
    router: Router,
}

impl Finder {
    fn new(search: Search) -> Self {
        Self {
            search,
            people: Loader::new(),
            pause: StoredValue::new(None),
            api: use_api(),
            desk: use_desk(),
            router: use_router(),
        }
    }

    /// Looks people up once the typing pauses.
    fn typed(self) {
        self.search.chosen.set(0);
        self.forget();
        self.pause.set_value(set_timeout_with_handle(move || self.look_up(), TYPING_PAUSE).ok());
    }

    fn forget(self) {
        if let Some(Some(timer)) = self.pause.try_update_value(Option::take) {
            timer.clear();
        }
    }

    fn look_up(self) {
        let Some(query) = self.search.text.try_get_untracked().map(|text| text.trim().to_owned()) else {
            return;
        };
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
        let query = self.search.text.get().trim().to_lowercase();
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
        self.search.leave();
        match hit {
            Hit::Person { id, .. } => self.router.go(&format!("/people/{id}")),
            Hit::Place { path, .. } => self.router.go(path),
            Hit::Wall => {
                self.router.go("/");
                self.desk.wall.set(true);
            }
        }
    }

    fn pressed(self, event: &ev::KeyboardEvent, hits: Memo<Vec<Hit>>) {
        let count = hits.with_untracked(Vec::len);
        let chosen = self.search.chosen;
        match event.key().as_str() {
            "ArrowDown" if count > 0 => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(hit) = hits.with_untracked(|hits| hits.get(chosen.get_untracked()).cloned()) {
                    self.go(hit);
                }
            }
            _ => return,
        }
        event.prevent_default();
    }
}

#[component]
pub fn HitList(search: Search) -> impl IntoView {
    let finder = Finder::new(search);
    let hits = Memo::new(move |_| finder.hits());
    Effect::new(move || {
        search.text.track();
        finder.typed();
    });
    search.keys.set_value(Some(Callback::new(move |event| finder.pressed(&event, hits))));
    on_cleanup(move || {
        finder.forget();
        search.keys.try_set_value(None);
    });
    let go = Callback::new(move |hit: Hit| finder.go(hit));
    let note = move || match finder.people.get() {
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
