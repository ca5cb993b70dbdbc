//! What events, marks, holidays and camera gaps make of an instance.

use chrono::{DateTime, TimeDelta, Utc};
use types::{AttendanceState, MarkState};

use super::binding::Event;
use super::instances::Instance;
use super::presence::{Sightings, whole_minutes};

/// People come this long before the start; a camera that was away earlier missed nobody.
const COMING: TimeDelta = TimeDelta::minutes(30);

/// A time in which a camera was away; without an end it lasts.
pub type Gap = (DateTime<Utc>, Option<DateTime<Utc>>);

/// What is known of a person's instance besides the events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// What the newest mark says; none where there is none or it took an earlier one back.
    pub mark: Option<MarkState>,
    /// Whether nobody is expected that day.
    pub holiday: bool,
    /// When a camera was away that would have seen them.
    pub gaps: &'a [Gap],
    /// What was seen, where the events that said so are erased; none where they are to be asked.
    pub kept: Option<Sightings>,
}

/// What a day was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The state.
    pub state: AttendanceState,
    /// Whether a mark decided.
    pub by_hand: bool,
    /// When the person was first seen to come.
    pub first_in: Option<DateTime<Utc>>,
    /// When they were last seen to leave; none while they are there.
    pub last_out: Option<DateTime<Utc>>,
    /// Whole minutes after the start, beyond the grace only.
    pub late_minutes: i32,
    /// Whole minutes before the end, beyond what is nobody's business only.
    pub early_minutes: i32,
    /// Whole minutes there, without breaks; none where they were there and it is not known how long.
    pub worked_minutes: Option<i32>,
    /// What `worked_minutes` would be without a mark that says they were not there; none without such a mark.
    pub seen_minutes: Option<i32>,
}

/// Judges an instance by its events, in the order of time, or by what was kept of them.
///
/// A mark decides, else a holiday; then what was seen. Whoever left counts as gone too early, or as there for half a
/// day, once the instance is over: until then they may come back. Nobody seen means expected until the end, and
/// absent then, unless a camera was away while they should have come: from half an hour before the start to the middle.
pub fn judge(instance: &Instance, events: &[Event], given: Given<'_>, now: DateTime<Utc>) -> Outcome {
    let seen = given.kept.unwrap_or_else(|| Sightings::of(instance, events));
    let rules = &instance.rules;
    let over = now >= instance.ends_at;
    let late = seen.first_in.map_or(TimeDelta::zero(), |at| at - instance.starts_at);
    let late = Some(late).filter(|late| *late > TimeDelta::minutes(rules.grace_minutes.into()));
    let early = seen.last_out.filter(|_| rules.asks_check_out && over).map(|at| instance.ends_at - at);
    let early = early.filter(|early| *early > TimeDelta::minutes(rules.early_minutes.into()));
    let mut outcome = Outcome {
        state: AttendanceState::Present,
        by_hand: false,
        first_in: seen.first_in,
        last_out: seen.last_out,
        late_minutes: late.map_or(0, whole_minutes),
        early_minutes: early.map_or(0, whole_minutes),
        worked_minutes: seen.worked_minutes,
        seen_minutes: None,
    };
    let half = |asked: u16| over && outcome.worked_minutes.is_some_and(|worked| worked < i32::from(asked));
    outcome.state = match given.mark {
        Some(mark) => {
            outcome.by_hand = true;
            if mark != MarkState::Late {
                outcome.late_minutes = 0;
            }
            outcome.early_minutes = 0;
            match mark {
                MarkState::Absent | MarkState::Excused => {
                    outcome.seen_minutes = outcome.worked_minutes.replace(0);
                }
                // There, and nobody knows how long.
                _ if !seen.any() => outcome.worked_minutes = None,
                _ => {}
            }
            mark.state()
        }
        None if given.holiday => {
            (outcome.late_minutes, outcome.early_minutes) = (0, 0);
            AttendanceState::Holiday
        }
        None if !seen.any() => unseen(instance, given.gaps, over),
        None if rules.half_day_minutes.is_some_and(half) => AttendanceState::HalfDay,
        None if early.is_some() => AttendanceState::LeftEarly,
        None if late.is_some() => AttendanceState::Late,
        None => AttendanceState::Present,
    };
    outcome
}

fn unseen(instance: &Instance, gaps: &[Gap], over: bool) -> AttendanceState {
    let opens = instance.opens_at.max(instance.starts_at - COMING);
    let middle = instance.starts_at + (instance.ends_at - instance.starts_at) / 2;
    let missed = |(from, until): &Gap| *from < middle && until.is_none_or(|until| until > opens);
    match over {
        false => AttendanceState::Expected,
        true if gaps.iter().any(missed) => AttendanceState::Unconfirmed,
        true => AttendanceState::Absent,
    }
}

/// The times in which all of several cameras were away: `gaps` of each.
pub fn all_away(feeds: &[Vec<Gap>]) -> Vec<Gap> {
    let Some((first, rest)) = feeds.split_first() else { return Vec::new() };
    rest.iter().fold(first.clone(), |common, gaps| {
        let mut both = Vec::new();
        for one in &common {
            for other in gaps {
                let from = one.0.max(other.0);
                let until = match (one.1, other.1) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (until, None) | (None, until) => until,
                };
                if until.is_none_or(|until| from < until) {
                    both.push((from, until));
                }
            }
        }
        both
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use types::Direction;
    use uuid::Uuid;

    use super::super::instances::{Schedule, instances};
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-05-04T{time}:00Z").parse().expect("a time")
    }

    /// Monday 08:00 to 16:00 with a break from 12:00 to 12:30.
    fn monday(more: Value) -> Instance {
        let mut rules = json!({ "slots": [{ "days": ["mon"], "start": "08:00", "end": "16:00" }],
            "breaks": [{ "start": "12:00", "end": "12:30" }] });
        rules.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        let rules = Arc::new(serde_json::from_value(rules).expect("rules"));
        let day = "2026-05-04".parse().expect("day");
        let schedule = Schedule { id: Uuid::nil(), zone: chrono_tz::UTC, versions: vec![(day, rules)] };
        instances(&schedule, day, day).remove(0)
    }

    fn events(list: &[(&str, Direction)]) -> Vec<Event> {
        list.iter()
            .map(|(time, direction)| Event { at: at(time), direction: *direction, feed: Uuid::nil() })
            .collect()
    }

    fn outcome(more: Value, list: &[(&str, Direction)], now: &str) -> Outcome {
        judge(&monday(more), &events(list), Given::default(), at(now))
    }

    #[test]
    fn states_follow_from_what_was_seen() {
        use AttendanceState as S;
        use Direction::{Both, In, Out};
        let asks = || json!({ "asks_check_out": true, "early_minutes": 10, "half_day_minutes": 240 });
        let plain = || json!({});
        // Rules, events, the time of asking; state, minutes late, early and worked.
        type Case<'a> = (Value, &'a [(&'a str, Direction)], &'a str, (S, i32, i32, Option<i32>));
        let cases: Vec<Case<'_>> = vec![
            (plain(), &[], "07:00", (S::Expected, 0, 0, Some(0))),
            (plain(), &[], "15:59", (S::Expected, 0, 0, Some(0))),
            (plain(), &[], "16:00", (S::Absent, 0, 0, Some(0))),
            (plain(), &[("07:50", In)], "09:00", (S::Present, 0, 0, None)),
            (plain(), &[("08:05", In)], "09:00", (S::Present, 0, 0, None)),
            (plain(), &[("08:06", In)], "09:00", (S::Late, 6, 0, None)),
            (plain(), &[("08:00", In), ("10:00", Out)], "17:00", (S::Present, 0, 0, Some(120))),
            (asks(), &[("08:00", In), ("16:00", Out)], "17:00", (S::Present, 0, 0, Some(450))),
            (asks(), &[("08:00", In), ("15:50", Out)], "17:00", (S::Present, 0, 0, Some(440))),
            (asks(), &[("08:00", In), ("15:49", Out)], "17:00", (S::LeftEarly, 0, 11, Some(439))),
            // Out at noon is early once it is over; until then they may come back.
            (asks(), &[("08:00", In), ("12:00", Out)], "12:20", (S::Present, 0, 0, Some(240))),
            (asks(), &[("08:00", In), ("11:59", Out)], "17:00", (S::HalfDay, 0, 241, Some(239))),
            (
                asks(),
                &[("08:00", In), ("12:00", Out), ("12:40", In), ("16:05", Out)],
                "17:00",
                (S::Present, 0, 0, Some(445)),
            ),
            // Went in again and was not seen to leave.
            (asks(), &[("08:00", In), ("12:00", Out), ("12:40", In)], "17:00", (S::Present, 0, 0, None)),
            // Three records of one punch.
            (
                asks(),
                &[
                    ("08:00", In),
                    ("08:00", In),
                    ("08:01", In),
                    ("16:00", Out),
                    ("16:01", Out),
                    ("16:02", Out),
                ],
                "17:00",
                (S::Present, 0, 0, Some(450)),
            ),
            // Late, and gone too early.
            (asks(), &[("09:00", In), ("15:00", Out)], "17:00", (S::LeftEarly, 60, 60, Some(330))),
            // Seen to leave alone.
            (asks(), &[("16:02", Out)], "17:00", (S::Present, 0, 0, None)),
            // A feed of both directions.
            (asks(), &[("08:00", Both), ("08:03", Both)], "17:00", (S::Present, 0, 0, None)),
            (
                asks(),
                &[("08:00", Both), ("10:00", Both), ("16:01", Both)],
                "17:00",
                (S::Present, 0, 0, Some(451)),
            ),
            (asks(), &[("08:00", Both), ("15:00", Both)], "17:00", (S::LeftEarly, 0, 60, Some(390))),
            (asks(), &[("08:00", Both), ("10:00", Both), ("11:00", In)], "17:00", (S::Present, 0, 0, None)),
            (plain(), &[("08:00", Both), ("10:00", Both)], "17:00", (S::Present, 0, 0, None)),
        ];
        for (rules, list, now, expected) in cases {
            let found = outcome(rules.clone(), list, now);
            let numbers = (found.state, found.late_minutes, found.early_minutes, found.worked_minutes);
            assert_eq!(numbers, expected, "{rules} {list:?} at {now}");
        }
    }

    #[test]
    fn a_mark_decides_then_a_holiday_then_a_camera_that_was_away() {
        use AttendanceState as S;
        let instance = monday(json!({}));
        let after = at("17:00");
        let away = |from: &str, until: Option<&str>| (at(from), until.map(at));
        let unseen = |mark, holiday, gaps: &[Gap]| {
            judge(&instance, &[], Given { mark, holiday, gaps, kept: None }, after).state
        };
        assert_eq!(unseen(Some(MarkState::Excused), true, &[]), S::Excused);
        assert_eq!(unseen(None, true, &[]), S::Holiday);
        for (gap, expected) in [
            (away("08:00", Some("10:00")), S::Unconfirmed),
            (away("07:40", Some("07:50")), S::Unconfirmed),
            (away("07:00", Some("07:30")), S::Absent),
            (away("11:59", None), S::Unconfirmed),
            (away("12:00", None), S::Absent),
        ] {
            assert_eq!(unseen(None, false, &[gap]), expected, "{gap:?}");
        }
        let seen = events(&[("08:30", Direction::In)]);
        let given = Given { mark: Some(MarkState::Present), ..Given::default() };
        let marked = judge(&instance, &seen, given, after);
        assert_eq!((marked.state, marked.by_hand, marked.late_minutes), (S::Present, true, 0));
        assert_eq!(marked.first_in, Some(at("08:30")), "what was seen stays to be seen");
    }

    #[test]
    fn what_was_kept_of_events_says_what_they_said() {
        use Direction::{Both, In, Out};
        let asks = json!({ "asks_check_out": true, "early_minutes": 10, "half_day_minutes": 240 });
        let (instance, after) = (monday(asks), at("17:00"));
        let cases: [&[(&str, Direction)]; 6] = [
            &[("09:00", In), ("15:00", Out)],
            &[("08:00", In), ("11:00", Out)],
            &[("08:00", In), ("12:00", Out), ("12:40", In), ("16:05", Out)],
            &[("08:30", In)],
            &[("16:02", Out)],
            &[("08:00", Both), ("10:00", Both), ("11:00", In)],
        ];
        for list in cases {
            let seen = events(list);
            let kept = Some(Sightings::of(&instance, &seen));
            for mark in [None, Some(MarkState::Present), Some(MarkState::Excused)] {
                let given = Given { mark, ..Given::default() };
                let by_events = judge(&instance, &seen, given, after);
                let by_kept = judge(&instance, &[], Given { kept, ..given }, after);
                assert_eq!(by_kept, by_events, "{list:?} {mark:?}");
            }
        }
        let given = Given { mark: Some(MarkState::Excused), ..Given::default() };
        let excused = judge(&instance, &events(cases[0]), given, after);
        assert_eq!((excused.worked_minutes, excused.seen_minutes), (Some(0), Some(330)));
    }

    #[test]
    fn a_group_with_several_doors_is_blind_while_all_are() {
        let (a, b, c) = (at("08:00"), at("09:00"), at("10:00"));
        assert_eq!(all_away(&[vec![(a, Some(c))], vec![(b, None)]]), [(b, Some(c))]);
        assert_eq!(all_away(&[vec![(a, Some(b))], vec![(b, None)]]), []);
        assert_eq!(all_away(&[vec![(a, None)], vec![]]), []);
        assert_eq!(all_away(&[]), []);
    }
}
