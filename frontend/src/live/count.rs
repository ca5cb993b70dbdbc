//! How many feeds are live: those in view as their tiles say, the others by what the list of feeds knew of them.

use leptos::prelude::*;
use types::FeedId;

use super::state::tile_state;
use crate::api::LiveFeed;
use crate::loading::Loader;

/// The feeds of the page, and the tiles of them that are in view.
#[derive(Clone, Copy)]
pub struct LiveFeeds {
    feeds: Loader<Vec<LiveFeed>>,
    in_view: RwSignal<Vec<(FeedId, Memo<bool>)>>,
}

impl LiveFeeds {
    /// Of a page with this list.
    pub fn new(feeds: Loader<Vec<LiveFeed>>) -> Self {
        Self { feeds, in_view: RwSignal::new(Vec::new()) }
    }

    /// Takes the word of a feed's tile for it while that is in view.
    pub fn count(self, feed: FeedId, in_view: RwSignal<bool>, live: Memo<bool>) {
        let forget = move || self.in_view.try_update(|tiles| tiles.retain(|(id, _)| *id != feed));
        Effect::new(move |_| {
            forget();
            if in_view.get() {
                self.in_view.update(|tiles| tiles.push((feed, live)));
            }
        });
        on_cleanup(move || {
            forget();
        });
    }

    /// How many are live, and how many there are; `None` until the list is there.
    pub fn counted(self) -> Memo<Option<(usize, usize)>> {
        // By the clock of the moment in which the list came, which is as old as it is.
        let listed = Memo::new(move |_| {
            let now = js_sys::Date::now();
            let live = |feed: LiveFeed| {
                let last = feed.last_frame_at.map_or(0.0, |at| at.timestamp_millis() as f64);
                (feed.id, tile_state(now, last, 0.0, true, feed.device.as_ref()).key == "live")
            };
            Some(self.feeds.value()?.into_iter().map(live).collect::<Vec<_>>())
        });
        Memo::new(move |_| {
            let listed = listed.get()?;
            let live = self.in_view.with(|tiles| {
                let tile = |feed| tiles.iter().find(|(id, _)| *id == feed);
                listed.iter().filter(|(id, live)| tile(*id).map_or(*live, |(_, live)| live.get())).count()
            });
            Some((live, listed.len()))
        })
    }
}
