//! Which of a person's instances each of their sightings belongs to: one at most.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use types::Direction;
use uuid::Uuid;

use super::instances::Instance;

/// A person seen at a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// Which way people pass there.
    pub direction: Direction,
    /// Where.
    pub feed: Uuid,
}

/// What orders events: time, and of one moment coming before leaving.
fn order(event: &Event) -> (DateTime<Utc>, u8, Uuid) {
    let direction = match event.direction {
        Direction::In => 0,
        Direction::Both => 1,
        Direction::Out => 2,
    };
    (event.at, direction, event.feed)
}

/// The events of each instance, in the order of time, and those that belong to none.
///
/// A person comes before the end, and leaves after the beginning. Whoever leaves, leaves what they came to, while its
/// window lasts: so a night shift has its check-out even where the next shift has begun. Else an event belongs to the
/// instance that it lies in, else to the one whose nearer edge is nearest within the window. Where shifts overlap,
/// coming goes to the one that began last and leaving to the one that ends first.
///
/// At a feed of both directions people leave what is over where they came to it last, or where they are asked to check
/// out: then they may have come unseen. Everybody else comes.
pub fn bind(instances: &[&Instance], events: &[Event]) -> (Vec<Vec<Event>>, Vec<Event>) {
    let mut events = events.to_vec();
    events.sort_by_key(order);
    let mut bound = vec![Vec::new(); instances.len()];
    let mut unbound = Vec::new();
    let mut came_to: Option<usize> = None;
    for event in events {
        let open = came_to.filter(|&index| event.at <= instances[index].closes_at);
        let found = match (event.direction, open) {
            (Direction::Out, Some(open)) => Some(open),
            _ => nearest(instances, &event, open),
        };
        match found {
            Some(index) => {
                if event.direction != Direction::Out {
                    came_to = Some(index);
                }
                bound[index].push(event);
            }
            None => unbound.push(event),
        }
    }
    (bound, unbound)
}

/// The instance that an event belongs to by its time; `came_to` is what the person came to last.
fn nearest(instances: &[&Instance], event: &Event, came_to: Option<usize>) -> Option<usize> {
    let (at, direction) = (event.at, event.direction);
    let may = |index: usize, instance: &Instance| match direction {
        Direction::Both if instance.rules.asks_check_out || came_to == Some(index) => {
            instance.opens_at <= at && at <= instance.closes_at
        }
        Direction::In | Direction::Both => instance.opens_at <= at && at < instance.ends_at,
        Direction::Out => instance.starts_at <= at && at <= instance.closes_at,
    };
    let candidates = instances.iter().enumerate().filter(|(index, instance)| may(*index, instance));
    candidates
        .min_by_key(|(_, instance)| {
            let inside = instance.contains(at);
            let to_start = Reverse(instance.starts_at);
            let edge = match (inside, direction) {
                (false, _) => distance(instance, at),
                (true, Direction::Out) => instance.ends_at - at,
                (true, _) => TimeDelta::zero(),
            };
            (!inside, edge, to_start, instance.key())
        })
        .map(|(index, _)| index)
}

/// From a moment outside an instance to its nearer edge.
fn distance(instance: &Instance, at: DateTime<Utc>) -> TimeDelta {
    if at < instance.starts_at { instance.starts_at - at } else { at - instance.ends_at }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::NaiveDate;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-05-{}:00Z", text.replace(' ', "T")).parse().expect("a time")
    }

    fn instance(schedule: u128, start: &str, end: &str) -> Instance {
        let rules = serde_json::json!({ "slots": [] });
        Instance {
            schedule: Uuid::from_u128(schedule),
            day: NaiveDate::from_ymd_opt(2026, 5, 1).expect("day"),
            slot: 0,
            starts_at: at(start),
            ends_at: at(end),
            opens_at: at(start) - TimeDelta::minutes(120),
            closes_at: at(end) + TimeDelta::minutes(240),
            breaks: Vec::new(),
            rules: Arc::new(serde_json::from_value(rules).expect("rules")),
        }
    }

    fn bound(instances: &[Instance], events: &[(&str, Direction)]) -> Vec<Option<usize>> {
        let event = |(time, direction): &(&str, Direction)| Event {
            at: at(time),
            direction: *direction,
            feed: Uuid::nil(),
        };
        let all: Vec<Event> = events.iter().map(event).collect();
        let instances: Vec<&Instance> = instances.iter().collect();
        let (found, _) = bind(&instances, &all);
        all.iter().map(|event| found.iter().position(|events| events.contains(event))).collect()
    }

    #[test]
    fn whoever_leaves_leaves_what_they_came_to() {
        use Direction::{Both, In, Out};
        let shifts = [instance(1, "01 22:00", "02 06:00"), instance(2, "02 06:00", "02 14:00")];
        type Case = (&'static [(&'static str, Direction)], &'static [Option<usize>]);
        let cases: [Case; 8] = [
            (&[("01 21:50", In), ("02 06:05", Out)], &[Some(0), Some(0)]),
            (&[("01 21:50", In), ("02 09:59", Out)], &[Some(0), Some(0)]),
            (&[("01 21:50", In), ("02 10:01", Out)], &[Some(0), Some(1)]),
            (&[("02 05:55", In), ("02 14:10", Out)], &[Some(0), Some(1)]),
            (&[("02 06:05", Out)], &[Some(1)]),
            (&[("01 21:50", Both), ("02 06:05", Both)], &[Some(0), Some(1)]),
            (&[("02 19:00", In)], &[None]),
            (&[("01 21:00", Out)], &[None]),
        ];
        for (events, expected) in cases {
            assert_eq!(bound(&shifts, events), expected, "{events:?}");
        }
    }

    #[test]
    fn between_two_the_nearer_edge_wins_and_overlaps_are_decided_alike() {
        use Direction::{Both, In, Out};
        let two = [instance(1, "01 08:00", "01 12:00"), instance(2, "01 13:00", "01 17:00")];
        let seen = [("01 11:50", Both), ("01 12:10", Both), ("01 12:50", Both)];
        assert_eq!(bound(&two, &seen), [Some(0), Some(0), Some(1)]);
        assert_eq!(bound(&two, &[("01 12:10", In)]), [Some(1)], "nobody comes to what is over");
        let overlapping = [instance(1, "01 08:00", "01 12:00"), instance(2, "01 10:00", "01 14:00")];
        assert_eq!(bound(&overlapping, &[("01 11:00", In)]), [Some(1)]);
        assert_eq!(bound(&overlapping, &[("01 11:30", Out)]), [Some(0)]);
    }

    #[test]
    fn whoever_is_first_seen_after_the_end_comes_to_what_follows_unless_asked_to_check_out() {
        use Direction::{Both, In, Out};
        let mut lessons = [
            instance(1, "01 08:00", "01 08:55"),
            instance(1, "01 09:00", "01 10:00"),
            instance(1, "01 10:15", "01 11:15"),
        ];
        type Case =
            (&'static [(&'static str, Direction)], &'static [Option<usize>], &'static [Option<usize>]);
        // Without check-out, and with it.
        let cases: [Case; 6] = [
            (&[("01 10:05", Both)], &[Some(2)], &[Some(1)]),
            (&[("01 08:50", Both), ("01 10:05", Both)], &[Some(0), Some(2)], &[Some(0), Some(1)]),
            (&[("01 09:40", Both), ("01 10:05", Both)], &[Some(1), Some(1)], &[Some(1), Some(1)]),
            (&[("01 08:58", In), ("01 10:05", Both)], &[Some(1), Some(1)], &[Some(1), Some(1)]),
            (&[("01 09:40", Out), ("01 10:05", Both)], &[Some(1), Some(2)], &[Some(1), Some(1)]),
            (&[("01 11:20", Both)], &[None], &[Some(2)]),
        ];
        for asks in [false, true] {
            for lesson in &mut lessons {
                Arc::make_mut(&mut lesson.rules).asks_check_out = asks;
            }
            for (events, without, with) in cases {
                let expected = if asks { with } else { without };
                assert_eq!(bound(&lessons, events), expected, "{events:?}, asks: {asks}");
            }
        }
    }
}
