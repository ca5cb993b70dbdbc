//! When somebody was there, as far as they were seen to come and to leave.

use chrono::{DateTime, TimeDelta, Utc};
use types::Direction;

use super::binding::Event;
use super::instances::Instance;

/// Sightings of somebody who comes, or of somebody who goes, that are no further apart are one: people stand about in
/// doors.
const SAME_PUNCH: TimeDelta = TimeDelta::minutes(5);

/// What events say of a person's instance; it is kept longer than they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sightings {
    /// When the person was first seen to come.
    pub first_in: Option<DateTime<Utc>>,
    /// When they were last seen to leave; none while they are there.
    pub last_out: Option<DateTime<Utc>>,
    /// Whole minutes there, without breaks; none where they went in and were not seen to leave.
    pub worked_minutes: Option<i32>,
}

impl Sightings {
    /// From the events of an instance, in the order of time.
    pub fn of(instance: &Instance, events: &[Event]) -> Self {
        let presence = Presence::of(instance, events);
        let worked_minutes = presence.worked_minutes(&instance.breaks);
        Self { first_in: presence.first_in, last_out: presence.last_out, worked_minutes }
    }

    /// Whether there were any: whoever is seen is seen to come or to leave.
    pub fn any(&self) -> bool {
        self.first_in.is_some() || self.last_out.is_some()
    }
}

/// When somebody was there, as far as it was seen.
#[derive(Debug, Default)]
struct Presence {
    first_in: Option<DateTime<Utc>>,
    last_out: Option<DateTime<Utc>>,
    stays: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Since when they are there.
    inside: Option<DateTime<Utc>>,
    seen: bool,
}

impl Presence {
    /// From the events of an instance, in the order of time.
    ///
    /// Coming again without having left says nothing new, nor does leaving again; so one punch that is recorded three
    /// times is one. Where people are asked to check out, a feed of both directions sees them come, and at the last
    /// sighting leave; where they are not, it sees that they are there. After the end it sees them leave.
    fn of(instance: &Instance, events: &[Event]) -> Self {
        let mut presence = Self { seen: !events.is_empty(), ..Self::default() };
        // The last sighting at a feed of both directions of somebody who is inside: they may have left there.
        let mut may_have_left = None;
        for event in events {
            let (at, inside) = (event.at, presence.inside);
            match (event.direction, inside) {
                (Direction::Both, _) if at >= instance.ends_at => presence.leave(at),
                (Direction::Both, Some(since)) => {
                    if instance.rules.asks_check_out && at - since >= SAME_PUNCH {
                        may_have_left = may_have_left
                            .or(Some(at))
                            .map(|first: DateTime<Utc>| if at - first >= SAME_PUNCH { at } else { first });
                    }
                }
                (Direction::In, Some(_)) => {
                    if let Some(left) = may_have_left.take().filter(|left| at - *left >= SAME_PUNCH) {
                        presence.leave(left);
                        presence.come(at);
                    }
                }
                (Direction::In | Direction::Both, None) => presence.come(at),
                (Direction::Out, _) => {
                    may_have_left = None;
                    presence.leave(at);
                }
            }
            if presence.inside.is_none() {
                may_have_left = None;
            }
        }
        if let Some(left) = may_have_left {
            presence.leave(left);
        }
        presence
    }

    fn come(&mut self, at: DateTime<Utc>) {
        self.first_in = self.first_in.or(Some(at));
        self.inside = Some(at);
        self.last_out = None;
    }

    fn leave(&mut self, at: DateTime<Utc>) {
        match self.inside.take() {
            Some(since) => {
                self.stays.push((since, at));
                self.last_out = Some(at);
            }
            // Seen to leave again, later: they came back unseen.
            None if self.last_out.is_none_or(|left| at - left >= SAME_PUNCH) => self.last_out = Some(at),
            None => {}
        }
    }

    /// Whole minutes there without the breaks; none where it is not known.
    fn worked_minutes(&self, breaks: &[(DateTime<Utc>, DateTime<Utc>)]) -> Option<i32> {
        if self.inside.is_some() || (self.seen && self.stays.is_empty()) {
            return None;
        }
        let of_stay = |(from, until): &(DateTime<Utc>, DateTime<Utc>)| {
            let off: TimeDelta = breaks
                .iter()
                .map(|(start, end)| (*end.min(until) - *start.max(from)).max(TimeDelta::zero()))
                .sum();
            (*until - *from - off).max(TimeDelta::zero())
        };
        Some(whole_minutes(self.stays.iter().map(of_stay).sum()))
    }
}

/// The whole minutes of a span, 0 for one that is negative.
pub fn whole_minutes(span: TimeDelta) -> i32 {
    i32::try_from(span.num_minutes().max(0)).unwrap_or(i32::MAX)
}
