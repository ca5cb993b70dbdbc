//! The newest arrivals and today's figures, kept current by the server's events.
//!
//! The event stream starts at "now" whenever it is opened anew (the browser resumes by itself only after a
//! broken connection), so the list is read again each time the stream opens, and both are merged by id.

use std::time::Duration;

use leptos::prelude::*;
use types::{ArrivalId, ArrivalView, Today};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

use crate::api::{Api, ArrivalQuery, use_api};
use crate::backoff::Backoff;
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::{Desk, use_desk};

/// How many arrivals the rail keeps.
const KEPT: usize = 50;
/// A burst of arrivals asks for today's figures once.
const FIGURES_DELAY: Duration = Duration::from_millis(400);

/// State of a pushed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Not needed at the moment.
    Idle,
    /// Being opened for the first time.
    Opening,
    /// Open.
    Up,
    /// Broken; being opened again.
    Down,
}

/// An arrival, and whether it came while the page was open.
#[derive(Debug, Clone, PartialEq)]
pub struct Recent {
    pub arrival: ArrivalView,
    pub pushed: bool,
}

/// The arrivals of this page.
#[derive(Clone, Copy)]
pub struct Arrivals {
    /// Newest first.
    pub items: RwSignal<Vec<Recent>>,
    /// Whether the list has been read.
    pub state: RwSignal<Load<()>>,
    /// Today's figures.
    pub today: Loader<Today>,
    /// The event stream.
    pub link: RwSignal<Link>,
    /// The newest arrival as a sentence for screen readers.
    pub spoken: RwSignal<String>,
    figures_due: StoredValue<bool>,
    backoff: StoredValue<Backoff>,
    stream: StoredValue<Option<Stream>, LocalStorage>,
    api: Api,
    desk: Desk,
}

/// An open event stream and the handlers that it calls.
struct Stream {
    source: EventSource,
    _on_event: Closure<dyn FnMut(Event)>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

impl Arrivals {
    /// Nothing read, no stream.
    pub fn new(api: Api, desk: Desk) -> Self {
        Self {
            items: RwSignal::new(Vec::new()),
            state: RwSignal::new(Load::Waiting),
            today: Loader::new(),
            link: RwSignal::new(Link::Opening),
            spoken: RwSignal::new(String::new()),
            figures_due: StoredValue::new(false),
            backoff: StoredValue::new(Backoff::default()),
            stream: StoredValue::new_local(None),
            api,
            desk,
        }
    }

    /// Opens the stream; an open one is replaced.
    pub fn open(self) {
        let Ok(source) = EventSource::new("/api/v1/arrivals/events") else { return };
        let on_event = Closure::<dyn FnMut(Event)>::new(move |event: Event| match event.type_().as_str() {
            "open" => self.opened(),
            "arrival" => self.received(&event),
            _ => self.broken(),
        });
        let handler = on_event.as_ref().unchecked_ref();
        source.set_onopen(Some(handler));
        source.set_onerror(Some(handler));
        // Registering a listener fails only on a handler that is not callable.
        let _ = source.add_event_listener_with_callback("arrival", handler);
        self.stream.try_set_value(Some(Stream { source, _on_event: on_event }));
    }

    /// Closes the stream and forgets what came over it.
    pub fn close(self) {
        self.stream.set_value(None);
        self.items.set(Vec::new());
        self.state.set(Load::Waiting);
        self.today.reset();
        self.link.set(Link::Opening);
        self.spoken.set(String::new());
    }

    /// Reads the list and today's figures again.
    pub fn refresh(self) {
        self.refresh_today();
        leptos::task::spawn_local(async move {
            let query = ArrivalQuery { limit: KEPT as u32, ..ArrivalQuery::default() };
            match self.api.arrivals(&query).await {
                Ok(page) => {
                    let fresh = page.items.into_iter().map(|arrival| Recent { arrival, pushed: false });
                    self.items.try_update(|items| merge(items, fresh));
                    self.state.try_set(Load::Ready(()));
                }
                Err(failure) => {
                    self.state.try_update(|state| {
                        if !matches!(state, Load::Ready(())) {
                            *state = Load::Failed(failure);
                        }
                    });
                }
            }
        });
    }

    /// Takes an arrival of a person who is gone off the list.
    pub fn forget(self, gone: impl Fn(&ArrivalView) -> bool) {
        self.items.update(|items| items.retain(|recent| !gone(&recent.arrival)));
        self.refresh_today();
    }

    /// Reads today's figures again.
    pub fn refresh_today(self) {
        self.today.run(self.api.today());
    }

    fn opened(self) {
        self.link.try_set(Link::Up);
        self.backoff.try_update_value(Backoff::reset);
        self.refresh();
    }

    fn received(self, event: &Event) {
        let text = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
        let Some(arrival) = text.and_then(|text| serde_json::from_str::<ArrivalView>(&text).ok()) else {
            return;
        };
        let zone = self.desk.site.with_untracked(|site| site.clone().map(|s| s.timezone).unwrap_or_default());
        let time = clock::format(arrival.at, &zone, Style::Minute);
        let (name, feed) = (arrival.person.name.clone(), arrival.feed.name.clone());
        self.spoken.try_set(say!(live.spoken, name = name, feed = feed, time = time));
        self.items.try_update(|items| merge(items, [Recent { arrival, pushed: true }]));
        self.refresh_today_soon();
    }

    fn broken(self) {
        self.link.try_set(Link::Down);
        let closed = self
            .stream
            .try_with_value(|stream| {
                stream.as_ref().is_some_and(|open| open.source.ready_state() == EventSource::CLOSED)
            })
            .unwrap_or(false);
        if !closed {
            return;
        }
        // The browser gave up (an answer other than 200). Is the session still there? Then try again.
        let Some(wait) = self.backoff.try_update_value(|backoff| backoff.next_ms(js_sys::Math::random()))
        else {
            return;
        };
        set_timeout(
            move || {
                leptos::task::spawn_local(async move {
                    let asked = self.api.session().await;
                    let wanted =
                        self.stream.try_with_value(Option::is_some).unwrap_or(false) && !signed_out(&asked);
                    if wanted {
                        self.open();
                    }
                });
            },
            Duration::from_millis(u64::from(wait)),
        );
    }

    fn refresh_today_soon(self) {
        if self.figures_due.try_get_value() != Some(false) {
            return;
        }
        self.figures_due.set_value(true);
        set_timeout(
            move || {
                self.figures_due.try_set_value(false);
                self.refresh_today();
            },
            FIGURES_DELAY,
        );
    }
}

/// The arrivals of this page, opened while `Arrivals` is in use and the user is signed in.
pub fn provide_arrivals() -> Arrivals {
    let arrivals = Arrivals::new(use_api(), use_desk());
    provide_context(arrivals);
    if use_desk().is_member() {
        // Nothing is pushed to members.
        arrivals.link.set(Link::Idle);
        return arrivals;
    }
    arrivals.open();
    on_cleanup(move || arrivals.close());
    arrivals
}

fn signed_out<T>(asked: &Result<T, crate::api::Failure>) -> bool {
    matches!(asked, Err(crate::api::Failure::Refused { status: 401, .. }))
}

/// Puts `fresh` into `items`, newest first, each id once (a replay may move an arrival's time).
fn merge(items: &mut Vec<Recent>, fresh: impl IntoIterator<Item = Recent>) {
    for mut recent in fresh {
        let id: ArrivalId = recent.arrival.id;
        if let Some(at) = items.iter().position(|known| known.arrival.id == id) {
            recent.pushed = items[at].pushed;
            items.remove(at);
        }
        let place = items.partition_point(|known| known.arrival.at > recent.arrival.at);
        items.insert(place, recent);
    }
    items.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use types::{ArrivalMethod, FeedRef, PersonRef};

    fn recent(number: u128, seconds: i64, pushed: bool) -> Recent {
        let id = format!("{number:032x}");
        let at = DateTime::from_timestamp(seconds, 0).expect("in range");
        Recent {
            arrival: ArrivalView {
                id: id.parse().expect("an id"),
                person: PersonRef { id: id.parse().expect("an id"), name: String::new(), photo: None },
                feed: FeedRef { id: id.parse().expect("an id"), name: String::new() },
                at,
                recorded_at: at,
                similarity: None,
                margin: None,
                liveness: None,
                method: ArrivalMethod::Face,
                reassigned_from: None,
                voided: None,
            },
            pushed,
        }
    }

    #[test]
    fn events_and_the_list_merge_newest_first_without_doubles() {
        let mut items = Vec::new();
        merge(&mut items, [recent(2, 200, true)]);
        merge(&mut items, [recent(3, 300, false), recent(2, 200, false), recent(1, 100, false)]);
        let seen: Vec<(i64, bool)> =
            items.iter().map(|item| (item.arrival.at.timestamp(), item.pushed)).collect();
        assert_eq!(seen, [(300, false), (200, true), (100, false)]);
    }

    #[test]
    fn a_replay_moves_its_arrival_back() {
        let mut items = Vec::new();
        merge(&mut items, [recent(1, 100, false), recent(2, 200, false)]);
        merge(&mut items, [recent(2, 50, true)]);
        let times: Vec<i64> = items.iter().map(|item| item.arrival.at.timestamp()).collect();
        assert_eq!(times, [100, 50]);
    }

    #[test]
    fn the_rail_keeps_the_newest() {
        let mut items = Vec::new();
        merge(&mut items, (0..80).map(|n| recent(n, n as i64, false)));
        assert_eq!(items.len(), KEPT);
        assert_eq!(items[0].arrival.at.timestamp(), 79);
    }
}
