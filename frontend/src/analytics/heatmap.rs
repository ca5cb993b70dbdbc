//! The days of one person: a column for each week.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate, Weekday};
use leptos::prelude::*;
use types::{Analytics, AttendanceState, HeatDay};

use super::card::Table;
use super::explore::{Draw, Explore, Frame, Nearest, px};
use crate::attendance::state_name;
use crate::calendar::{self, DayStyle, Week, week_of};
use crate::language::say;
use crate::numbers::grouped;

/// The least and the most that a day is wide, with the gap to the next.
const LEAST: f64 = 14.0;
const MOST: f64 = 22.0;
const GAP: f64 = 3.0;

/// Where days lie: weeks side by side, weekdays below each other.
#[derive(Clone, Copy)]
struct Grid {
    start: NaiveDate,
    weeks: usize,
    first: Weekday,
}

impl Grid {
    fn of(days: &[HeatDay], first: Weekday) -> Option<Self> {
        let start = week_of(days.first()?.day, first).0;
        let weeks = (days.last()?.day - start).num_days() / 7 + 1;
        Some(Self { start, weeks: usize::try_from(weeks).unwrap_or(1), first })
    }

    /// Week and weekday of a day.
    fn place(&self, day: NaiveDate) -> (usize, usize) {
        let week = (day - self.start).num_days() / 7;
        (usize::try_from(week).unwrap_or(0), day.weekday().days_since(self.first) as usize)
    }

    fn cell(&self, frame: Frame) -> f64 {
        (frame.plot() / self.weeks as f64).clamp(LEAST, MOST)
    }

    /// The left and top edge of a day.
    fn corner(&self, frame: Frame, (week, weekday): (usize, usize)) -> (f64, f64) {
        let cell = self.cell(frame);
        let part = |week: usize| week as f64 * cell / frame.plot().max(1.0);
        let left = frame.x(part(week)).min(frame.x(part(week + 1)));
        (left, 28.0 + weekday as f64 * cell)
    }
}

/// The weeks; nothing where nothing was expected.
pub fn draw(id: &'static str, counts: Analytics) -> Option<AnyView> {
    let Analytics::Heatmap { days } = counts else { return None };
    let grid = Grid::of(&days, Week::get().first)?;
    let there = days.iter().filter(|day| day.state.attended()).count();
    let description = say!(analytics.days_whole, there = there, count = days.len());
    let days: Arc<[HeatDay]> = days.into();
    let count = days.len();
    let (told, found) = (days.clone(), days.clone());
    let tell = Arc::new(move |at: usize| tell(&told[at]));
    let nearest: Nearest = Arc::new(move |frame: Frame, x: f64, y: f64| {
        let cell = grid.cell(frame);
        found.iter().position(|day| {
            let (left, top) = grid.corner(frame, grid.place(day.day));
            (left..left + cell).contains(&x) && (top..top + cell).contains(&y)
        })
    });
    let draw: Draw = Arc::new(move |frame, at| weeks(&days, grid, frame, at));
    let least = grid.weeks as f64 * LEAST + 64.0;
    let title = say!(analytics.days_title).to_owned();
    Some(
        view! {
            <Explore id title description count tell draw height=28.0 + 7.0 * MOST + 4.0 nearest least />
            <ul class="legend chart-legend">
                {[
                    AttendanceState::Present,
                    AttendanceState::Late,
                    AttendanceState::HalfDay,
                    AttendanceState::Absent,
                    AttendanceState::Excused,
                    AttendanceState::Unconfirmed,
                    AttendanceState::Holiday,
                ]
                    .into_iter()
                    .map(|state| {
                        view! {
                            <li>
                                <svg class="legend-day" viewBox="0 0 16 16" aria-hidden="true">
                                    {mark(state, 0.0, 0.0, 16.0)}
                                </svg>
                                {state_name(state)}
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        }
        .into_any(),
    )
}

fn tell(day: &HeatDay) -> String {
    let (date, state) = (calendar::write(day.day, DayStyle::Long), state_name(day.state));
    if day.late_minutes > 0 {
        say!(analytics.day_late, date = date, state = state, minutes = grouped(day.late_minutes))
    } else {
        say!(analytics.day_state, date = date, state = state)
    }
}

fn weeks(days: &[HeatDay], grid: Grid, frame: Frame, at: RwSignal<Option<usize>>) -> AnyView {
    let cell = grid.cell(frame);
    let day = |(number, day): (usize, &HeatDay)| {
        let (x, y) = grid.corner(frame, grid.place(day.day));
        view! {
            <g class="heat" class:here=move || at.get() == Some(number)>
                {mark(day.state, x, y, cell - GAP)}
            </g>
        }
        .into_any()
    };
    let marks: Vec<AnyView> = days.iter().enumerate().map(day).collect();
    // A month is named above the week that its first day is in.
    let months: Vec<AnyView> = grid
        .start
        .iter_days()
        .take(grid.weeks * 7)
        .filter(|day| day.day() == 1 || *day == grid.start)
        .filter(|day| *day != grid.start || day.day() < 22)
        .map(|day| {
            let (x, _) = grid.corner(frame, grid.place(day));
            let middle = x + (cell - GAP) / 2.0;
            view! {
                <text class="chart-tick" x=px(middle) y="16" text-anchor="middle">
                    {calendar::write(day, DayStyle::Month)}
                </text>
            }
            .into_any()
        })
        .collect();
    let weekdays: Vec<AnyView> = grid
        .start
        .iter_days()
        .take(7)
        .enumerate()
        .step_by(2)
        .map(|(number, day)| {
            let (_, y) = grid.corner(frame, (0, number));
            let near = frame.x(0.0);
            let (x, anchor) = if near > frame.x(1.0) { (near + 8.0, "start") } else { (near - 8.0, "end") };
            view! {
                <text class="chart-tick" x=px(x) y=px(y + cell / 2.0 + 2.0) text-anchor=anchor>
                    {calendar::write(day, DayStyle::Weekday)}
                </text>
            }
            .into_any()
        })
        .collect();
    view! {
        {months}
        {weekdays}
        {marks}
    }
    .into_any()
}

/// A state as a square: its colour, and a form of its own beside.
fn mark(state: AttendanceState, x: f64, y: f64, size: f64) -> AnyView {
    let square = |class: &'static str, inset: f64, height: f64| {
        view! {
            <rect
                class=class
                x=px(x + inset)
                y=px(y + size - height + inset)
                width=px(size - 2.0 * inset)
                height=px(height - 2.0 * inset)
                rx="2"
            />
        }
        .into_any()
    };
    let centre = (px(x + size / 2.0), px(y + size / 2.0));
    match state {
        AttendanceState::Present => square("heat-known", 0.0, size),
        AttendanceState::Late => view! {
            {square("heat-late", 0.0, size)}
            <circle class="heat-hole" cx=centre.0 cy=centre.1 r=px(size / 6.0) />
        }
        .into_any(),
        AttendanceState::HalfDay | AttendanceState::LeftEarly => view! {
            {square("heat-frame", 0.5, size)}
            {square("heat-late", 0.0, size / 2.0)}
        }
        .into_any(),
        AttendanceState::Absent => {
            let (near, far) = (size * 0.3, size * 0.7);
            let cross = format!(
                "M{} {}L{} {}M{} {}L{} {}",
                px(x + near),
                px(y + near),
                px(x + far),
                px(y + far),
                px(x + far),
                px(y + near),
                px(x + near),
                px(y + far)
            );
            view! {
                {square("heat-absent", 0.0, size)}
                <path class="heat-cross" d=cross />
            }
            .into_any()
        }
        AttendanceState::Excused => square("heat-excused", 1.0, size),
        AttendanceState::Unconfirmed => square("heat-unconfirmed", 1.0, size),
        AttendanceState::Holiday => {
            view! { <circle class="heat-off" cx=centre.0 cy=centre.1 r=px(size / 8.0) /> }.into_any()
        }
        AttendanceState::Expected => square("heat-frame", 0.5, size),
    }
}

/// The days as a table.
pub fn tables(counts: &Analytics) -> Vec<Table> {
    let Analytics::Heatmap { days } = counts else { return Vec::new() };
    let row = |day: &HeatDay| {
        vec![
            calendar::write(day.day, DayStyle::Long),
            state_name(day.state).to_owned(),
            grouped(day.late_minutes),
        ]
    };
    vec![Table {
        caption: say!(analytics.days_title).to_owned(),
        heads: vec![say!(words.day), say!(words.state), say!(analytics.minutes_late)],
        rows: days.iter().map(row).collect(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: &str) -> HeatDay {
        HeatDay { day: day.parse().expect("a day"), state: AttendanceState::Present, late_minutes: 0 }
    }

    #[test]
    fn days_lie_in_their_weeks() {
        let days = [on("2026-11-18"), on("2026-11-22"), on("2026-11-23")];
        let grid = Grid::of(&days, Weekday::Mon).expect("there are days");
        assert_eq!(grid.weeks, 2);
        let places: Vec<_> = days.iter().map(|day| grid.place(day.day)).collect();
        assert_eq!(places, [(0, 2), (0, 6), (1, 0)]);
    }
}
