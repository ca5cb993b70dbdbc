//! When messages are sent: digests and quiet hours by the site's clocks, repeated attempts, scheduled reports. Pure.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc,
};
use chrono_tz::Tz;
use types::{Cadence, ClockTime, Digest, QuietHours, ReportRange};

use crate::domain::attendance::instances::{earliest, latest};

/// The first pause after a failure; each next one is twice as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// Attempts before a message is a dead letter.
pub const MOST_ATTEMPTS: i32 = 8;

fn clock(day: NaiveDate, time: ClockTime) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN) + TimeDelta::minutes(time.minutes().into())
}

/// When something that comes about at `at` is sent: with its digest, and in none of the quiet hours.
pub fn not_before(at: DateTime<Utc>, digest: Digest, quiet: &[QuietHours], zone: Tz) -> DateTime<Utc> {
    let mut due = match digest {
        Digest::AtOnce => at,
        Digest::Hourly => {
            let local = at.with_timezone(&zone);
            let past = TimeDelta::seconds((local.minute() * 60 + local.second() % 60).into())
                + TimeDelta::nanoseconds(local.nanosecond().into());
            at - past + TimeDelta::hours(1)
        }
        Digest::Daily { time } => next_of_day(at, time, zone),
    };
    // Each round leaves one of the quiet hours. Together they may leave no time of the day: after a day they are over.
    let latest_end = due + TimeDelta::days(1);
    while let Some(end) = quiet.iter().find_map(|hours| end_of_quiet(due, *hours, zone)) {
        due = end;
        if due >= latest_end {
            break;
        }
    }
    due
}

/// The next moment after `at` at which the clocks show a time.
fn next_of_day(at: DateTime<Utc>, time: ClockTime, zone: Tz) -> DateTime<Utc> {
    let today = at.with_timezone(&zone).date_naive();
    let days = (0..3).map(|days| earliest(zone, clock(today + Days::new(days), time)));
    days.into_iter().find(|moment| *moment > at).unwrap_or(at)
}

/// When the quiet hours end that a moment lies in. Where clocks show their end twice, it is the second.
fn end_of_quiet(at: DateTime<Utc>, hours: QuietHours, zone: Tz) -> Option<DateTime<Utc>> {
    let today = at.with_timezone(&zone).date_naive();
    [today.pred_opt()?, today].into_iter().find_map(|day| {
        let last = if hours.until <= hours.from { day.succ_opt()? } else { day };
        let (from, until) = (earliest(zone, clock(day, hours.from)), latest(zone, clock(last, hours.until)));
        (from <= at && at < until).then_some(until)
    })
}

/// How long to wait after so many attempts; `jitter` from 0 to 1 spreads what failed together over a fifth of it.
pub fn pause(attempts: i32, jitter: f64) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
    let spread = jitter.clamp(0.0, 1.0) * 0.2 * pause.num_milliseconds() as f64;
    pause + TimeDelta::milliseconds(spread as i64)
}

/// When a report is due next after `after`.
pub fn next_run(after: DateTime<Utc>, cadence: Cadence, time: ClockTime, zone: Tz) -> DateTime<Utc> {
    let today = after.with_timezone(&zone).date_naive();
    // A month's day is at most 31 days away, and the time of today may be over.
    let days = (0..=62).filter_map(|days| today.checked_add_days(Days::new(days)));
    let mut due = days.filter(|day| falls_on(*day, cadence)).map(|day| earliest(zone, clock(day, time)));
    due.find(|moment| *moment > after).unwrap_or(after + TimeDelta::days(1))
}

fn falls_on(day: NaiveDate, cadence: Cadence) -> bool {
    match cadence {
        Cadence::Day => true,
        Cadence::Week { weekday } => day.weekday().num_days_from_monday() == weekday as u32,
        Cadence::Month { day: wanted } => {
            let last = day.succ_opt().is_none_or(|next| next.month() != day.month());
            day.day() == u32::from(wanted) || (last && day.day() < u32::from(wanted))
        }
    }
}

/// The days `[from, to)` that a report of a day is about.
pub fn days_of(range: ReportRange, day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let monday = day - Days::new(day.weekday().num_days_from_monday().into());
    let first = day - Days::new(day.day0().into());
    match range {
        ReportRange::Today => (day, day + Days::new(1)),
        ReportRange::Yesterday => (day - Days::new(1), day),
        ReportRange::Last7Days => (day - Days::new(7), day),
        ReportRange::LastWeek => (monday - Days::new(7), monday),
        ReportRange::LastMonth => (first - Months::new(1), first),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::Weekday;

    use super::*;

    fn time(text: &str) -> ClockTime {
        ClockTime::try_from(text.to_owned()).expect("a time")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn quiet(from: &str, until: &str) -> QuietHours {
        QuietHours { from: time(from), until: time(until) }
    }

    #[test]
    fn digests_and_quiet_hours_by_example() {
        let berlin = Tz::Europe__Berlin;
        let daily = |text| Digest::Daily { time: time(text) };
        let night = vec![quiet("22:00", "07:00")];
        let cases = [
            ("2026-05-04T10:17:33Z", Digest::AtOnce, vec![], "2026-05-04T10:17:33Z"),
            ("2026-05-04T10:17:33Z", Digest::Hourly, vec![], "2026-05-04T11:00:00Z"),
            ("2026-05-04T10:00:00Z", Digest::Hourly, vec![], "2026-05-04T11:00:00Z"),
            ("2026-05-04T10:17:33Z", daily("17:00"), vec![], "2026-05-04T15:00:00Z"),
            ("2026-05-04T15:00:00Z", daily("17:00"), vec![], "2026-05-05T15:00:00Z"),
            ("2026-05-04T21:00:00Z", Digest::AtOnce, night.clone(), "2026-05-05T05:00:00Z"),
            ("2026-05-05T04:59:59Z", Digest::AtOnce, night.clone(), "2026-05-05T05:00:00Z"),
            ("2026-05-05T05:00:00Z", Digest::AtOnce, night.clone(), "2026-05-05T05:00:00Z"),
            ("2026-05-04T10:00:00Z", daily("23:00"), night.clone(), "2026-05-05T05:00:00Z"),
            // Clocks go forward on 29 March 2026 at 02:00, and back on 25 October at 03:00.
            ("2026-03-28T22:30:00Z", Digest::AtOnce, night.clone(), "2026-03-29T05:00:00Z"),
            ("2026-10-24T22:30:00Z", Digest::AtOnce, night.clone(), "2026-10-25T06:00:00Z"),
            ("2026-03-28T22:30:00Z", Digest::AtOnce, vec![quiet("22:00", "02:30")], "2026-03-29T01:00:00Z"),
            ("2026-10-25T00:10:00Z", Digest::AtOnce, vec![quiet("22:00", "02:30")], "2026-10-25T01:30:00Z"),
            ("2026-03-28T12:00:00Z", daily("02:30"), vec![], "2026-03-29T01:00:00Z"),
            // Two people's quiet hours, one after the other.
            (
                "2026-05-04T21:00:00Z",
                Digest::AtOnce,
                vec![quiet("22:00", "07:00"), quiet("06:00", "08:00")],
                "2026-05-05T06:00:00Z",
            ),
        ];
        for (moment, digest, hours, due) in cases {
            assert_eq!(
                not_before(at(moment), digest, &hours, berlin),
                at(due),
                "{moment} {digest:?} {hours:?}"
            );
        }
    }

    #[test]
    fn reports_are_due_on_days_that_there_are() {
        let berlin = Tz::Europe__Berlin;
        let cases = [
            ("2026-05-04T10:00:00Z", Cadence::Day, "06:00", "2026-05-05T04:00:00Z"),
            ("2026-05-04T03:59:59Z", Cadence::Day, "06:00", "2026-05-04T04:00:00Z"),
            (
                "2026-05-04T04:00:00Z",
                Cadence::Week { weekday: Weekday::Mon },
                "06:00",
                "2026-05-11T04:00:00Z",
            ),
            ("2026-01-31T06:00:00Z", Cadence::Month { day: 31 }, "06:00", "2026-02-28T05:00:00Z"),
            ("2026-02-28T05:00:00Z", Cadence::Month { day: 31 }, "06:00", "2026-03-31T04:00:00Z"),
            ("2026-02-01T05:00:00Z", Cadence::Month { day: 1 }, "06:00", "2026-03-01T05:00:00Z"),
            ("2026-03-28T12:00:00Z", Cadence::Day, "02:30", "2026-03-29T01:00:00Z"),
        ];
        for (after, cadence, clock, due) in cases {
            assert_eq!(next_run(at(after), cadence, time(clock), berlin), at(due), "{after} {cadence:?}");
        }
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        for (range, of, from, to) in [
            (ReportRange::Today, "2026-03-01", "2026-03-01", "2026-03-02"),
            (ReportRange::Yesterday, "2026-03-01", "2026-02-28", "2026-03-01"),
            (ReportRange::Last7Days, "2026-03-01", "2026-02-22", "2026-03-01"),
            (ReportRange::LastWeek, "2026-03-01", "2026-02-16", "2026-02-23"),
            (ReportRange::LastWeek, "2026-03-02", "2026-02-23", "2026-03-02"),
            (ReportRange::LastMonth, "2026-03-31", "2026-02-01", "2026-03-01"),
            (ReportRange::LastMonth, "2026-01-15", "2025-12-01", "2026-01-01"),
        ] {
            assert_eq!(days_of(range, day(of)), (day(from), day(to)), "{range:?} {of}");
        }
    }

    #[test]
    fn pauses_double_up_to_an_hour() {
        let seconds: Vec<i64> = (1..=9).map(|attempts| pause(attempts, 0.0).num_seconds()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(pause(i32::MAX, 1.0), TimeDelta::minutes(72));
        assert_eq!(pause(1, 1.0), TimeDelta::seconds(36));
    }

    const ZONES: [Tz; 6] = [
        Tz::Europe__Berlin,
        Tz::America__New_York,
        Tz::Australia__Lord_Howe,
        Tz::Asia__Kathmandu,
        Tz::Pacific__Apia,
        Tz::UTC,
    ];

    fn clock_times() -> impl Strategy<Value = ClockTime> {
        (0u16..1440).prop_map(|minutes| ClockTime::from_minutes(minutes).expect("a time"))
    }

    proptest! {
        #[test]
        fn what_is_sent_is_sent_later_within_two_days_and_out_of_quiet_hours(
            // Around the changes of clocks of two years.
            second in 1_767_225_600i64..1_830_297_600,
            zone in proptest::sample::select(&ZONES[..]),
            digest in prop_oneof![
                Just(Digest::AtOnce),
                Just(Digest::Hourly),
                clock_times().prop_map(|time| Digest::Daily { time }),
            ],
            from in clock_times(),
            until in clock_times(),
        ) {
            prop_assume!(from != until);
            let hours = QuietHours { from, until };
            let moment = DateTime::from_timestamp(second, 0).expect("a moment");
            let due = not_before(moment, digest, &[hours], zone);
            prop_assert!(due >= moment && due - moment <= TimeDelta::hours(51), "{moment} {due}");
            prop_assert_eq!(end_of_quiet(due, hours, zone), None);
            // The clocks agree, but where they skip or repeat a time.
            let shown = due.with_timezone(&zone).time().num_seconds_from_midnight() / 60;
            let (from, until) = (u32::from(from.minutes()), u32::from(until.minutes()));
            let inside = if from < until { (from..until).contains(&shown) } else { shown >= from || shown < until };
            let steady = [due - TimeDelta::hours(30), due + TimeDelta::hours(3)]
                .map(|near| chrono::Offset::fix(near.with_timezone(&zone).offset()).local_minus_utc());
            prop_assert!(!inside || steady[0] != steady[1], "{}", due.with_timezone(&zone));
        }

        #[test]
        fn a_daily_report_comes_once_a_day(
            second in 1_767_225_600i64..1_830_297_600,
            zone in proptest::sample::select(&ZONES[..]),
            time in clock_times(),
        ) {
            let moment = DateTime::from_timestamp(second, 0).expect("a moment");
            let first = next_run(moment, Cadence::Day, time, zone);
            let second = next_run(first, Cadence::Day, time, zone);
            prop_assert!(moment < first && first < second);
            let days = [first, second].map(|due| due.with_timezone(&zone).date_naive());
            prop_assert_eq!(days[0] + Days::new(1), days[1]);
        }
    }
}
