//! The challenges under way and failed at each feed, so that trying again does not add up to a pass.
//!
//! A challenge that is walked away from counts as failed when its time is over: whoever fails cannot save the
//! attempt by leaving before the end. One person has one challenge at a feed at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use types::{FeedId, PersonId};

use crate::domain::challenge::{Attempts, Challenge};

#[derive(Debug, Default)]
struct OfFeed {
    attempts: Attempts,
    /// Until when each person's challenge runs.
    open: HashMap<PersonId, DateTime<Utc>>,
}

/// The challenges of all feeds of this process.
#[derive(Debug, Default)]
pub struct Challenges {
    feeds: Mutex<HashMap<FeedId, OfFeed>>,
}

impl Challenges {
    /// A challenge for a person at a feed, unless they have one or must wait.
    pub fn issue(&self, feed: FeedId, person: PersonId, now: DateTime<Utc>) -> Option<Challenge> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let of_feed = feeds.entry(feed).or_default();
        let abandoned: Vec<PersonId> =
            of_feed.open.iter().filter(|(_, until)| **until <= now).map(|(person, _)| *person).collect();
        for person in abandoned {
            of_feed.open.remove(&person);
            of_feed.attempts.failed(person, now);
        }
        if of_feed.open.contains_key(&person) || of_feed.attempts.wait(person, now).is_some() {
            return None;
        }
        let challenge = Challenge::issue(&mut rand::rng(), now);
        of_feed.open.insert(person, challenge.view().expires_at);
        Some(challenge)
    }

    /// Notes how a person's challenge ended.
    pub fn close(&self, feed: FeedId, person: PersonId, passed: bool, now: DateTime<Utc>) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let of_feed = feeds.entry(feed).or_default();
        // One that was abandoned is counted already.
        if of_feed.open.remove(&person).is_none() {
            return;
        }
        if passed {
            of_feed.attempts.passed(person);
        } else {
            of_feed.attempts.failed(person, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_challenge_at_a_time_and_walking_away_counts_as_failing() {
        let challenges = Challenges::default();
        let (feed, other) = (FeedId(Uuid::from_u128(1)), FeedId(Uuid::from_u128(2)));
        let (zoe, emile) = (PersonId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let at = |seconds| start + TimeDelta::seconds(seconds);
        let issued = |feed, person, seconds| challenges.issue(feed, person, at(seconds)).is_some();
        assert!(issued(feed, zoe, 0));
        assert!(!issued(feed, zoe, 1), "she has one");
        assert!(issued(feed, emile, 1) && issued(other, zoe, 1));
        challenges.close(feed, emile, true, at(5));
        assert!(issued(feed, emile, 5), "whoever passed may come again");
        assert!(!issued(feed, zoe, 21), "abandoned, it failed a moment ago");
        assert!(issued(feed, zoe, 30));
        challenges.close(feed, zoe, false, at(31));
        assert!(!issued(feed, zoe, 32));
    }
}
