//! One feed in the grid.

use leptos::{html, prelude::*};
use types::{FeedId, PersonId};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, IntersectionObserver, IntersectionObserverEntry};

use super::count::LiveFeeds;
use super::overlay::Overlay;
use super::state::{TileState, tile_state};
use super::unknown::UnknownShown;
use crate::api::LiveFeed;
use crate::clock::{self, Style};
use crate::language::say;
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Icon, When, icons};
use crate::watch::{Slot, use_watch};

/// In milliseconds.
const DAY_MS: f64 = 86_400_000.0;

/// The tile that fills the screen, if one does.
#[derive(Clone, Copy)]
pub struct Enlarged(pub RwSignal<Option<FeedId>>);

impl Enlarged {
    /// Fills the screen with `feed`, or leaves it where it does already.
    pub fn toggle(self, feed: FeedId) {
        self.0.update(|shown| *shown = if *shown == Some(feed) { None } else { Some(feed) });
    }
}

/// The frame of a tile: name and state in a corner, full screen on demand.
#[component]
pub fn TileFrame(
    /// Which feed; `None` while this browser's camera sends as none.
    #[prop(into)]
    feed: Signal<Option<FeedId>>,
    /// Its name.
    #[prop(into)]
    name: Signal<String>,
    /// How it does.
    #[prop(into)]
    state: Signal<TileState>,
    /// Whether there is a picture that can fill the screen.
    #[prop(into)]
    can_enlarge: Signal<bool>,
    /// Whether it can be given another place in the grid.
    #[prop(optional)]
    movable: bool,
    children: Children,
) -> impl IntoView {
    let enlarged = expect_context::<Enlarged>();
    let node = NodeRef::<html::Article>::new();
    let is_large = Memo::new(move |_| enlarged.0.get().is_some() && enlarged.0.get() == feed.get());
    Effect::new(move |before: Option<bool>| {
        let large = is_large.get();
        if let (Some(tile), true) = (node.get_untracked(), before.is_some_and(|before| before != large)) {
            set_fullscreen(&tile, large);
        }
        large
    });
    let label = move || {
        if is_large.get() {
            say!(live.leave_full, name = name.get())
        } else {
            say!(live.enlarge, name = name.get())
        }
    };
    let toggle = move || {
        if let Some(feed) = feed.get_untracked().filter(|_| can_enlarge.get_untracked()) {
            enlarged.toggle(feed);
        }
    };
    let entered = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" && event.target() == event.current_target() {
            toggle();
        }
    };
    let state = Memo::new(move |_| state.get());
    view! {
        <article
            node_ref=node
            class="tile"
            class:tile-large=is_large
            data-testid="tile"
            data-feed=move || feed.get().map(|feed| feed.to_string())
            draggable=movable.then_some("true")
            tabindex="0"
            aria-label=name
            aria-keyshortcuts="Enter"
            on:keydown=entered
        >
            {children()}
            <p class="chip tile-name" data-state=move || state.get().key title=move || state.get().message>
                <span class="chip-dot" aria-hidden="true"></span>
                <span class="tile-title" dir="auto">{name}</span>
                <span class="chip-words">{move || state.get().words}</span>
            </p>
            <When is=move || can_enlarge.get()>
                <button type="button" class="chip tile-enlarge" aria-label=label title=label on:click=move |_| toggle()>
                    {move || {
                        let icon = if is_large.get() { icons::Reduce } else { icons::Enlarge };
                        view! { <Icon icon /> }
                    }}
                </button>
            </When>
        </article>
    }
}

/// Asks the browser for the whole screen. Where it has none to give (a phone) the tile fills the window.
fn set_fullscreen(tile: &HtmlElement, large: bool) {
    if large {
        let _ = tile.request_fullscreen();
    } else if document().fullscreen_element().is_some() {
        document().exit_fullscreen();
    }
}

/// A feed that another device sends.
#[component]
pub fn FeedTile(
    /// Which feed.
    id: FeedId,
    /// Its name.
    name: String,
    /// What is known of all feeds.
    feeds: Signal<Vec<LiveFeed>>,
) -> impl IntoView {
    let (desk, watch) = (use_desk(), use_watch());
    let enlarged = expect_context::<Enlarged>();
    let canvas = NodeRef::<html::Canvas>::new();
    let slot = Slot::new();
    let in_view = seen_by_reader(canvas);
    Effect::new(move |_| match canvas.get() {
        Some(canvas) if in_view.get() => {
            slot.picture.set_value(Some(canvas));
            watch.show(id, slot);
        }
        _ => watch.hide(id),
    });
    on_cleanup(move || watch.hide(id));
    let listed = Memo::new(move |_| {
        feeds.with(|feeds| {
            let feed = feeds.iter().find(|feed| feed.id == id)?;
            Some((feed.last_frame_at.map_or(0.0, |at| at.timestamp_millis() as f64), feed.device.clone()))
        })
    });
    let state = Memo::new(move |_| {
        let (known, device) = listed.get().unwrap_or_default();
        let (now, newest) = (desk.now_ms.get().max(js_sys::Date::now()), slot.last_ms.get());
        tile_state(now, newest.max(known), slot.asked_ms.get(), newest > 0.0, device.as_ref())
    });
    let live = Memo::new(move |_| state.with(|state| state.key == "live"));
    expect_context::<LiveFeeds>().count(id, in_view, live);
    let router = use_router();
    let on_person = move |person: PersonId| router.go(&format!("/people/{person}"));
    let on_unknown = expect_context::<UnknownShown>().opener(Signal::stored(Some(id)));
    let on_click = move |()| {
        if live.get_untracked() || enlarged.0.get_untracked().is_some() {
            enlarged.toggle(id);
        }
    };
    let troubled = move || state.with(|state| state.key == "trouble");
    let since = move || {
        let at = state.with(|state| state.since_ms);
        let style = if desk.now_ms.get() - at < DAY_MS { Style::Minute } else { Style::Full };
        (at > 0.0).then(|| say!(live.no_picture_since, time = clock::format_ms(at, &desk.timezone(), style)))
    };
    view! {
        <TileFrame feed=Signal::stored(Some(id)) name=Signal::stored(name) state can_enlarge=live movable=true>
            <canvas
                node_ref=canvas
                class="tile-picture"
                class:tile-picture-old=move || !live.get()
                role="img"
                aria-label=say!(live.picture_of_camera)
            ></canvas>
            <When is=move || troubled() || slot.last_ms.get() == 0.0>
                <div class="tile-note">
                    <Icon icon=icons::NoPicture class="icon-lg" />
                    <p class="tile-none">
                        {move || if troubled() { state.get().words } else { say!(live.no_picture).to_owned() }}
                    </p>
                    <p class="tile-since">{since}</p>
                    <p class="tile-message" dir="auto">{move || state.get().message}</p>
                </div>
            </When>
            <Overlay seen=slot.seen testid="feed-overlay" on_person on_unknown on_click />
        </TileFrame>
    }
}

/// Whether a tile's picture is inside of what the reader sees of the page.
fn seen_by_reader(node: NodeRef<html::Canvas>) -> RwSignal<bool> {
    type Held = (IntersectionObserver, Closure<dyn FnMut(js_sys::Array)>);
    let in_view = RwSignal::new(false);
    let held = StoredValue::new_local(None::<Held>);
    Effect::new(move |_| {
        let Some(canvas) = node.get() else { return };
        let noticed = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let newest = entries.pop().dyn_into::<IntersectionObserverEntry>();
            if let Ok(entry) = newest {
                in_view.try_set(entry.is_intersecting());
            }
        });
        if let Ok(observer) = IntersectionObserver::new(noticed.as_ref().unchecked_ref()) {
            observer.observe(&canvas);
            held.set_value(Some((observer, noticed)));
        }
    });
    on_cleanup(move || {
        held.try_update_value(|held| {
            if let Some((observer, _)) = held.take() {
                observer.disconnect();
            }
        });
    });
    in_view
}
