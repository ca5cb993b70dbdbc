//! The Live page.

use std::time::Duration;

use leptos::{ev, prelude::*};
use types::FeedId;

use super::count::LiveFeeds;
use super::counters::Counters;
use super::grid::FeedGrid;
use super::rail::LastArrivals;
use super::tile::Enlarged;
use super::unknown::{UnknownPanel, UnknownShown, Whose};
use crate::api::{LiveFeed, use_api};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Failed, Icon, When, icons};
use crate::watch::{self, use_watch};

/// How often the list of feeds is read again while somebody looks.
const FEEDS_EVERY: Duration = Duration::from_secs(10);

/// Cameras left, counters on top, last arrivals right.
#[component]
pub fn LivePage() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let enlarged = RwSignal::new(None::<FeedId>);
    provide_context(Enlarged(enlarged));
    let shown = use_watch();
    shown.follow();
    Effect::new(move |_| shown.enlarge(enlarged.get()));
    on_cleanup(move || shown.enlarge(None));
    let unknown = RwSignal::new(None::<Whose>);
    provide_context(UnknownShown(unknown));
    leave_together(enlarged, unknown);

    let feeds = Loader::<Vec<LiveFeed>>::new();
    let read = move || feeds.run(async move { api.live_feeds().await.map(|page| page.items) });
    provide_context(LiveFeeds::new(feeds));
    read();
    let again = move || {
        if !watch::hidden() {
            read();
        }
    };
    if let Ok(timer) = set_interval_with_handle(again, FEEDS_EVERY) {
        on_cleanup(move || timer.clear());
    }
    on_cleanup(move || desk.wall.set(false));

    let name_of = move |whose: Whose| {
        Signal::derive(move || match whose {
            Whose::Everywhere => say!(live.at_all_cameras).to_owned(),
            Whose::Feed(id) => {
                let named =
                    |feeds: Vec<LiveFeed>| feeds.into_iter().find(|feed| feed.id == id).map(|feed| feed.name);
                feeds.value().and_then(named).unwrap_or_default()
            }
        })
    };
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
            {move || unknown.get().map(|whose| view! { <UnknownPanel whose name=name_of(whose) /> })}
        </div>
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

/// Escape leaves the browser's full screen without asking the page: follow it. Next it closes the panel.
fn leave_together(enlarged: RwSignal<Option<FeedId>>, unknown: RwSignal<Option<Whose>>) {
    let gone = window_event_listener(ev::fullscreenchange, move |_| {
        if document().fullscreen_element().is_none() {
            enlarged.set(None);
        }
    });
    let key = window_event_listener(ev::keydown, move |event| {
        if event.key() != "Escape" || document().query_selector("dialog[open]").ok().flatten().is_some() {
            return;
        }
        if enlarged.get_untracked().is_some() {
            enlarged.set(None);
        } else if unknown.get_untracked().is_some() {
            unknown.set(None);
        }
    });
    on_cleanup(move || {
        gone.remove();
        key.remove();
    });
}
