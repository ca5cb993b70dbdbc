//! The attendance rate of each day, as a line.

use std::sync::Arc;

use leptos::prelude::*;
use types::{Analytics, RateOfDay};

use super::card::Table;
use super::explore::{Draw, Explore, Frame, px, step_of};
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::numbers::grouped;
use crate::reports::percent;

/// How many days may lie between two labels.
const STEPS: [usize; 7] = [1, 2, 5, 10, 20, 40, 80];

/// Half of what the label of the last value takes at most, in pixels: it is cut off nowhere.
const LABEL: f64 = 28.0;

/// The line; nothing where no day has a rate.
pub fn draw(id: &'static str, counts: Analytics) -> Option<AnyView> {
    let Analytics::Rate { days } = counts else { return None };
    let (attended, absent) =
        days.iter().fold((0, 0), |(attended, absent), day| (attended + day.attended, absent + day.absent));
    if attended + absent == 0 {
        return None;
    }
    let description = say!(
        analytics.rate_whole,
        rate = percent(attended as f64 / (attended + absent) as f64),
        count = days.len()
    );
    let days: Arc<[RateOfDay]> = days.into();
    let count = days.len();
    let told = days.clone();
    let tell = Arc::new(move |at: usize| tell(&told[at]));
    let draw: Draw = Arc::new(move |frame, at| line(&days, frame, at));
    Some(
        view! { <Explore id title=say!(analytics.rate_title).to_owned() description count tell draw /> }
            .into_any(),
    )
}

fn tell(day: &RateOfDay) -> String {
    let date = calendar::write(day.day, DayStyle::Long);
    match day.rate {
        Some(rate) => say!(
            analytics.rate_of_day,
            date = date,
            rate = percent(rate),
            attended = grouped(day.attended),
            whole = grouped(day.attended + day.absent)
        ),
        None => say!(analytics.no_rate, date = date),
    }
}

/// The lowest height of the axis: the tenth below the lowest rate.
fn floor_of(days: &[RateOfDay]) -> f64 {
    let lowest = days.iter().filter_map(|day| day.rate).fold(1.0, f64::min);
    ((lowest * 10.0).floor() / 10.0).clamp(0.0, 0.9)
}

fn line(days: &[RateOfDay], frame: Frame, at: RwSignal<Option<usize>>) -> AnyView {
    let low = floor_of(days);
    let place = |number: usize| (number as f64 + 0.5) / days.len() as f64;
    let height = |rate: f64| (rate - low) / (1.0 - low);
    let points: Vec<Option<(f64, f64)>> = days
        .iter()
        .enumerate()
        .map(|(number, day)| day.rate.map(|rate| (frame.x(place(number)), frame.y(height(rate)))))
        .collect();
    // The line breaks where a day has no rate.
    let mut path = String::new();
    let mut drawing = false;
    for point in &points {
        if let Some((x, y)) = point {
            path.push_str(if drawing { "L" } else { "M" });
            path.push_str(&format!("{} {}", px(*x), px(*y)));
        }
        drawing = point.is_some();
    }
    let step = step_of(days.len(), frame.plot(), 64.0, &STEPS);
    let ticks: Vec<AnyView> = days
        .iter()
        .enumerate()
        .step_by(step)
        .map(|(number, day)| frame.tick(place(number), calendar::write(day.day, DayStyle::Short)))
        .collect();
    let dots: Vec<AnyView> = points
        .iter()
        .enumerate()
        .filter_map(|(number, point)| {
            let (x, y) = (*point)?;
            Some(
                view! {
                    <circle class="chart-dot" class:here=move || at.get() == Some(number) cx=px(x) cy=px(y) r="3" />
                }
                .into_any(),
            )
        })
        .collect();
    let last = points.iter().rposition(Option::is_some).and_then(|number| {
        let ((x, y), rate) = (points[number]?, days[number].rate?);
        let x = x.min(frame.width - LABEL).max(LABEL);
        Some(
            view! { <text class="chart-label" x=px(x) y=px(y - 10.0) text-anchor="middle">{percent(rate)}</text> }
                .into_any(),
        )
    });
    view! {
        {frame.rule(0.0, percent_short(low))}
        {frame.rule(0.5, percent_short(f64::midpoint(low, 1.0)))}
        {frame.rule(1.0, percent_short(1.0))}
        {ticks}
        <path class="chart-line" d=path />
        {dots}
        {last}
    }
    .into_any()
}

fn percent_short(share: f64) -> String {
    say!(reports.percent, share = crate::numbers::short(share * 100.0, 0))
}

/// The days as a table.
pub fn tables(counts: &Analytics) -> Vec<Table> {
    let Analytics::Rate { days } = counts else { return Vec::new() };
    let row = |day: &RateOfDay| {
        vec![
            calendar::write(day.day, DayStyle::Long),
            day.rate.map_or_else(|| "–".to_owned(), percent),
            grouped(day.attended),
            grouped(day.absent),
            grouped(day.excused),
            grouped(day.unconfirmed),
            grouped(day.expected),
        ]
    };
    vec![Table {
        caption: say!(analytics.rate_title).to_owned(),
        heads: vec![
            say!(words.day),
            say!(reports.rate),
            say!(analytics.attended),
            say!(analytics.absent),
            say!(analytics.excused),
            say!(analytics.unconfirmed),
            say!(analytics.open),
        ],
        rows: days.iter().map(row).collect(),
    }]
}
