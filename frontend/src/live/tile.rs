//! One feed in the grid.

use leptos::{html, prelude::*};
use types::{FeedId, FeedView, PersonId};
use web_sys::HtmlElement;

use super::overlay::Overlay;
use super::watch::{Slot, Watch};
use crate::elapsed::ago;
use crate::language::say;
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Icon, When, icons};

/// A feed that sent nothing for this long is quiet, in milliseconds.
const QUIET_MS: f64 = 10_000.0;

/// The tile that fills the screen, if one does.
#[derive(Clone, Copy)]
pub struct Enlarged(pub RwSignal<Option<FeedId>>);

/// The frame of a tile: name and state in a corner, full screen on demand.
#[component]
pub fn TileFrame(
    /// Which feed; `None` while this browser's camera sends as none.
    #[prop(into)]
    feed: Signal<Option<FeedId>>,
    /// Its name.
    #[prop(into)]
    name: Signal<String>,
    /// `live` or `quiet`, and the words for it.
    #[prop(into)]
    state: Signal<(&'static str, String)>,
    /// Whether there is a picture that can fill the screen.
    #[prop(into)]
    can_enlarge: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let enlarged = expect_context::<Enlarged>().0;
    let node = NodeRef::<html::Article>::new();
    let is_large = Memo::new(move |_| enlarged.get().is_some() && enlarged.get() == feed.get());
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
    let toggle = move |_| {
        enlarged.update(|shown| *shown = if is_large.get_untracked() { None } else { feed.get_untracked() })
    };
    view! {
        <article node_ref=node class="tile" class:tile-large=is_large aria-label=name>
            {children()}
            <p class="chip tile-name" data-state=move || state.get().0>
                <span class="chip-dot" aria-hidden="true"></span>
                <span class="truncate font-medium">{name}</span>
                <span class="chip-words">{move || state.get().1}</span>
            </p>
            <When is=move || can_enlarge.get()>
                <button type="button" class="chip tile-enlarge" aria-label=label title=label on:click=toggle>
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
pub fn FeedTile(feed: FeedView, watch: StoredValue<Watch, LocalStorage>) -> impl IntoView {
    let desk = use_desk();
    let enlarged = expect_context::<Enlarged>().0;
    let canvas = NodeRef::<html::Canvas>::new();
    let id = feed.id;
    let slot = Slot {
        seen: RwSignal::new(None),
        last_ms: RwSignal::new(0.0),
        picture: StoredValue::new_local(None),
    };
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            slot.picture.set_value(Some(canvas));
            watch.with_value(|watch| watch.show(id, slot));
        }
    });
    on_cleanup(move || {
        watch.try_with_value(|watch| watch.hide(id));
    });
    let live = Memo::new(move |_| desk.now_ms.get().max(js_sys::Date::now()) - slot.last_ms.get() < QUIET_MS);
    let last_known = feed.last_frame_at.map_or(0.0, |at| at.timestamp_millis() as f64);
    let state = Signal::derive(move || {
        let last = slot.last_ms.get().max(last_known);
        match (live.get(), last > 0.0) {
            (true, _) => ("live", say!(live.title).to_owned()),
            (false, true) => {
                ("quiet", say!(live.last_picture, ago = ago(((desk.now_ms.get() - last) / 1000.0) as i64)))
            }
            (false, false) => ("quiet", say!(live.no_picture_yet).to_owned()),
        }
    });
    let router = use_router();
    let on_person = move |person: PersonId| router.go(&format!("/people/{person}"));
    let on_click = move |()| {
        if live.get_untracked() {
            enlarged.update(|shown| *shown = if *shown == Some(id) { None } else { Some(id) });
        }
    };
    view! {
        <TileFrame feed=Signal::stored(Some(id)) name=Signal::stored(feed.name) state can_enlarge=live>
            <canvas
                node_ref=canvas
                class="tile-picture"
                class:tile-picture-old=move || !live.get()
                role="img"
                aria-label=say!(live.picture_of_camera)
            ></canvas>
            <When is=move || slot.last_ms.get() == 0.0>
                <div class="tile-note">
                    <Icon icon=icons::NoPicture class="icon-lg" />
                    <p>{say!(live.no_picture)}</p>
                </div>
            </When>
            <Overlay seen=slot.seen testid="feed-overlay" on_person on_click />
        </TileFrame>
    }
}
