//! When each feed was heard: by a frame of now, or by a call of a device whose pictures come.
//!
//! Silences that ended are remembered here at once and written down as gaps a moment later, so that frames which a
//! device kept meanwhile can be believed as soon as it is back. A time in which frames came and none could be answered
//! is one, too, however short: a device keeps what was not answered.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use types::FeedId;

use crate::error::ApiError;

/// From this length on a silence is noted: a device calls every ten seconds.
pub const NOTED: TimeDelta = TimeDelta::seconds(10);
/// By how much the clocks of device and server may differ.
pub const SLACK: TimeDelta = TimeDelta::seconds(5);
/// Silences of a feed that are remembered here; the database has them all.
const REMEMBERED: usize = 64;
/// Calls of a feed's devices that are answered in a minute: one every ten seconds, and changes.
const CALLS_A_MINUTE: u32 = 60;

/// A feed that was not heard in `[from, until)`, and whether the database knows.
#[derive(Debug, Clone, Copy)]
struct Silence {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    written: bool,
}

#[derive(Debug)]
struct Heard {
    /// For the first time ever, where this process was there: nothing can have been seen live before.
    first: Option<DateTime<Utc>>,
    at: Option<DateTime<Utc>>,
    unanswered_since: Option<DateTime<Utc>>,
    silences: VecDeque<Silence>,
    calls: u32,
    calls_since: Instant,
}

impl Heard {
    /// Remembers a silence; one that is long enough is written down, too.
    fn note(&mut self, from: DateTime<Utc>, until: DateTime<Utc>) {
        if self.silences.len() == REMEMBERED {
            self.silences.pop_front();
        }
        self.silences.push_back(Silence { from, until, written: until - from < NOTED });
    }
}

/// What this process heard of all feeds.
#[derive(Debug, Default)]
pub struct Hearing {
    feeds: Mutex<HashMap<FeedId, Heard>>,
}

impl Hearing {
    fn with<T>(&self, feed: FeedId, work: impl FnOnce(&mut Heard) -> T) -> T {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        work(feeds.entry(feed).or_insert_with(|| Heard {
            first: None,
            at: None,
            unanswered_since: None,
            silences: VecDeque::new(),
            calls: 0,
            calls_since: Instant::now(),
        }))
    }

    /// Notes that a feed is heard.
    pub fn heard(&self, feed: FeedId, at: DateTime<Utc>) {
        self.with(feed, |heard| {
            match heard.at {
                Some(before) if at - before >= NOTED => heard.note(before, at),
                Some(_) => {}
                None => heard.first = Some(at),
            }
            heard.at = heard.at.max(Some(at));
        });
    }

    /// Notes that another process heard a feed, or this one before its start.
    pub fn heard_elsewhere(&self, feed: FeedId, at: DateTime<Utc>) {
        self.with(feed, |heard| heard.at = heard.at.max(Some(at)));
    }

    /// Notes that a frame of now could not be answered: nobody was seen.
    pub fn unanswered(&self, feed: FeedId, at: DateTime<Utc>) {
        self.with(feed, |heard| _ = heard.unanswered_since.get_or_insert(at));
    }

    /// Notes that a frame of now was answered.
    pub fn answered(&self, feed: FeedId, at: DateTime<Utc>) {
        self.with(feed, |heard| {
            if let Some(since) = heard.unanswered_since.take() {
                heard.note(since, at);
            }
        });
    }

    /// When a feed was last heard.
    pub fn last(&self, feed: FeedId) -> Option<DateTime<Utc>> {
        self.with(feed, |heard| heard.at)
    }

    /// Whether, for all that this process knows, a feed was not heard at a time, or not answered.
    pub fn was_away(&self, feed: FeedId, at: DateTime<Utc>) -> bool {
        self.with(feed, |heard| {
            heard.at.is_none_or(|heard| at >= heard - SLACK)
                || heard.first.is_some_and(|first| at <= first)
                || heard.unanswered_since.is_some_and(|since| at >= since - SLACK)
                || heard.silences.iter().any(|one| (one.from - SLACK..=one.until + SLACK).contains(&at))
        })
    }

    /// The silences that no caller has taken yet, for writing them down: of one feed or of all.
    pub fn take_silences(&self, only: Option<FeedId>) -> Vec<(FeedId, DateTime<Utc>, DateTime<Utc>)> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        for (feed, heard) in feeds.iter_mut().filter(|(feed, _)| only.is_none_or(|only| **feed == only)) {
            for silence in heard.silences.iter_mut().filter(|silence| !silence.written) {
                silence.written = true;
                taken.push((*feed, silence.from, silence.until));
            }
        }
        taken
    }

    /// Gives silences back that could not be written down.
    pub fn give_back(&self, silences: &[(FeedId, DateTime<Utc>, DateTime<Utc>)]) {
        for (feed, from, until) in silences {
            self.with(*feed, |heard| {
                let one = heard.silences.iter_mut().find(|one| (one.from, one.until) == (*from, *until));
                if let Some(one) = one {
                    one.written = false;
                }
            });
        }
    }

    /// Lets a device's call in, or refuses it where they come too often.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`].
    pub fn admit_call(&self, feed: FeedId) -> Result<(), ApiError> {
        self.with(feed, |heard| {
            if heard.calls_since.elapsed() >= Duration::from_secs(60) {
                (heard.calls, heard.calls_since) = (0, Instant::now());
            }
            heard.calls += 1;
            if heard.calls > CALLS_A_MINUTE {
                let message = "This feed's devices call too often: every ten seconds is enough.";
                return Err(ApiError::TooManyRequests { message, retry_after_s: 10 });
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time")
    }

    const FEED: FeedId = FeedId(uuid::Uuid::from_u128(1));

    #[test]
    fn a_silence_of_ten_seconds_is_noted_once_and_a_shorter_one_is_not() {
        let hearing = Hearing::default();
        assert!(hearing.was_away(FEED, at(0)), "it was never heard");
        for second in [0, 9, 30] {
            hearing.heard(FEED, at(second));
        }
        assert!(hearing.was_away(FEED, at(-60)), "it was never heard before");
        assert!(!hearing.was_away(FEED, at(3)));
        assert!(hearing.was_away(FEED, at(9)) && hearing.was_away(FEED, at(20)));
        for second in [39, 48, 57] {
            hearing.heard(FEED, at(second));
        }
        assert!(hearing.was_away(FEED, at(35)), "clocks differ a little");
        assert!(!hearing.was_away(FEED, at(36)) && !hearing.was_away(FEED, at(51)));
        let taken = hearing.take_silences(None);
        assert_eq!(taken, [(FEED, at(9), at(30))]);
        assert!(hearing.take_silences(None).is_empty());
        hearing.give_back(&taken);
        assert_eq!(hearing.take_silences(Some(FEED)), taken);
        assert!(hearing.was_away(FEED, at(20)), "what is written down is still known");
    }

    #[test]
    fn what_another_process_heard_ends_no_silence_but_begins_none_either() {
        let hearing = Hearing::default();
        hearing.heard(FEED, at(0));
        hearing.heard_elsewhere(FEED, at(60));
        hearing.heard_elsewhere(FEED, at(50));
        hearing.heard(FEED, at(65));
        assert!(hearing.take_silences(None).is_empty());
        assert_eq!(hearing.last(FEED), Some(at(65)));
    }

    #[test]
    fn a_time_without_answers_counts_as_a_silence() {
        let hearing = Hearing::default();
        for second in 0..60 {
            hearing.heard(FEED, at(second));
            if (20..40).contains(&second) {
                hearing.unanswered(FEED, at(second));
            } else {
                hearing.answered(FEED, at(second));
            }
        }
        assert_eq!(hearing.take_silences(None), [(FEED, at(20), at(40))]);
        assert!(hearing.was_away(FEED, at(30)) && !hearing.was_away(FEED, at(10)));
        // A short one is no gap of the day, but what was kept in it is believed.
        hearing.unanswered(FEED, at(100));
        hearing.answered(FEED, at(102));
        hearing.heard(FEED, at(120));
        assert!(hearing.was_away(FEED, at(101)));
        assert_eq!(hearing.take_silences(None), [(FEED, at(59), at(120))]);
    }

    #[test]
    fn calls_are_bounded() {
        let hearing = Hearing::default();
        assert_eq!((0..100).filter(|_| hearing.admit_call(FEED).is_ok()).count(), 60);
    }
}
