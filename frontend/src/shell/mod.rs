//! What frames the pages: rail, top bar, search, banners, sign-in.

mod account;
mod banner;
mod confirmation;
mod hits;
pub mod oidc;
pub mod parts;
mod rail;
mod search;
mod sign_in;
pub mod theme;
mod topbar;

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use types::PartStatus;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::api::use_api;
use crate::arrivals::provide_arrivals;
use crate::attendance::Drafts;
use crate::language::say;
use crate::live::{LivePage, provide_camera};
use crate::review::provide_waiting;
use crate::router::{Place, use_router};
use crate::session::{Desk, use_desk};
use crate::ui::{Empty, Later, icons, letter};
use crate::watch::Link;

pub use confirmation::Confirmation;
pub use sign_in::SignIn;

/// How often the parts' health is asked for.
const HEALTH_EVERY: Duration = Duration::from_secs(15);

/// What the page knows of the connections, for the top bar and the banners.
#[derive(Clone, Copy)]
pub struct Signals {
    /// The WebSocket that brings other cameras' pictures and the arrivals.
    pub watch: RwSignal<Link>,
    /// The WebSocket that carries this browser's camera.
    pub camera: RwSignal<Link>,
    /// Stops this browser's camera; `None` while it is off.
    pub stop_camera: RwSignal<Option<Callback<()>>>,
    /// Whether the recognizer does not answer.
    pub recognizer_down: RwSignal<bool>,
}

/// The dashboard of somebody who is signed in.
#[component]
pub fn Shell() -> impl IntoView {
    let desk = use_desk();
    let watch = provide_arrivals();
    provide_waiting();
    keep_drafts();
    let signals = Signals {
        watch: watch.link,
        camera: RwSignal::new(Link::Idle),
        stop_camera: RwSignal::new(None),
        recognizer_down: RwSignal::new(false),
    };
    provide_context(signals);
    provide_camera();
    read_site();
    watch_health(signals);
    listen_to_keys();
    let router = use_router();
    let place = Memo::new(move |_| router.path.with(|path| allowed(Place::at(path), desk)));
    announce(place);
    view! {
        <a class="skip" href="#page">{say!(shell.skip)}</a>
        <div class="shell" class:wall=move || desk.wall.get()>
            <rail::Rail />
            <topbar::TopBar />
            <main id="page" class="page" tabindex="-1">
                <banner::Banner />
                {move || match place.get() {
                    Place::Live => view! { <LivePage /> }.into_any(),
                    Place::Me => view! { <Later fetch=parts::me() /> }.into_any(),
                    Place::Attendance(section) => view! { <Later fetch=parts::attendance(section) /> }.into_any(),
                    Place::People => view! { <Later fetch=parts::people() /> }.into_any(),
                    Place::Person(id) => view! { <Later fetch=parts::person(id) /> }.into_any(),
                    Place::Import => view! { <Later fetch=parts::import() /> }.into_any(),
                    Place::Groups => view! { <Later fetch=parts::groups() /> }.into_any(),
                    Place::Group(id) => view! { <Later fetch=parts::group(id) /> }.into_any(),
                    Place::Schedules => view! { <Later fetch=parts::schedules() /> }.into_any(),
                    Place::Schedule(id) => view! { <Later fetch=parts::schedule(id) /> }.into_any(),
                    Place::Holidays => view! { <Later fetch=parts::holidays() /> }.into_any(),
                    Place::Reports => view! { <Later fetch=parts::reports(false) /> }.into_any(),
                    Place::Analytics => view! { <Later fetch=parts::reports(true) /> }.into_any(),
                    Place::Review => view! { <Later fetch=parts::review() /> }.into_any(),
                    Place::Settings(section) => view! { <Later fetch=parts::settings(section) /> }.into_any(),
                    Place::Invitation | Place::Kiosk | Place::Nowhere => view! { <NotFound /> }.into_any(),
                }}
            </main>
        </div>
    }
}

/// What somebody gets to see of a page: members their own record alone, which they come to first.
fn allowed(place: Place, desk: Desk) -> Place {
    match place {
        Place::Live | Place::Me if desk.is_member() => Place::Me,
        Place::Settings(_) => place,
        Place::Me => Place::Nowhere,
        Place::Review | Place::Import if !desk.is_admin() => Place::Nowhere,
        Place::Reports | Place::Analytics if !desk.marks() => Place::Nowhere,
        // Guards see who is on site, and no marks.
        Place::Attendance(ref section) if !desk.marks() && section != "on-site" => Place::Nowhere,
        _ if desk.is_member() => Place::Nowhere,
        _ => place,
    }
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <Empty icon=icons::Search title=say!(shell.no_such_page) text=say!(shell.no_such_page_text)>
            <a class="btn" href="/">{say!(shell.go_to_start)}</a>
        </Empty>
    }
}

/// Marks that are not saved live as long as this page; leaving the page itself asks first.
fn keep_drafts() {
    let drafts = Drafts::new();
    provide_context(drafts);
    let handle = window_event_listener(ev::beforeunload, move |event| {
        if drafts.any() {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

fn read_site() {
    let (api, desk) = (use_api(), use_desk());
    spawn_local(async move {
        if let Ok(settings) = api.settings().await {
            desk.site.try_set(Some(settings));
        }
    });
}

/// Another page begins at its top, with its own title, and the keyboard's next step leads into it.
fn announce(place: Memo<Place>) {
    let desk = use_desk();
    Effect::new(move |_| {
        let page = match place.get() {
            Place::Live => say!(shell.live),
            Place::Me => say!(shell.me),
            Place::Attendance(_) => say!(shell.attendance),
            Place::People => say!(shell.people),
            Place::Person(_) => say!(shell.person),
            Place::Import => say!(shell.import),
            Place::Groups | Place::Group(_) => say!(shell.groups),
            Place::Schedules | Place::Schedule(_) => say!(shell.schedules),
            Place::Holidays => say!(shell.holidays),
            Place::Reports => say!(shell.reports),
            Place::Analytics => say!(shell.analytics),
            Place::Review => say!(shell.review),
            Place::Settings(_) => say!(shell.settings),
            Place::Invitation | Place::Kiosk | Place::Nowhere => say!(shell.not_found),
        };
        let site = desk.site.with(|site| site.as_ref().map(|site| site.site_name.clone()));
        let site = site.filter(|site| !site.is_empty()).unwrap_or_else(|| say!(shell.product).to_owned());
        document().set_title(&say!(shell.title, page = page, site = site));
    });
    Effect::new(move |before: Option<()>| {
        place.track();
        let page = document().get_element_by_id("page").and_then(|page| page.dyn_into::<HtmlElement>().ok());
        if let (Some(page), Some(())) = (page, before) {
            page.set_scroll_top(0);
            // Fails only for an element that is not on the page.
            let _ = page.focus();
        }
    });
}

fn watch_health(signals: Signals) {
    let api = use_api();
    let ask = move || {
        spawn_local(async move {
            if let Ok(health) = api.health().await {
                signals.recognizer_down.try_set(health.recognizer == PartStatus::Down);
            }
        });
    };
    ask();
    if let Ok(timer) = set_interval_with_handle(ask, HEALTH_EVERY) {
        on_cleanup(move || timer.clear());
    }
}

/// `/` and Ctrl-K go to the search, `W` to and from the wall mode.
fn listen_to_keys() {
    let desk = use_desk();
    let router = use_router();
    if desk.is_member() {
        return;
    }
    let handle = window_event_listener(ev::keydown, move |event| {
        let typing = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
            .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"));
        let modal = document().query_selector("dialog[open]").ok().flatten().is_some();
        let with_key = event.ctrl_key() || event.meta_key();
        let key = letter(&event);
        if modal || event.alt_key() {
            return;
        }
        if (with_key && key == "k") || (!with_key && !typing && key == "/") {
            event.prevent_default();
            desk.wall.set(false);
            search::focus();
        } else if !with_key && !typing && key == "w" {
            let on_live = router.path.get_untracked() == "/";
            if !on_live {
                router.go("/");
            }
            desk.wall.update(|wall| *wall = !on_live || !*wall);
        } else if key == "escape" && desk.wall.get_untracked() && document().fullscreen_element().is_none() {
            desk.wall.set(false);
        }
    });
    on_cleanup(move || handle.remove());
}
