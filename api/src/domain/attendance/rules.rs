//! Judging the rules of a schedule, field by field.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use types::{Break, ClockTime, ScheduleRules, Slot};

use crate::domain::names;
use crate::error::ApiError;

/// Most slots of a schedule: a dozen periods, each with a plan of its own for every day.
const MOST_SLOTS: usize = 100;
const MOST_BREAKS: usize = 20;
const DAY: u16 = 24 * 60;
const WEEK: u32 = 7 * DAY as u32;
/// Longest grace, and longest early leave that is nobody's business.
const MOST_GRACE: u16 = 240;
/// Longest time before and after a slot in which arrivals belong to it.
pub const MOST_WINDOW: u16 = 720;

/// How many minutes a slot or break lasts by the clock, 1 to 24 hours.
pub fn length(start: ClockTime, end: ClockTime) -> u16 {
    match (end.minutes() + DAY - start.minutes()) % DAY {
        0 => DAY,
        minutes => minutes,
    }
}

/// Where a break lies in a slot, in minutes by the clock from the slot's start; none where it does not fit in.
pub fn break_in_slot(pause: &Break, slot: &Slot) -> Option<(u16, u16)> {
    let from = (pause.start.minutes() + DAY - slot.start.minutes()) % DAY;
    let until = from + length(pause.start, pause.end);
    (until <= length(slot.start, slot.end)).then_some((from, until))
}

/// Judges rules; texts are tidied.
///
/// # Errors
/// 422 that names each field that is wrong.
pub fn checked(mut rules: ScheduleRules) -> Result<ScheduleRules, ApiError> {
    let mut wrong = BTreeMap::new();
    for (index, slot) in rules.slots.iter_mut().enumerate() {
        slot.name = slot.name.take().map(|name| names::tidy(&name)).filter(|name| !name.is_empty());
        slot.days.sort_unstable();
        check_slot(&mut wrong, index, slot);
    }
    let mut refuse = |field: &str, what: String| wrong.insert(format!("rules.{field}"), what);
    if rules.slots.is_empty() || rules.slots.len() > MOST_SLOTS {
        refuse("slots", format!("Give 1 to {MOST_SLOTS} slots."));
    }
    if rules.breaks.len() > MOST_BREAKS {
        refuse("breaks", format!("Give at most {MOST_BREAKS} breaks."));
    }
    for (field, minutes, most) in [
        ("grace_minutes", rules.grace_minutes, MOST_GRACE),
        ("early_minutes", rules.early_minutes, MOST_GRACE),
        ("opens_minutes_before", rules.opens_minutes_before, MOST_WINDOW),
        ("closes_minutes_after", rules.closes_minutes_after, MOST_WINDOW),
    ] {
        if minutes > most {
            refuse(field, format!("Give 0 to {most} minutes."));
        }
    }
    // What follows compares slots with each other, so there must be few and each must be right.
    if wrong.is_empty() {
        check_together(&mut wrong, &rules);
    }
    if wrong.is_empty() { Ok(rules) } else { Err(ApiError::Invalid(wrong)) }
}

fn check_slot(wrong: &mut BTreeMap<String, String>, index: usize, slot: &Slot) {
    let at = format!("rules.slots[{index}]");
    if let Some(name) = &slot.name {
        names::check(wrong, &format!("{at}.name"), name, 100);
    }
    if slot.days.is_empty() {
        wrong.insert(format!("{at}.days"), "Name the days on which this slot begins.".to_owned());
    } else if slot.days.windows(2).any(|pair| pair[0] == pair[1]) {
        wrong.insert(format!("{at}.days"), "Name each day once.".to_owned());
    }
}

fn check_together(wrong: &mut BTreeMap<String, String>, rules: &ScheduleRules) {
    let mut refuse = |field: String, what: String| wrong.insert(format!("rules.{field}"), what);
    for (index, other) in overlaps(&rules.slots) {
        let what =
            format!("It overlaps slot {other}: let one end before the other begins, also across midnight.");
        refuse(format!("slots[{index}]"), what);
    }
    let shortest = rules.slots.iter().map(|slot| length(slot.start, slot.end)).min().unwrap_or(DAY);
    for (index, pause) in rules.breaks.iter().enumerate() {
        if pause.start == pause.end {
            refuse(format!("breaks[{index}].end"), "A break ends after it begins.".to_owned());
        } else if !rules.slots.iter().any(|slot| break_in_slot(pause, slot).is_some()) {
            refuse(format!("breaks[{index}]"), "It lies outside every slot.".to_owned());
        }
    }
    if rules.grace_minutes >= shortest {
        let what = format!("The shortest slot has {shortest} minutes: nobody could be late for it.");
        refuse("grace_minutes".to_owned(), what);
    }
    if rules.early_minutes >= shortest {
        let what = format!("The shortest slot has {shortest} minutes: nobody could leave it too early.");
        refuse("early_minutes".to_owned(), what);
    }
    let longest = rules.slots.iter().map(|slot| length(slot.start, slot.end)).max().unwrap_or(DAY);
    match rules.half_day_minutes {
        Some(minutes) if !(1..=longest).contains(&minutes) => {
            let what = format!("Give 1 to {longest} minutes, the longest slot, or null for no half days.");
            refuse("half_day_minutes".to_owned(), what);
        }
        Some(_) if !rules.asks_check_out => {
            let what = "How long somebody was there is known only where asks_check_out is true.";
            refuse("half_day_minutes".to_owned(), what.to_owned());
        }
        _ => {}
    }
}

/// The slots that overlap another (or themselves) somewhere in the week, each with the number of that other.
fn overlaps(slots: &[Slot]) -> Vec<(usize, usize)> {
    let mut spans: Vec<(u32, u32, usize)> = Vec::new();
    for (index, slot) in slots.iter().enumerate() {
        for day in &slot.days {
            let start = *day as u32 * u32::from(DAY) + u32::from(slot.start.minutes());
            spans.push((start, start + u32::from(length(slot.start, slot.end)), index));
        }
    }
    spans.sort_unstable();
    let mut found = Vec::new();
    let first = spans.first().map(|(start, end, index)| (start + WEEK, end + WEEK, *index));
    let mut reach: Option<(u32, usize)> = None;
    for (start, end, index) in spans.iter().copied().chain(first) {
        if let Some((_, other)) = reach.filter(|(until, _)| start < *until) {
            found.push((index.max(other), index.min(other)));
        }
        if reach.is_none_or(|(until, _)| end > until) {
            reach = Some((end, index));
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|(index, _)| *index);
    found
}

/// A zone by its name in the IANA database.
///
/// # Errors
/// 422 that names `timezone`.
pub fn zone(name: &str) -> Result<Tz, ApiError> {
    name.parse().map_err(|_| {
        ApiError::invalid("timezone", "Give a zone of the IANA database, for example Europe/Berlin.")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrong(rules: Value) -> Vec<String> {
        match checked(serde_json::from_value(rules).expect("rules")) {
            Ok(_) => Vec::new(),
            Err(ApiError::Invalid(fields)) => fields.into_keys().collect(),
            Err(error) => panic!("{error}"),
        }
    }

    fn slot(days: &[&str], start: &str, end: &str) -> Value {
        json!({ "days": days, "start": start, "end": end })
    }

    #[test]
    fn slots_may_touch_and_not_overlap_across_midnight_and_the_week() {
        let all = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let cases = [
            (json!([slot(&["mon"], "08:00", "12:00"), slot(&["mon"], "12:00", "16:00")]), vec![]),
            (json!([slot(&["mon"], "08:00", "12:00"), slot(&["tue"], "08:00", "12:00")]), vec![]),
            (json!([slot(&all, "00:00", "00:00")]), vec![]),
            (
                json!([slot(&["mon"], "08:00", "12:00"), slot(&["mon"], "11:59", "16:00")]),
                vec!["rules.slots[1]"],
            ),
            (
                json!([slot(&["mon"], "22:00", "06:00"), slot(&["tue"], "05:00", "13:00")]),
                vec!["rules.slots[1]"],
            ),
            // From Sunday night into Monday morning.
            (
                json!([slot(&["mon"], "05:00", "13:00"), slot(&["sun"], "22:00", "06:00")]),
                vec!["rules.slots[1]"],
            ),
            // A long one over two short ones.
            (
                json!([
                    slot(&["fri"], "08:00", "18:00"),
                    slot(&["fri"], "09:00", "10:00"),
                    slot(&["fri"], "11:00", "12:00")
                ]),
                vec!["rules.slots[1]", "rules.slots[2]"],
            ),
            (json!([slot(&[], "08:00", "12:00")]), vec!["rules.slots[0].days"]),
            (json!([slot(&["mon", "mon"], "08:00", "12:00")]), vec!["rules.slots[0].days"]),
            (json!([]), vec!["rules.slots"]),
        ];
        for (slots, expected) in cases {
            assert_eq!(wrong(json!({ "slots": slots })), expected, "{slots}");
        }
    }

    #[test]
    fn minutes_and_breaks_have_to_make_sense() {
        let day = || json!([slot(&["mon"], "22:00", "06:00")]);
        let cases = [
            (json!({ "breaks": [{ "start": "23:30", "end": "00:30" }] }), vec![]),
            (json!({ "breaks": [{ "start": "02:00", "end": "02:30" }] }), vec![]),
            (json!({ "breaks": [{ "start": "05:30", "end": "06:30" }] }), vec!["rules.breaks[0]"]),
            (json!({ "breaks": [{ "start": "12:00", "end": "12:30" }] }), vec!["rules.breaks[0]"]),
            (json!({ "breaks": [{ "start": "00:30", "end": "00:30" }] }), vec!["rules.breaks[0].end"]),
            (json!({ "grace_minutes": 241 }), vec!["rules.grace_minutes"]),
            (json!({ "opens_minutes_before": 60000 }), vec!["rules.opens_minutes_before"]),
            (json!({ "half_day_minutes": 240, "asks_check_out": true }), vec![]),
            (json!({ "half_day_minutes": 240 }), vec!["rules.half_day_minutes"]),
            (json!({ "half_day_minutes": 481, "asks_check_out": true }), vec!["rules.half_day_minutes"]),
            (json!({ "half_day_minutes": 0, "asks_check_out": true }), vec!["rules.half_day_minutes"]),
        ];
        for (mut rules, expected) in cases {
            rules["slots"] = day();
            assert_eq!(wrong(rules.clone()), expected, "{rules}");
        }
        let short = json!({ "slots": [slot(&["mon"], "08:00", "08:10")], "grace_minutes": 10 });
        assert_eq!(wrong(short), ["rules.grace_minutes"]);
        assert!(zone("Europe/Berlin").is_ok() && zone("Mars/Olympus").is_err() && zone("").is_err());
    }
}
