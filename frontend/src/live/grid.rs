//! The feeds side by side: searched where they are many, in the order that was chosen, walked with the arrow keys.

use leptos::{ev, html, prelude::*};
use types::FeedId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::arrange::{SEARCHED_FROM, arranged, columns, moved, step};
use super::search::Search;
use super::tile::FeedTile;
use crate::api::LiveFeed;
use crate::language::{is_rtl, say};
use crate::loading::Loader;
use crate::session::use_desk;
use crate::shell::parts;
use crate::ui::{Empty, Entry, Later, List, When, icons};

/// Where the chosen order lies in the browser.
const ORDER_KEY: &str = "feed-order";
/// Up to so many other feeds the tile of this browser's camera stands among them as large as they are.
const FEW: usize = 4;

/// All feeds, this browser's camera first.
#[component]
pub fn FeedGrid(feeds: Loader<Vec<LiveFeed>>) -> impl IntoView {
    let desk = use_desk();
    let sending = RwSignal::new(None::<FeedId>);
    let order = RwSignal::new(kept_order());
    let search = Search::new();
    let all = Signal::derive(move || feeds.value().unwrap_or_default());
    let many = Memo::new(move |_| all.with(|all| all.len() >= SEARCHED_FROM));
    // What is known of feeds changes with every reading; a tile is made anew only for another feed or name.
    let others = Memo::new(move |_| {
        let own = sending.get();
        let looking = many.get();
        let wanted =
            all.get().into_iter().filter(|feed| Some(feed.id) != own && (!looking || search.finds(feed)));
        let arranged = order.with(|order| arranged(wanted.collect(), order));
        arranged.into_iter().map(|feed| (feed.id, feed.name)).collect::<Vec<_>>()
    });
    let on_feed = Callback::new(move |feed: LiveFeed| {
        let mut all = untrack(|| feeds.value()).unwrap_or_default();
        all.push(feed);
        feeds.set(all);
    });
    let tile = move |(id, name): (FeedId, String)| {
        Entry::new(format!("{id} {name}"), move || {
            view! { <FeedTile id name=name.clone() feeds=all /> }.into_any()
        })
    };
    let tiles = Signal::derive(move || others.get().into_iter().map(tile).collect());
    let count = move || {
        let own = usize::from(desk.is_admin() && (sending.get().is_some() || others.with(Vec::len) <= FEW));
        (others.with(Vec::len) + own).max(1)
    };
    let none = move || others.with(Vec::is_empty);
    let grid = NodeRef::<html::Div>::new();
    let place = move |feed: FeedId, to: FeedId| {
        // The whole order is kept, also of those that the search leaves out now.
        let now: Vec<FeedId> = order
            .with_untracked(|order| arranged(all.get_untracked(), order))
            .iter()
            .map(|feed| feed.id)
            .collect();
        let next = moved(&now, feed, to);
        keep_order(&next);
        order.set(next);
    };
    let pressed = move |event: ev::KeyboardEvent| {
        if let Some(grid) = grid.get_untracked() {
            walk(&event, &grid, &place);
        }
    };
    let dragged = StoredValue::new(None::<FeedId>);
    let dropped = move |event: ev::DragEvent| {
        event.prevent_default();
        if let (Some(Some(feed)), Some(to)) = (dragged.try_get_value(), tile_of(event.target())) {
            place(feed, to);
        }
        dragged.set_value(None);
    };
    view! {
        <When is=move || many.get()>
            <Later fetch=parts::feed_search(search, all) meanwhile=|| ().into_any() />
        </When>
        <div
            node_ref=grid
            class="feed-grid"
            data-testid="feed-grid"
            data-columns=move || columns(count())
            class:feed-grid-many=move || { others.with(Vec::len) > FEW }
            on:keydown=pressed
            on:dragstart=move |event| dragged.set_value(tile_of(event.target()))
            on:dragover=move |event| {
                if dragged.try_get_value().flatten().is_some() {
                    event.prevent_default();
                }
            }
            on:drop=dropped
        >
            <When is=move || desk.is_admin()>
                <Later
                    fetch=parts::own_camera(all, on_feed, sending)
                    meanwhile=|| view! { <div class="tile tile-waiting"></div> }.into_any()
                />
            </When>
            <List entries=tiles />
        </div>
        <When is=move || many.get() && none()>
            <Empty icon=icons::Search title=say!(live.none_found) text=say!(live.none_found_text) />
        </When>
        <When is=move || !many.get() && !desk.is_admin() && none()>
            <Empty
                icon=icons::Feed
                title=say!(live.no_cameras)
                text=say!(live.no_cameras_text)
            />
        </When>
    }
}

/// Arrow keys lead from tile to tile; with Shift they take the tile along.
fn walk(event: &ev::KeyboardEvent, grid: &HtmlElement, place: &dyn Fn(FeedId, FeedId)) {
    let Ok(found) = grid.query_selector_all(".tile") else { return };
    let tiles: Vec<HtmlElement> =
        (0..found.length()).filter_map(|at| found.get(at)?.dyn_into().ok()).collect();
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    // Keys inside of a tile belong to what has the focus there.
    let Some(at) =
        tiles.iter().position(|tile| target.as_ref().is_some_and(|at| tile.is_same_node(Some(at))))
    else {
        return;
    };
    let first = tiles.first().map_or(0, HtmlElement::offset_top);
    let across = tiles.iter().take_while(|tile| tile.offset_top() == first).count().max(1);
    let Some(to) = step(&event.key(), at, tiles.len(), across, is_rtl()) else { return };
    event.prevent_default();
    if event.shift_key() {
        let id = |tile: &HtmlElement| tile.get_attribute("data-feed").and_then(|id| id.parse().ok());
        if let (Some(feed), Some(to)) = (id(&tiles[at]), id(&tiles[to])) {
            place(feed, to);
            // A tile that is moved loses the focus.
            let tile = tiles[at].clone();
            request_animation_frame(move || {
                let _ = tile.focus();
            });
        }
        return;
    }
    // Fails only for an element that is not on the page.
    let _ = tiles[to].focus();
}

/// The feed of the tile that an element is in.
fn tile_of(target: Option<web_sys::EventTarget>) -> Option<FeedId> {
    let tile = target?.dyn_into::<Element>().ok()?.closest(".tile").ok()??;
    tile.get_attribute("data-feed")?.parse().ok()
}

fn kept_order() -> Vec<FeedId> {
    let stored =
        window().local_storage().ok().flatten().and_then(|storage| storage.get_item(ORDER_KEY).ok()?);
    stored.unwrap_or_default().split(',').filter_map(|id| id.parse().ok()).collect()
}

fn keep_order(order: &[FeedId]) {
    let text: Vec<String> = order.iter().map(ToString::to_string).collect();
    if let Some(storage) = window().local_storage().ok().flatten() {
        // A full or closed storage only means the order by name again.
        let _ = storage.set_item(ORDER_KEY, &text.join(","));
    }
}
