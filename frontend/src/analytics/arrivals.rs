//! When people come: columns by quarter hour, bars by weekday.

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use leptos::prelude::*;
use types::{Analytics, QuarterHour, WeekdayArrivals};

use super::bars::{Bar, Bars, Part};
use super::card::Table;
use super::explore::{Draw, Explore, Frame, ceiling, px, step_of};
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::numbers::{grouped, short};

/// A quarter hour in minutes.
const QUARTER: i32 = 15;
/// How many quarters may lie between two labels.
const STEPS: [usize; 4] = [4, 8, 16, 24];

/// The columns and bars; nothing where nobody came.
pub fn draw(id: &'static str, counts: Analytics) -> Option<AnyView> {
    let Analytics::ArrivalsByTime { quarters, weekdays } = counts else { return None };
    let most =
        quarters.iter().max_by_key(|quarter| quarter.arrivals).filter(|quarter| quarter.arrivals > 0)?;
    let description = say!(analytics.busiest, time = quarter_hour(most.minute), count = most.arrivals);
    let busiest = most.minute;
    let all: Arc<[QuarterHour]> = without_gaps(&quarters).into();
    let count = all.len();
    let told = all.clone();
    let tell = Arc::new(move |at: usize| {
        say!(analytics.came_then, time = quarter_hour(told[at].minute), count = told[at].arrivals)
    });
    let draw: Draw = Arc::new(move |frame, at| columns(&all, busiest, frame, at));
    Some(
        view! {
            <Explore id title=say!(analytics.arrivals_title).to_owned() description count tell draw height=200.0 />
            <h3 class="label chart-part">{say!(analytics.by_weekday)}</h3>
            <Bars bars=weekday_bars(&weekdays) />
        }
        .into_any(),
    )
}

/// Every whole hour from the first to the last, with the quarters in which nobody came.
fn without_gaps(quarters: &[QuarterHour]) -> Vec<QuarterHour> {
    let (Some(first), Some(last)) = (quarters.first(), quarters.last()) else { return Vec::new() };
    let (from, to) = (first.minute / 60 * 60, (last.minute / 60 + 1) * 60);
    (from..to)
        .step_by(QUARTER as usize)
        .map(|minute| {
            let found = quarters.iter().find(|quarter| quarter.minute == minute);
            QuarterHour { minute, arrivals: found.map_or(0, |quarter| quarter.arrivals) }
        })
        .collect()
}

fn columns(quarters: &[QuarterHour], busiest: i32, frame: Frame, at: RwSignal<Option<usize>>) -> AnyView {
    let top = ceiling(quarters.iter().map(|quarter| quarter.arrivals).max().unwrap_or(0));
    let count = quarters.len() as f64;
    let width = (frame.plot() / count - 2.0).max(1.0);
    let column = |(number, quarter): (usize, &QuarterHour)| {
        let (middle, y) =
            (frame.x((number as f64 + 0.5) / count), frame.y(quarter.arrivals as f64 / top as f64));
        let label = (quarter.minute == busiest).then(|| {
            view! {
                <text class="chart-label" x=px(middle) y=px(y - 6.0) text-anchor="middle">
                    {grouped(quarter.arrivals)}
                </text>
            }
        });
        view! {
            <rect
                class="chart-column"
                class:here=move || at.get() == Some(number)
                x=px(middle - width / 2.0)
                y=px(y)
                width=px(width)
                height=px(frame.y(0.0) - y)
                rx="1"
            />
            {label}
        }
        .into_any()
    };
    let step = step_of(quarters.len(), frame.plot(), 48.0, &STEPS);
    let ticks: Vec<AnyView> = quarters
        .iter()
        .enumerate()
        .step_by(step)
        .map(|(number, quarter)| frame.tick(number as f64 / count, clock(quarter.minute)))
        .collect();
    let columns: Vec<AnyView> = quarters.iter().enumerate().map(column).collect();
    view! {
        {frame.rule(0.0, "0".to_owned())}
        {frame.rule(0.5, grouped(top / 2))}
        {frame.rule(1.0, grouped(top))}
        {ticks}
        {columns}
    }
    .into_any()
}

/// Minutes of the day as a clock shows them.
fn clock(minute: i32) -> String {
    format!("{:02}:{:02}", minute / 60 % 24, minute % 60)
}

fn quarter_hour(minute: i32) -> String {
    format!("{}–{}", clock(minute), clock(minute + QUARTER))
}

/// The name of a weekday; 1 is Monday.
fn weekday_name(weekday: i32) -> String {
    // The first of January 2024 was a Monday.
    let monday = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default();
    let day = monday.checked_add_days(Days::new(u64::try_from(weekday - 1).unwrap_or(0)));
    calendar::write(day.unwrap_or(monday), DayStyle::Weekday)
}

fn per_day(weekday: &WeekdayArrivals) -> f64 {
    weekday.arrivals as f64 / weekday.days.max(1) as f64
}

fn weekday_bars(weekdays: &[WeekdayArrivals]) -> Vec<Bar> {
    let most = weekdays.iter().map(per_day).fold(0.0, f64::max);
    let bar = |weekday: &WeekdayArrivals| Bar {
        label: weekday_name(weekday.weekday),
        parts: vec![Part { share: per_day(weekday) / most.max(1.0), class: "bar-accent" }],
        value: say!(analytics.per_day, count = short(per_day(weekday), 1)),
    };
    weekdays.iter().map(bar).collect()
}

/// Quarters and weekdays as tables.
pub fn tables(counts: &Analytics) -> Vec<Table> {
    let Analytics::ArrivalsByTime { quarters, weekdays } = counts else { return Vec::new() };
    let quarter = |quarter: &QuarterHour| vec![quarter_hour(quarter.minute), grouped(quarter.arrivals)];
    let weekday = |weekday: &WeekdayArrivals| {
        vec![
            weekday_name(weekday.weekday),
            grouped(weekday.arrivals),
            grouped(weekday.days),
            short(per_day(weekday), 1),
        ]
    };
    vec![
        Table {
            caption: say!(analytics.arrivals_title).to_owned(),
            heads: vec![say!(words.time), say!(analytics.arrivals)],
            rows: quarters.iter().map(quarter).collect(),
        },
        Table {
            caption: say!(analytics.by_weekday).to_owned(),
            heads: vec![
                say!(words.day),
                say!(analytics.arrivals),
                say!(analytics.days),
                say!(analytics.mean),
            ],
            rows: weekdays.iter().map(weekday).collect(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_without_arrivals_are_shown_as_such() {
        let quarters = [QuarterHour { minute: 495, arrivals: 3 }, QuarterHour { minute: 540, arrivals: 1 }];
        let all: Vec<(i32, i64)> =
            without_gaps(&quarters).iter().map(|quarter| (quarter.minute, quarter.arrivals)).collect();
        assert_eq!(all[..3], [(480, 0), (495, 3), (510, 0)]);
        assert_eq!((all.len(), all[7]), (8, (585, 0)));
    }
}
