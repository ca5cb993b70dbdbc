//! What must hold whatever happens: clock changes, midnight, overlapping shifts, any order of events.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use types::{AttendanceState, Break, ClockTime, Direction, ScheduleRules, Slot, Weekday};
use uuid::Uuid;

use super::binding::{Event, bind};
use super::instances::{Instance, Schedule, instances};
use super::rules::{checked, length};
use super::state::{Given, Outcome, judge};

/// Zones with a clock change in the days that [`days`] draws, one by half an hour.
const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"];

/// The clock changes of 2026 in these zones, and the end of the year.
const CHANGES: [&str; 7] =
    ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01", "2026-12-31"];

/// Days around them.
fn days() -> impl Strategy<Value = NaiveDate> {
    (proptest::sample::select(&CHANGES[..]), 0u64..5)
        .prop_map(|(change, off)| change.parse::<NaiveDate>().expect("day") + Days::new(off) - Days::new(2))
}

fn slot() -> impl Strategy<Value = Slot> {
    let weekdays = proptest::sample::subsequence(&Weekday::ALL[..], 1..=7);
    (weekdays, 0u16..96, 0u16..96).prop_map(|(days, start, end)| {
        let time = |quarters: u16| ClockTime::from_minutes(quarters * 15).expect("in range");
        Slot { name: None, days, start: time(start), end: time(end) }
    })
}

/// Rules that would be accepted.
fn rules() -> impl Strategy<Value = ScheduleRules> {
    let numbers = (0u16..15, 0u16..15, 0u16..=720, 0u16..=720, any::<bool>());
    (proptest::collection::vec(slot(), 1..5), numbers).prop_map(|(slots, numbers)| {
        let (grace_minutes, early_minutes, opens_minutes_before, closes_minutes_after, asks_check_out) =
            numbers;
        let mut rules = ScheduleRules {
            slots: Vec::new(),
            grace_minutes,
            early_minutes,
            half_day_minutes: None,
            breaks: Vec::new(),
            opens_minutes_before,
            closes_minutes_after,
            asks_check_out,
        };
        for slot in slots {
            rules.slots.push(slot);
            if checked(rules.clone()).is_err() {
                rules.slots.pop();
            }
        }
        rules
    })
}

fn schedules() -> impl Strategy<Value = Vec<Schedule>> {
    let one = (proptest::sample::select(&ZONES[..]), rules()).prop_map(|(zone, rules)| Schedule {
        id: Uuid::nil(),
        zone: zone.parse().expect("zone"),
        versions: vec![("2026-01-01".parse().expect("day"), Arc::new(rules))],
    });
    proptest::collection::vec(one, 1..4).prop_map(|mut schedules| {
        for (number, schedule) in schedules.iter_mut().enumerate() {
            schedule.id = Uuid::from_u128(number as u128 + 10);
        }
        schedules
    })
}

fn events() -> impl Strategy<Value = Vec<(i64, Direction)>> {
    let direction = proptest::sample::select(&[Direction::In, Direction::Out, Direction::Both][..]);
    proptest::collection::vec((-1000i64..4000, direction), 0..12)
}

/// Everything that three days hold for a person with these schedules.
fn all_instances(schedules: &[Schedule], day: NaiveDate) -> Vec<Instance> {
    schedules
        .iter()
        .flat_map(|schedule| instances(schedule, day - Days::new(1), day + Days::new(1)))
        .collect()
}

fn at_minutes(day: NaiveDate, minutes: i64) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::minutes(minutes)
}

fn events_on(day: NaiveDate, events: &[(i64, Direction)]) -> Vec<Event> {
    let event = |(minutes, direction): &(i64, Direction)| Event {
        at: at_minutes(day, *minutes),
        direction: *direction,
        feed: Uuid::nil(),
    };
    events.iter().map(event).collect()
}

fn outcomes(all: &[Instance], events: &[Event], now: DateTime<Utc>) -> Vec<Outcome> {
    let (bound, _) = bind(&all.iter().collect::<Vec<_>>(), events);
    all.iter().zip(&bound).map(|(one, events)| judge(one, events, Given::default(), now)).collect()
}

proptest! {
    #[test]
    fn instances_of_a_schedule_never_overlap_and_last_a_while(schedules in schedules(), day in days()) {
        for schedule in &schedules {
            let all = instances(schedule, day - Days::new(3), day + Days::new(3));
            for pair in all.windows(2) {
                prop_assert!(pair[0].ends_at <= pair[1].starts_at);
            }
            for one in &all {
                prop_assert!(one.starts_at < one.ends_at);
                prop_assert!(one.ends_at - one.starts_at <= TimeDelta::hours(25));
                prop_assert!(one.opens_at <= one.starts_at && one.ends_at <= one.closes_at);
                // Clock changes aside it begins on its day.
                let local = one.starts_at.with_timezone(&schedule.zone).date_naive();
                prop_assert_eq!(local, one.day);
            }
        }
    }

    #[test]
    fn instances_are_the_same_however_they_are_asked_for(schedules in schedules(), day in days()) {
        let schedule = &schedules[0];
        let all = instances(schedule, day - Days::new(2), day + Days::new(2));
        let of_day: Vec<Instance> = all.into_iter().filter(|one| one.day == day).collect();
        prop_assert_eq!(instances(schedule, day, day), of_day);
    }

    #[test]
    fn a_break_lies_in_its_slot_and_takes_no_longer_than_by_the_clock(
        schedules in schedules(), day in days(), start in 0u16..96, quarters in 1u16..32,
    ) {
        let time = |quarters: u16| ClockTime::from_minutes(quarters % 96 * 15).expect("in range");
        let pause = Break { start: time(start), end: time(start + quarters) };
        let most = TimeDelta::minutes(length(pause.start, pause.end).into());
        let mut schedule = schedules[0].clone();
        Arc::make_mut(&mut schedule.versions[0].1).breaks.push(pause);
        for one in instances(&schedule, day - Days::new(3), day + Days::new(3)) {
            for (from, until) in &one.breaks {
                prop_assert!(one.starts_at <= *from && from < until && *until <= one.ends_at);
                prop_assert!(*until - *from <= most);
            }
        }
    }

    #[test]
    fn every_arrival_binds_at_most_once_and_where_it_may(
        schedules in schedules(), day in days(), list in events(),
    ) {
        let (all, events) = (all_instances(&schedules, day), events_on(day, &list));
        let (bound, unbound) = bind(&all.iter().collect::<Vec<_>>(), &events);
        prop_assert_eq!(bound.iter().map(Vec::len).sum::<usize>() + unbound.len(), events.len());
        for (one, events) in all.iter().zip(&bound) {
            for event in events {
                prop_assert!(one.opens_at <= event.at && event.at <= one.closes_at);
            }
        }
        // Whoever comes while something is on comes to something that is on.
        for event in &unbound {
            prop_assert!(!all.iter().any(|one| one.contains(event.at)));
        }
    }

    #[test]
    fn without_check_out_nobody_was_there_whom_a_feed_of_both_directions_did_not_see_come(
        schedules in schedules(), day in days(), list in events(),
    ) {
        let list: Vec<_> = list.into_iter().map(|(minutes, _)| (minutes, Direction::Both)).collect();
        let (all, events) = (all_instances(&schedules, day), events_on(day, &list));
        for (one, outcome) in all.iter().zip(outcomes(&all, &events, at_minutes(day, 4 * 24 * 60))) {
            if !one.rules.asks_check_out {
                prop_assert_eq!(outcome.state != AttendanceState::Absent, outcome.first_in.is_some());
            }
        }
    }

    #[test]
    fn the_order_in_which_events_are_known_does_not_matter(
        schedules in schedules(), day in days(), list in events(), seed in any::<u64>(),
    ) {
        let (all, events) = (all_instances(&schedules, day), events_on(day, &list));
        let now = at_minutes(day, 3 * 24 * 60);
        let mut shuffled = events.clone();
        let len = shuffled.len().max(1) as u64;
        for index in 0..shuffled.len() {
            let other = (seed.wrapping_mul(index as u64 + 1).wrapping_add(seed >> 7) % len) as usize;
            shuffled.swap(index, other);
        }
        prop_assert_eq!(outcomes(&all, &events, now), outcomes(&all, &shuffled, now));
    }

    #[test]
    fn a_punch_that_is_recorded_again_changes_nothing(
        schedules in schedules(), day in days(), list in events(), pick in any::<proptest::sample::Index>(),
    ) {
        prop_assume!(!list.is_empty());
        let (all, events) = (all_instances(&schedules, day), events_on(day, &list));
        let now = at_minutes(day, 3 * 24 * 60);
        let mut again = events.clone();
        again.push(Event { feed: Uuid::from_u128(9), ..events[pick.index(events.len())] });
        prop_assert_eq!(outcomes(&all, &events, now), outcomes(&all, &again, now));
    }

    #[test]
    fn minutes_are_never_negative_nor_more_than_there_are(
        schedules in schedules(), day in days(), list in events(), now in -1000i64..6000,
    ) {
        let (all, events) = (all_instances(&schedules, day), events_on(day, &list));
        for (one, outcome) in all.iter().zip(outcomes(&all, &events, at_minutes(day, now))) {
            let most = i32::try_from((one.closes_at - one.opens_at).num_minutes()).expect("short");
            prop_assert!((0..=most).contains(&outcome.late_minutes));
            prop_assert!((0..=most).contains(&outcome.early_minutes));
            prop_assert!(outcome.worked_minutes.is_none_or(|worked| (0..=most).contains(&worked)));
        }
    }

    #[test]
    fn a_new_version_alters_no_day_before_it(schedules in schedules(), rules in rules(), day in days()) {
        let before = &schedules[0];
        let mut after = before.clone();
        after.versions.push((day, Arc::new(rules)));
        let from = day - Days::new(4);
        let known = |schedule: &Schedule| instances(schedule, from, day - Days::new(2));
        prop_assert_eq!(known(before), known(&after));
        // The last night before may be cut short by the first morning after, and is the same else.
        let last = |schedule: &Schedule| -> Vec<_> {
            let all = instances(schedule, day - Days::new(1), day - Days::new(1));
            all.into_iter().map(|one| (one.slot, one.starts_at)).collect()
        };
        prop_assert_eq!(last(before), last(&after));
    }
}
