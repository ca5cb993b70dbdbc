//! When the slots of a schedule happen: local times made instants, clock changes included.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use types::{ClockTime, ScheduleRules, Slot};
use uuid::Uuid;

use super::rules::break_in_slot;

/// The schedule of classes that have none: each day is one period, in which nobody is expected.
pub const ALL_DAY: Uuid = Uuid::from_u128(1);

/// A schedule with all its rules.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its id.
    pub id: Uuid,
    /// The zone of its clock times.
    pub zone: Tz,
    /// Its rules by the first day they hold for, oldest first.
    pub versions: Vec<(NaiveDate, Arc<ScheduleRules>)>,
}

impl Schedule {
    /// The rules of a day; none before the first version.
    pub fn rules_on(&self, day: NaiveDate) -> Option<&Arc<ScheduleRules>> {
        self.versions.iter().rev().find(|(from, _)| *from <= day).map(|(_, rules)| rules)
    }
}

/// One slot of a schedule on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The schedule.
    pub schedule: Uuid,
    /// The day on which it begins, in the schedule's zone.
    pub day: NaiveDate,
    /// The slot's number.
    pub slot: i16,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends, after it begins.
    pub ends_at: DateTime<Utc>,
    /// From when on arrivals may belong to it.
    pub opens_at: DateTime<Utc>,
    /// Until when people who leave may belong to it.
    pub closes_at: DateTime<Utc>,
    /// The breaks within it, none longer than by the clock.
    pub breaks: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// The rules of its day.
    pub rules: Arc<ScheduleRules>,
}

impl Instance {
    /// Whether a moment lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.starts_at <= at && at < self.ends_at
    }

    /// What orders instances and tells them apart.
    pub fn key(&self) -> (DateTime<Utc>, Uuid, NaiveDate, i16) {
        (self.starts_at, self.schedule, self.day, self.slot)
    }

    /// The slot's name.
    pub fn name(&self) -> Option<&String> {
        self.rules.slots.get(usize::try_from(self.slot).ok()?)?.name.as_ref()
    }
}

/// The first of the two moments at which a clock shows `local`; where clocks skip it, the moment of the change.
pub fn earliest(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    resolve(zone, local).0
}

/// The last of the two moments at which a clock shows `local`; where clocks skip it, the moment of the change.
pub fn latest(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    resolve(zone, local).1
}

fn resolve(zone: Tz, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>) {
    // Clocks have skipped minutes and, at the date line, a day; they change at full minutes.
    for minutes in 0..=26 * 60 {
        match zone.from_local_datetime(&(local + TimeDelta::minutes(minutes))) {
            LocalResult::Single(at) => return (at.with_timezone(&Utc), at.with_timezone(&Utc)),
            LocalResult::Ambiguous(one, other) => {
                // What comes after a skipped time is its first moment.
                let last = if minutes == 0 { other } else { one };
                return (one.with_timezone(&Utc), last.with_timezone(&Utc));
            }
            LocalResult::None => {}
        }
    }
    (local.and_utc(), local.and_utc())
}

fn clock(day: NaiveDate, time: ClockTime) -> NaiveDateTime {
    day.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(time.minutes().into())
}

/// The instances of a schedule that begin on the days from `from` to `to`, both included, in the order of time.
///
/// They never overlap: where a change of rules or of the clock would have one reach into the next, it ends there. What
/// a clock change leaves no time for does not happen.
pub fn instances(schedule: &Schedule, from: NaiveDate, to: NaiveDate) -> Vec<Instance> {
    // The day after may cut the last one short.
    let mut found: Vec<Instance> = from
        .iter_days()
        .take_while(|day| Some(*day) <= to.checked_add_days(Days::new(1)))
        .flat_map(|day| of_day(schedule, day))
        .collect();
    found.sort_by_key(Instance::key);
    for index in 1..found.len() {
        let next = found[index].starts_at;
        let earlier = &mut found[index - 1];
        if earlier.ends_at > next {
            let after = earlier.closes_at - earlier.ends_at;
            (earlier.ends_at, earlier.closes_at) = (next, next + after);
        }
    }
    found.retain(|instance| instance.starts_at < instance.ends_at && instance.day <= to);
    for instance in &mut found {
        let (start, end) = (instance.starts_at, instance.ends_at);
        instance.breaks.iter_mut().for_each(|span| *span = (span.0.max(start), span.1.min(end)));
        instance.breaks.retain(|(from, until)| from < until);
    }
    found
}

fn of_day(schedule: &Schedule, day: NaiveDate) -> Vec<Instance> {
    let Some(rules) = schedule.rules_on(day) else { return Vec::new() };
    let weekday = day.weekday().num_days_from_monday();
    let slots = rules.slots.iter().enumerate();
    slots
        .filter(|(_, slot)| slot.days.iter().any(|own| *own as u32 == weekday))
        .filter_map(|(number, slot)| of_slot(schedule, rules, day, (i16::try_from(number).ok()?, slot)))
        .collect()
}

fn of_slot(
    schedule: &Schedule,
    rules: &Arc<ScheduleRules>,
    day: NaiveDate,
    (number, slot): (i16, &Slot),
) -> Option<Instance> {
    let zone = schedule.zone;
    let next_day = if slot.end <= slot.start { day.succ_opt()? } else { day };
    let starts_at = earliest(zone, clock(day, slot.start));
    let ends_at = latest(zone, clock(next_day, slot.end));
    let breaks = rules.breaks.iter().filter_map(|pause| break_in_slot(pause, slot)).map(|(from, until)| {
        let local = |minutes: u16| clock(day, slot.start) + TimeDelta::minutes(minutes.into());
        // An hour that comes twice makes no break longer; of one that is skipped remains what is outside of it.
        let begins = earliest(zone, local(from));
        let length = TimeDelta::minutes((until - from).into());
        (begins, latest(zone, local(until)).min(begins + length))
    });
    Some(Instance {
        schedule: schedule.id,
        day,
        slot: number,
        starts_at,
        ends_at,
        opens_at: starts_at - TimeDelta::minutes(rules.opens_minutes_before.into()),
        closes_at: ends_at + TimeDelta::minutes(rules.closes_minutes_after.into()),
        breaks: breaks.collect(),
        rules: Arc::clone(rules),
    })
}

/// The instance of a day for a class without a schedule, from midnight to midnight.
pub fn all_day(zone: Tz, day: NaiveDate) -> Instance {
    let starts_at = earliest(zone, day.and_time(chrono::NaiveTime::MIN));
    let next = day.succ_opt().unwrap_or(day);
    let ends_at = earliest(zone, next.and_time(chrono::NaiveTime::MIN));
    Instance {
        schedule: ALL_DAY,
        day,
        slot: 0,
        starts_at,
        ends_at,
        opens_at: starts_at,
        closes_at: ends_at,
        breaks: Vec::new(),
        rules: Arc::new(ScheduleRules {
            slots: Vec::new(),
            // Nobody is late for a day.
            grace_minutes: u16::MAX,
            early_minutes: 0,
            half_day_minutes: None,
            breaks: Vec::new(),
            opens_minutes_before: 0,
            closes_minutes_after: 0,
            asks_check_out: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(zone: &str, slots: &[(&str, &str)]) -> Schedule {
        let slots: Vec<_> = slots
            .iter()
            .map(|(start, end)| {
                serde_json::json!({ "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                    "start": start, "end": end })
            })
            .collect();
        let rules = serde_json::from_value(serde_json::json!({ "slots": slots })).expect("rules");
        let from = "2020-01-01".parse().expect("day");
        Schedule {
            id: Uuid::nil(),
            zone: zone.parse().expect("zone"),
            versions: vec![(from, Arc::new(rules))],
        }
    }

    fn times(zone: &str, day: &str, slots: &[(&str, &str)]) -> Vec<String> {
        let day = day.parse().expect("day");
        instances(&schedule(zone, slots), day, day)
            .iter()
            .map(|i| format!("{} {}", i.starts_at.format("%d %H:%M"), i.ends_at.format("%d %H:%M")))
            .collect()
    }

    #[test]
    fn clock_changes_move_what_does_not_exist_and_keep_the_whole_of_what_comes_twice() {
        type Times = &'static [(&'static str, &'static str)];
        let cases: [(&str, &str, Times, &[&str]); 9] = [
            // Berlin, spring: 02:00 becomes 03:00. A night shift has 7 hours.
            ("Europe/Berlin", "2026-03-28", &[("22:00", "06:00")], &["28 21:00 29 04:00"]),
            ("Europe/Berlin", "2026-03-29", &[("02:30", "06:00")], &["29 01:00 29 04:00"]),
            ("Europe/Berlin", "2026-03-29", &[("02:15", "02:45")], &[]),
            // Autumn: 03:00 becomes 02:00. A night shift has 9 hours; 02:30 comes twice.
            ("Europe/Berlin", "2026-10-24", &[("22:00", "06:00")], &["24 20:00 25 05:00"]),
            ("Europe/Berlin", "2026-10-25", &[("02:15", "02:45")], &["25 00:15 25 01:45"]),
            // Two that touch at a time that comes twice do not overlap.
            (
                "Europe/Berlin",
                "2026-10-25",
                &[("00:30", "02:30"), ("02:30", "06:00")],
                &["24 22:30 25 00:30", "25 00:30 25 05:00"],
            ),
            ("America/New_York", "2026-11-01", &[("01:30", "03:00")], &["01 05:30 01 08:00"]),
            // Lord Howe changes by half an hour, at 02:00.
            ("Australia/Lord_Howe", "2026-10-04", &[("02:10", "08:00")], &["03 15:30 03 21:00"]),
            // A day that never was.
            ("Pacific/Apia", "2011-12-30", &[("08:00", "16:00")], &[]),
        ];
        for (zone, day, slots, expected) in cases {
            let mut found = times(zone, day, slots);
            if zone == "Pacific/Apia" {
                found = {
                    let mut schedule = schedule(zone, slots);
                    schedule.versions[0].0 = "2011-01-01".parse().expect("day");
                    let day = day.parse().expect("day");
                    instances(&schedule, day, day).iter().map(|i| i.day.to_string()).collect()
                };
            }
            assert_eq!(found, expected, "{zone} {day} {slots:?}");
        }
    }

    #[test]
    fn a_break_lasts_as_long_as_by_the_clock_or_what_a_skipped_hour_leaves_of_it() {
        type Times = (&'static str, &'static str);
        let cases: [(&str, &str, Times, Times, &[&str]); 11] = [
            // Berlin, autumn: 03:00 becomes 02:00 at 01:00 UTC. In the hour that comes twice, into it, out of it, over
            // it, after it.
            ("Europe/Berlin", "2026-10-24", ("22:00", "06:00"), ("02:00", "02:30"), &["00:00 00:30"]),
            ("Europe/Berlin", "2026-10-24", ("22:00", "06:00"), ("01:45", "02:15"), &["23:45 00:15"]),
            ("Europe/Berlin", "2026-10-24", ("22:00", "06:00"), ("02:45", "03:15"), &["00:45 01:15"]),
            ("Europe/Berlin", "2026-10-24", ("22:00", "06:00"), ("01:30", "03:30"), &["23:30 01:30"]),
            ("Europe/Berlin", "2026-10-24", ("22:00", "06:00"), ("03:00", "03:30"), &["02:00 02:30"]),
            // In a shift that ends in it, with the second of the two.
            ("Europe/Berlin", "2026-10-24", ("18:00", "02:30"), ("02:00", "02:30"), &["00:00 00:30"]),
            // Spring: 02:00 becomes 03:00 at 01:00 UTC.
            ("Europe/Berlin", "2026-03-28", ("22:00", "06:00"), ("02:00", "02:30"), &[]),
            ("Europe/Berlin", "2026-03-28", ("22:00", "06:00"), ("01:45", "02:15"), &["00:45 01:00"]),
            ("Europe/Berlin", "2026-03-28", ("22:00", "06:00"), ("02:45", "03:15"), &["01:00 01:15"]),
            ("Europe/Berlin", "2026-03-28", ("22:00", "06:00"), ("01:30", "03:30"), &["00:30 01:30"]),
            // Lord Howe: 02:00 becomes 01:30 at 15:00 UTC.
            ("Australia/Lord_Howe", "2026-04-04", ("22:00", "06:00"), ("01:30", "02:00"), &["14:30 15:00"]),
        ];
        for (zone, day, slot, (start, end), expected) in cases {
            let mut schedule = schedule(zone, &[slot]);
            let pause = serde_json::json!({ "start": start, "end": end });
            let rules = Arc::make_mut(&mut schedule.versions[0].1);
            rules.breaks.push(serde_json::from_value(pause).expect("break"));
            let day = day.parse().expect("day");
            let found: Vec<String> = instances(&schedule, day, day)
                .iter()
                .flat_map(|one| &one.breaks)
                .map(|(from, until)| format!("{} {}", from.format("%H:%M"), until.format("%H:%M")))
                .collect();
            assert_eq!(found, expected, "{zone} {day} {slot:?} {start} {end}");
        }
    }

    #[test]
    fn a_new_version_cuts_what_reaches_into_it() {
        let mut changing = schedule("UTC", &[("22:00", "06:00")]);
        let morning = schedule("UTC", &[("05:00", "13:00")]).versions.remove(0).1;
        changing.versions.push(("2026-05-02".parse().expect("day"), morning));
        let day = |text: &str| text.parse().expect("day");
        let found = instances(&changing, day("2026-05-01"), day("2026-05-02"));
        let ends: Vec<String> = found.iter().map(|i| i.ends_at.to_rfc3339()).collect();
        assert_eq!(ends, ["2026-05-02T05:00:00+00:00", "2026-05-02T13:00:00+00:00"]);
        assert_eq!(
            instances(&changing, day("2026-05-01"), day("2026-05-01"))[0],
            found[0],
            "however it is asked"
        );
    }
}
