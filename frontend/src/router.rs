//! Which page an address names, and how the browser's history moves between them.
//!
//! A handful of addresses does not need a routing framework: the pages are one `match` in the shell.

use leptos::{ev, prelude::*};
use types::{GroupId, PersonId, ScheduleId};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Cameras and last arrivals.
    Live,
    /// One's own record.
    Me,
    /// The list of people.
    People,
    /// One person.
    Person(PersonId),
    /// Adding people from a table, and photos from an archive.
    Import,
    /// The list of groups.
    Groups,
    /// One group.
    Group(GroupId),
    /// The list of schedules.
    Schedules,
    /// One schedule.
    Schedule(ScheduleId),
    /// Days on which nobody is expected.
    Holidays,
    /// A part of the attendance pages; empty for the sheet.
    Attendance(String),
    /// Tables of days.
    Reports,
    /// Charts of days.
    Analytics,
    /// Unknown faces that wait for a name.
    Review,
    /// A section of the settings; empty for the first.
    Settings(String),
    /// Where the link of an invitation leads; shown to whoever has it, signed in or not.
    Invitation,
    /// A tablet at the door; it needs no one to be signed in.
    Kiosk,
    /// Nothing that exists.
    Nowhere,
}

impl Place {
    /// The page at a path.
    pub fn at(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => Self::Live,
            ["me"] => Self::Me,
            ["people"] => Self::People,
            ["people", "import"] => Self::Import,
            ["people", id] => id.parse().map_or(Self::Nowhere, Self::Person),
            ["groups"] => Self::Groups,
            ["groups", id] => id.parse().map_or(Self::Nowhere, Self::Group),
            ["schedules"] => Self::Schedules,
            ["schedules", "holidays"] => Self::Holidays,
            ["schedules", id] => id.parse().map_or(Self::Nowhere, Self::Schedule),
            ["attendance"] => Self::Attendance(String::new()),
            ["attendance", part] => Self::Attendance((*part).to_owned()),
            ["reports"] => Self::Reports,
            ["analytics"] => Self::Analytics,
            ["review"] => Self::Review,
            ["invitation"] => Self::Invitation,
            ["kiosk"] => Self::Kiosk,
            ["settings"] => Self::Settings(String::new()),
            ["settings", section] => Self::Settings((*section).to_owned()),
            _ => Self::Nowhere,
        }
    }
}

/// The address shown, and the way to another.
#[derive(Clone, Copy)]
pub struct Router {
    /// Path of the address.
    pub path: RwSignal<String>,
    /// Query of the address, with its question mark; empty without one.
    pub query: RwSignal<String>,
}

impl Router {
    /// Follows the address bar, the back button and every link of the page to itself.
    pub fn new() -> Self {
        let router = Self { path: RwSignal::new(String::new()), query: RwSignal::new(String::new()) };
        router.read();
        // Both listen for as long as the page lives.
        let _ = window_event_listener(ev::popstate, move |_| router.read());
        let _ = window_event_listener(ev::click, move |event| {
            let plain = event.button() == 0
                && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
            if let Some(address) = link_of(&event).filter(|_| plain && !event.default_prevented()) {
                event.prevent_default();
                router.go(&address);
            }
        });
        router
    }

    /// Goes to an address of this site as a new step of the history.
    pub fn go(self, address: &str) {
        self.step(address, true);
    }

    /// Puts another address in the place of this one.
    pub fn replace(self, address: &str) {
        self.step(address, false);
    }

    fn step(self, address: &str, push: bool) {
        let Ok(history) = window().history() else { return };
        let moved = if push {
            history.push_state_with_url(&JsValue::NULL, "", Some(address))
        } else {
            history.replace_state_with_url(&JsValue::NULL, "", Some(address))
        };
        if moved.is_ok() {
            self.read();
        }
    }

    fn read(self) {
        let location = window().location();
        let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
        // The path first: what shows at the old one is gone before it could read the new query.
        if self.path.get_untracked() != path {
            self.path.set(path);
        }
        if self.query.get_untracked() != query {
            self.query.set(query);
        }
    }
}

/// The router of this page.
pub fn use_router() -> Router {
    expect_context::<Router>()
}

/// The address of the link that was clicked, if it leads to a page of this site.
fn link_of(event: &web_sys::MouseEvent) -> Option<String> {
    let link = event.target()?.dyn_into::<Element>().ok()?.closest("a[href]").ok()??;
    let address = link.get_attribute("href")?;
    let elsewhere = link.has_attribute("target") || link.has_attribute("download");
    (address.starts_with('/') && !address.starts_with("/api/") && !elsewhere).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_pages() {
        let id = "6f1cd2f0-4c6f-4f0e-8a52-111111111111";
        for (path, place) in [
            ("/", Place::Live),
            ("/me", Place::Me),
            ("/people", Place::People),
            ("/people/", Place::People),
            ("/people/6f1cd2f0-4c6f-4f0e-8a52-111111111111", Place::Person(id.parse().expect("an id"))),
            ("/people/nobody", Place::Nowhere),
            ("/people/import", Place::Import),
            ("/groups", Place::Groups),
            ("/groups/6f1cd2f0-4c6f-4f0e-8a52-111111111111", Place::Group(id.parse().expect("an id"))),
            ("/groups/7b", Place::Nowhere),
            ("/schedules", Place::Schedules),
            ("/schedules/holidays", Place::Holidays),
            ("/schedules/6f1cd2f0-4c6f-4f0e-8a52-111111111111", Place::Schedule(id.parse().expect("an id"))),
            ("/attendance", Place::Attendance(String::new())),
            ("/attendance/on-site", Place::Attendance("on-site".to_owned())),
            ("/review", Place::Review),
            ("/review/more", Place::Nowhere),
            ("/invitation", Place::Invitation),
            ("/kiosk", Place::Kiosk),
            ("/kiosk/more", Place::Nowhere),
            ("/settings", Place::Settings(String::new())),
            ("/settings/feeds", Place::Settings("feeds".to_owned())),
            ("/settings/feeds/more", Place::Nowhere),
            ("/reports", Place::Reports),
            ("/analytics", Place::Analytics),
            ("/reports/more", Place::Nowhere),
        ] {
            assert_eq!(Place::at(path), place, "{path}");
        }
    }
}
