//! The Live page.

use std::time::Duration;

use leptos::{ev, prelude::*};
use types::{FeedId, FeedView};

use super::counters::Counters;
use super::own::OwnTile;
use super::rail::LastArrivals;
use super::tile::{Enlarged, FeedTile};
use super::watch::Watch;
use crate::api::use_api;
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::shell::Signals;
use crate::ui::{Empty, Entry, Failed, Icon, List, When, icons};

/// How often the list of feeds is read again.
const FEEDS_EVERY: Duration = Duration::from_secs(30);

/// Cameras left, counters on top, last arrivals right.
#[component]
pub fn LivePage() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let enlarged = RwSignal::new(None::<FeedId>);
    provide_context(Enlarged(enlarged));
    leave_fullscreen_together(enlarged);

    let feeds = Loader::<Vec<FeedView>>::new();
    let read = move || feeds.run(async move { api.feeds().await.map(|page| page.items) });
    read();
    if let Ok(timer) = set_interval_with_handle(read, FEEDS_EVERY) {
        on_cleanup(move || timer.clear());
    }
    on_cleanup(move || desk.wall.set(false));

    view! {
        <div class="live" class:live-enlarged=move || enlarged.get().is_some()>
            <div class="live-head">
                <h1 class="page-title">{say!(live.title)}</h1>
                <WallClock />
                <Counters />
                <button
                    type="button"
                    class="icon-btn wall-toggle"
                    aria-keyshortcuts="w"
                    aria-label=say!(shell.wall_mode)
                    title=say!(shell.wall_mode_key)
                    on:click=move |_| desk.wall.update(|wall| *wall = !*wall)
                >
                    {move || {
                        let icon = if desk.wall.get() { icons::Close } else { icons::Wall };
                        view! { <Icon icon /> }
                    }}
                </button>
            </div>
            <div class="live-feeds">
                {move || match feeds.get() {
                    Load::Failed(failure) => {
                        view! { <Failed failure retry=Callback::new(move |()| read()) /> }.into_any()
                    }
                    Load::Waiting => view! { <div class="feed-grid"><div class="tile tile-waiting"></div></div> }.into_any(),
                    Load::Ready(_) => ().into_any(),
                }}
                <When is=move || feeds.is_ready()>
                    <FeedGrid feeds />
                </When>
            </div>
            <LastArrivals />
        </div>
    }
}

#[component]
fn FeedGrid(feeds: Loader<Vec<FeedView>>) -> impl IntoView {
    let desk = use_desk();
    let sending = RwSignal::new(None::<FeedId>);
    let watch = StoredValue::new_local(Watch::new(expect_context::<Signals>().watch));
    let all = Signal::derive(move || feeds.value().unwrap_or_default());
    // Last pictures' times change on every reading; a tile is made anew only for another feed or name.
    let others = Memo::new(move |_| {
        let own = sending.get();
        all.get().into_iter().filter(|feed| Some(feed.id) != own).collect::<Vec<_>>()
    });
    let on_feed = Callback::new(move |feed: FeedView| {
        let mut all = untrack(|| feeds.value()).unwrap_or_default();
        all.push(feed);
        feeds.set(all);
    });
    let tile = move |feed: FeedView| {
        Entry::new(format!("{} {}", feed.id, feed.name), move || {
            view! { <FeedTile feed=feed.clone() watch /> }.into_any()
        })
    };
    let tiles = Signal::derive(move || others.get().into_iter().map(tile).collect());
    let nothing = move || !desk.is_admin() && others.with(Vec::is_empty);
    view! {
        <div class="feed-grid">
            <When is=move || desk.is_admin()>
                <OwnTile feeds=all on_feed sending />
            </When>
            <List entries=tiles />
        </div>
        <When is=nothing>
            <Empty
                icon=icons::Feed
                title=say!(live.no_cameras)
                text=say!(live.no_cameras_text)
            />
        </When>
    }
}

/// The time of day, large, in the wall mode.
#[component]
fn WallClock() -> impl IntoView {
    let desk = use_desk();
    let time = move || clock::format_ms(desk.now_ms.get(), &desk.timezone(), Style::Minute);
    view! {
        <When is=move || desk.wall.get()>
            <p class="wall-clock tabular">{time}</p>
        </When>
    }
}

/// Escape leaves the browser's full screen without asking the page: follow it.
fn leave_fullscreen_together(enlarged: RwSignal<Option<FeedId>>) {
    let gone = window_event_listener(ev::fullscreenchange, move |_| {
        if document().fullscreen_element().is_none() {
            enlarged.set(None);
        }
    });
    let key = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" && enlarged.get_untracked().is_some() {
            enlarged.set(None);
        }
    });
    on_cleanup(move || {
        gone.remove();
        key.remove();
    });
}
