//! The newest arrivals and today's figures, kept current over the dashboard's connection ([`crate::watch`]).
//!
//! The list is read again each time the connection opens, and what came over it is merged by id.

use std::time::Duration;

use leptos::prelude::*;
use types::{ArrivalDoubt, ArrivalId, ArrivalMethod, ArrivalView, Today};

use crate::api::{Api, ArrivalQuery, use_api};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::{Desk, use_desk};
use crate::ui::{Icon, icons};
use crate::watch::{Told, Watch, provide_watch};

/// How many arrivals the rail keeps.
const KEPT: usize = 50;
/// A burst of arrivals asks for today's figures once.
const FIGURES_DELAY: Duration = Duration::from_millis(400);

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
    /// The newest arrival as a sentence for screen readers.
    pub spoken: RwSignal<String>,
    figures_due: StoredValue<bool>,
    api: Api,
    desk: Desk,
}

impl Arrivals {
    /// Nothing read.
    pub fn new(api: Api, desk: Desk) -> Self {
        Self {
            items: RwSignal::new(Vec::new()),
            state: RwSignal::new(Load::Waiting),
            today: Loader::new(),
            spoken: RwSignal::new(String::new()),
            figures_due: StoredValue::new(false),
            api,
            desk,
        }
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

    /// Somebody has looked at an arrival, or it counts no more.
    pub fn settle(self, id: ArrivalId, settled: Option<ArrivalView>) {
        self.items.try_update(|items| {
            items.retain(|recent| recent.arrival.id != id);
            merge(items, settled.map(|arrival| Recent { arrival, pushed: false }));
        });
        self.refresh_today();
    }

    fn told(self, told: Told<'_>) {
        match told {
            Told::Opened => self.refresh(),
            Told::Arrival(arrival) => self.received(arrival),
        }
    }

    fn received(self, arrival: &ArrivalView) {
        let known =
            self.items.try_with_untracked(|items| items.iter().any(|item| item.arrival.id == arrival.id));
        if known == Some(false) {
            let zone =
                self.desk.site.with_untracked(|site| site.clone().map(|s| s.timezone).unwrap_or_default());
            let time = clock::format(arrival.at, &zone, Style::Minute);
            let (name, feed) = (arrival.person.name.clone(), arrival.feed.name.clone());
            self.spoken.try_set(say!(live.spoken, name = name, feed = feed, time = time));
        }
        self.items.try_update(|items| merge(items, [Recent { arrival: arrival.clone(), pushed: true }]));
        self.refresh_today_soon();
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

/// The arrivals of this page, and the connection that they come over. Nothing is pushed to members, whose pages do not
/// ask for it.
pub fn provide_arrivals() -> Watch {
    let arrivals = Arrivals::new(use_api(), use_desk());
    provide_context(arrivals);
    provide_watch(move |told| arrivals.told(told))
}

/// How somebody was identified, in a word.
pub fn method_words(method: ArrivalMethod) -> &'static str {
    match method {
        ArrivalMethod::Face => say!(people.method_face),
        ArrivalMethod::Pin => say!(people.method_pin),
        ArrivalMethod::Qr => say!(people.method_qr),
        ArrivalMethod::Manual => say!(people.method_manual),
    }
}

/// The sign of a way to identify oneself.
pub fn method_icon(method: ArrivalMethod) -> icondata_core::Icon {
    match method {
        ArrivalMethod::Face => icons::Mark,
        ArrivalMethod::Pin => icons::Pin,
        ArrivalMethod::Qr => icons::Badge,
        ArrivalMethod::Manual => icons::Edit,
    }
}

/// Why somebody should look at an arrival, as a small mark with words.
#[component]
pub fn DoubtMark(
    /// Why.
    doubt: ArrivalDoubt,
) -> impl IntoView {
    let words = match doubt {
        ArrivalDoubt::Provisional => say!(live.doubt_provisional),
        ArrivalDoubt::TimeUnproven => say!(live.doubt_time),
    };
    view! {
        <span class="doubt" data-testid="arrival-doubt">
            <Icon icon=icons::Alert />
            {words}
        </span>
    }
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
                doubt: None,
                reassigned_from: None,
                voided: None,
            },
            pushed,
        }
    }

    #[test]
    fn what_is_pushed_and_the_list_merge_newest_first_without_doubles() {
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
