//! How often a challenge may be tried: what keeps trying again from adding up to a pass by chance.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use types::PersonId;

/// Failures count this long.
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// Failures as one person within [`WINDOW`] after which that person waits. At one sequence in 336 that is a
/// chance of 2.4 % an hour for whoever keeps trying with a recording.
pub const PER_PERSON: usize = 8;
/// Failures as anybody within [`WINDOW`] after which the feed waits.
pub const PER_FEED: usize = 120;
/// Pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);

/// The failed challenges of one feed.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    failures: VecDeque<(DateTime<Utc>, PersonId)>,
    /// Failures of a person since the last pass, for the pause alone.
    in_a_row: HashMap<PersonId, u32>,
}

impl Attempts {
    /// How long the person has to wait for the next challenge; None: no longer.
    pub fn wait(&self, person: PersonId, now: DateTime<Utc>) -> Option<TimeDelta> {
        let recent = |(at, _): &&(DateTime<Utc>, PersonId)| now - *at < WINDOW;
        let all: Vec<DateTime<Utc>> = self.failures.iter().filter(recent).map(|(at, _)| *at).collect();
        let own: Vec<DateTime<Utc>> = self
            .failures
            .iter()
            .filter(recent)
            .filter(|(_, who)| *who == person)
            .map(|(at, _)| *at)
            .collect();
        let pause = own.last().map(|last| {
            let doublings = self.in_a_row.get(&person).copied().unwrap_or(0).min(PER_PERSON as u32);
            // None in a row: a pass came after the failure.
            let pause = if doublings == 0 { TimeDelta::zero() } else { FIRST_PAUSE * (1 << (doublings - 1)) };
            *last + pause
        });
        // With the cap reached, the oldest failure that counts against it has to lapse.
        let capped = |failures: &[DateTime<Utc>], cap: usize| {
            failures.len().checked_sub(cap).map(|oldest| failures[oldest] + WINDOW)
        };
        let until = [pause, capped(&own, PER_PERSON), capped(&all, PER_FEED)].into_iter().flatten().max()?;
        (until > now).then(|| until - now)
    }

    /// Notes a failed challenge.
    pub fn failed(&mut self, person: PersonId, now: DateTime<Utc>) {
        self.failures.retain(|(at, _)| now - *at < WINDOW);
        let failures = &self.failures;
        self.in_a_row.retain(|known, _| failures.iter().any(|(_, who)| who == known));
        self.failures.push_back((now, person));
        *self.in_a_row.entry(person).or_default() += 1;
    }

    /// Notes a passed challenge: the pause starts over, the caps stay.
    pub fn passed(&mut self, person: PersonId) {
        self.in_a_row.remove(&person);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId(Uuid::from_u128(number))
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a time")
    }

    #[test]
    fn the_pause_doubles_until_a_pass() {
        let (mut attempts, mut now) = (Attempts::default(), start());
        assert_eq!(attempts.wait(person(1), now), None);
        for seconds in [2, 4, 8, 16] {
            attempts.failed(person(1), now);
            assert_eq!(attempts.wait(person(1), now), Some(TimeDelta::seconds(seconds)));
            assert_eq!(attempts.wait(person(2), now), None, "nobody else waits");
            now += TimeDelta::seconds(seconds);
            assert_eq!(attempts.wait(person(1), now), None);
        }
        attempts.passed(person(1));
        attempts.failed(person(1), now);
        assert_eq!(attempts.wait(person(1), now), Some(TimeDelta::seconds(2)));
    }

    #[test]
    fn whoever_keeps_failing_gets_eight_tries_an_hour() {
        let (mut attempts, mut now) = (Attempts::default(), start());
        let mut tries = 0;
        while now < start() + TimeDelta::hours(10) {
            if attempts.wait(person(1), now).is_none() {
                attempts.failed(person(1), now);
                tries += 1;
            }
            now += TimeDelta::seconds(1);
        }
        assert!((78..=80).contains(&tries), "{tries} tries in ten hours");
    }

    #[test]
    fn passes_in_between_do_not_buy_tries() {
        let (mut attempts, mut now) = (Attempts::default(), start());
        for _ in 0..PER_PERSON {
            attempts.failed(person(1), now);
            attempts.passed(person(1));
            assert!(attempts.wait(person(2), now).is_none());
            now += TimeDelta::seconds(10);
        }
        let wait = attempts.wait(person(1), now).expect("capped");
        assert_eq!(now + wait, start() + WINDOW);
    }

    #[test]
    fn a_feed_has_a_cap_of_its_own() {
        let (mut attempts, now) = (Attempts::default(), start());
        for number in 0..PER_FEED {
            assert_eq!(attempts.wait(person(999), now), None);
            attempts.failed(person(number as u128), now);
        }
        assert_eq!(attempts.wait(person(999), now), Some(WINDOW));
    }
}
