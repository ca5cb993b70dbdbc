//! What the parts of a kiosk's page share.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use types::{ArrivalId, FaceState, HeartbeatAnswer, KioskGreeting, KioskView};

use super::hint::{Hint, Watching};
use super::memory;
use crate::api::{Failure, kiosk as server};
use crate::camera::Trouble;
use crate::clock::{self, Style};
use crate::watch::Seen;

/// How long somebody is greeted.
const GREETING: Duration = Duration::from_secs(2);
/// Until whoever still stands there is told that they are recorded, in milliseconds.
const GREETED_MS: f64 = 5_000.0;
/// How many arrivals are remembered as greeted.
const REMEMBERED: usize = 200;

/// Where the camera stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Camera {
    Opening,
    On,
    Trouble(Trouble),
}

/// What lies over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    Nothing,
    Pin,
    Badge,
    Leave,
}

/// One kiosk. Copies share one state.
#[derive(Clone, Copy)]
pub struct Kiosk {
    /// What the server says that this is.
    pub view: RwSignal<KioskView>,
    /// Whether pictures reach the server.
    pub online: RwSignal<bool>,
    /// What the newest picture showed.
    pub seen: RwSignal<Option<Seen>>,
    /// What whoever stands there is told.
    pub hint: RwSignal<Hint>,
    /// Who is greeted, the first one now.
    pub greetings: RwSignal<VecDeque<KioskGreeting>>,
    /// A sentence at the place of a greeting, such as why somebody was not let in.
    pub notice: RwSignal<Option<String>>,
    /// What lies over the picture.
    pub panel: RwSignal<Panel>,
    /// Where the camera stands.
    pub camera: RwSignal<Camera>,
    /// How many pictures and check-ins wait.
    pub kept: RwSignal<u64>,
    /// Whether the screen is bright.
    pub awake: RwSignal<bool>,
    /// The present moment by the server's clock, in milliseconds since 1970, moved on every second.
    pub now_ms: RwSignal<f64>,
    /// Set once the server no longer takes this tablet for a kiosk.
    pub revoked: RwSignal<bool>,
    /// What the server warned of last.
    pub warning: RwSignal<Option<String>>,
    /// When something moved or was touched last, by this tablet's clock.
    stirred_ms: StoredValue<f64>,
    ahead_ms: StoredValue<i64>,
    watching: StoredValue<Watching>,
    /// Who was greeted, and when by this tablet's clock.
    greeted: StoredValue<VecDeque<(ArrivalId, f64)>>,
}

impl Kiosk {
    /// One that has just been paired or opened.
    pub fn new(view: KioskView, revoked: RwSignal<bool>) -> Self {
        let ahead_ms = memory::clock_ahead_ms();
        Self {
            view: RwSignal::new(view),
            online: RwSignal::new(true),
            seen: RwSignal::new(None),
            hint: RwSignal::new(Hint::Nothing),
            greetings: RwSignal::new(VecDeque::new()),
            notice: RwSignal::new(None),
            panel: RwSignal::new(Panel::Nothing),
            camera: RwSignal::new(Camera::Opening),
            kept: RwSignal::new(0),
            awake: RwSignal::new(true),
            now_ms: RwSignal::new(js_sys::Date::now() - ahead_ms as f64),
            revoked,
            warning: RwSignal::new(None),
            stirred_ms: StoredValue::new(js_sys::Date::now()),
            ahead_ms: StoredValue::new(ahead_ms),
            watching: StoredValue::new(Watching::default()),
            greeted: StoredValue::new(VecDeque::new()),
        }
    }

    /// The present moment by the server's clock, in milliseconds since 1970.
    pub fn server_ms(self) -> f64 {
        js_sys::Date::now() - self.ahead_ms.try_get_value().unwrap_or_default() as f64
    }

    /// The present moment by the server's clock.
    pub fn server_now(self) -> DateTime<Utc> {
        moment(self.server_ms())
    }

    /// The time of day here: the site's, in the reader's manner.
    pub fn time(self, style: Style) -> String {
        self.view.with(|view| clock::format_ms(self.now_ms.get(), &view.timezone, style))
    }

    /// A moment in the site's zone.
    pub fn time_of(self, at: DateTime<Utc>) -> String {
        self.view.with_untracked(|view| clock::format(at, &view.timezone, Style::Minute))
    }

    /// The server said what time it is, in the middle between two moments of this tablet.
    pub fn set_clock(self, server: DateTime<Utc>, asked_ms: f64, answered_ms: f64) {
        let ahead_ms = ahead_ms(server, asked_ms, answered_ms);
        self.ahead_ms.try_set_value(ahead_ms);
        memory::set_clock_ahead_ms(ahead_ms);
    }

    /// The server said how this tablet is to work.
    pub fn take_settings(self, answer: &HeartbeatAnswer) {
        if self.warning.try_get_untracked().is_some_and(|warning| warning != answer.warning) {
            self.warning.set(answer.warning.clone());
        }
        let other = |view: &KioskView| view.max_fps != answer.max_fps || view.seal_key != answer.seal_key;
        if self.view.try_with_untracked(other) == Some(true) {
            self.view.update(|view| {
                view.max_fps = answer.max_fps;
                view.seal_key.clone_from(&answer.seal_key);
            });
            self.view.with_untracked(|view| memory::set_view(Some(view)));
        }
    }

    /// The server said what this tablet is.
    pub fn take_view(self, view: KioskView) {
        memory::set_view(Some(&view));
        // The clock in it is no news.
        if self.view.try_with_untracked(|old| *old != KioskView { now: old.now, ..view.clone() })
            == Some(true)
        {
            self.view.set(view);
        }
    }

    /// Something moved, or was touched.
    pub fn stir(self) {
        self.stirred_ms.try_set_value(js_sys::Date::now());
        if self.awake.try_get_untracked() == Some(false) {
            self.awake.set(true);
        }
    }

    /// For how many milliseconds nothing moved.
    pub fn still_ms(self) -> f64 {
        js_sys::Date::now() - self.stirred_ms.try_get_value().unwrap_or_default()
    }

    /// A picture was answered.
    pub fn take(self, seen: Seen) {
        let now = js_sys::Date::now();
        let faces = &seen.answer.faces;
        for face in faces {
            if let Some(arrival) = face.arrival_id.filter(|_| face.state == FaceState::Known) {
                self.greet_once(arrival, now);
            }
        }
        let hint = self.watching.try_update_value(|watching| watching.after(faces, now)).unwrap_or_default();
        let hint =
            if hint == Hint::Recorded && self.greeted_lately(&seen, now) { Hint::Nothing } else { hint };
        self.tell(hint);
        self.seen.try_set(Some(seen));
    }

    /// No picture is answered any more.
    pub fn lose_sight(self) {
        self.watching.try_set_value(Watching::default());
        self.tell(Hint::Nothing);
        if self.seen.try_with_untracked(Option::is_some) == Some(true) {
            self.seen.set(None);
        }
    }

    /// Greets somebody for two seconds, after those who are greeted now.
    pub fn welcome(self, greeting: KioskGreeting) {
        self.remember(greeting.arrival_id, js_sys::Date::now());
        self.notice.try_set(None);
        let alone = self.greetings.try_update(|greetings| {
            greetings.push_back(greeting);
            greetings.len() == 1
        });
        if alone == Some(true) {
            self.next_greeting();
        }
    }

    /// Says a sentence for as long as it takes to read it.
    pub fn say(self, sentence: String) {
        self.notice.try_set(Some(sentence.clone()));
        let over = move || {
            if self.notice.try_with_untracked(|notice| notice.as_ref() == Some(&sentence)) == Some(true) {
                self.notice.set(None);
            }
        };
        set_timeout(over, Duration::from_secs(5));
    }

    fn next_greeting(self) {
        let over = move || {
            let more = self.greetings.try_update(|greetings| {
                greetings.pop_front();
                !greetings.is_empty()
            });
            if more == Some(true) {
                self.next_greeting();
            }
        };
        set_timeout(over, GREETING);
    }

    fn greet_once(self, arrival: ArrivalId, now: f64) {
        if self.greeted_at(arrival).is_some() {
            return;
        }
        self.remember(arrival, now);
        leptos::task::spawn_local(async move {
            match server::greeting(arrival).await {
                Ok(greeting) => self.welcome(greeting),
                // The next picture asks again.
                Err(Failure::Unreachable) => {
                    self.greeted.try_update_value(|greeted| greeted.retain(|(id, _)| *id != arrival));
                }
                Err(_) => {}
            }
        });
    }

    fn greeted_at(self, arrival: ArrivalId) -> Option<f64> {
        let of = |greeted: &VecDeque<(ArrivalId, f64)>| {
            greeted.iter().find(|(id, _)| *id == arrival).map(|(_, at)| *at)
        };
        self.greeted.try_with_value(of).flatten()
    }

    fn greeted_lately(self, seen: &Seen, now: f64) -> bool {
        let mut arrivals = seen.answer.faces.iter().filter_map(|face| face.arrival_id);
        arrivals.any(|arrival| self.greeted_at(arrival).is_none_or(|at| now - at < GREETED_MS))
    }

    fn remember(self, arrival: ArrivalId, now: f64) {
        self.greeted.try_update_value(|greeted| {
            greeted.retain(|(id, _)| *id != arrival);
            greeted.push_back((arrival, now));
            if greeted.len() > REMEMBERED {
                greeted.pop_front();
            }
        });
    }

    fn tell(self, hint: Hint) {
        if self.hint.try_get_untracked().is_some_and(|told| told != hint) {
            self.hint.set(hint);
        }
    }
}

/// By how many milliseconds a clock is ahead of the server's, which said its time between two moments of that clock.
pub fn ahead_ms(server: DateTime<Utc>, asked_ms: f64, answered_ms: f64) -> i64 {
    ((asked_ms + answered_ms) / 2.0) as i64 - server.timestamp_millis()
}

/// A moment from milliseconds since 1970; 1970 itself where no calendar reaches.
pub fn moment(at_ms: f64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at_ms as i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_measured_in_the_middle_of_the_way() {
        assert_eq!(ahead_ms(moment(10_000.0), 10_900.0, 11_100.0), 1_000);
        assert_eq!(ahead_ms(moment(10_000.0), 7_000.0, 7_000.0), -3_000);
    }
}
