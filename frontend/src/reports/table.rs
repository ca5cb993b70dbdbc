//! The table of a report: the first column stays where it is while the others are scrolled.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use leptos::prelude::*;
use types::{ColumnKind, LegendEntry, ReportCell, ReportColumn, ReportTotal, ReportView};

use super::words;
use crate::attendance::{StateChip, state_letter, state_name};
use crate::calendar::{self, DayStyle, Week};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::Pages;
use crate::numbers;
use crate::session::use_desk;
use crate::ui::{Entry, List, reveal};

/// A row as it comes.
pub type Row = Vec<ReportCell>;

/// A column, made ready for its cells.
#[derive(Clone)]
struct Head {
    title: String,
    kind: ColumnKind,
    /// The day that the column is of.
    day: Option<NaiveDate>,
    weekend: bool,
    today: bool,
    class: &'static str,
}

impl Head {
    fn of(column: &ReportColumn, week: &Week, today: NaiveDate) -> Self {
        let day: Option<NaiveDate> = column.key.parse().ok();
        let title = match words::letter(&column.title) {
            // A count of days is headed by the letter that it counts.
            (Some(state), _) if column.kind == ColumnKind::Count => state_letter(state).to_owned(),
            _ => words::column(column),
        };
        let weekend = day.is_some_and(|day| week.is_weekend(day));
        let class = match (column.kind, day, weekend) {
            (_, Some(_), true) => "day-cell weekend",
            (_, Some(_), false) => "day-cell",
            (ColumnKind::Minutes | ColumnKind::Count | ColumnKind::Share, ..) => "num",
            (ColumnKind::Time | ColumnKind::State | ColumnKind::Day, ..) => "nowrap",
            _ if column.key == "note" => "report-note",
            _ => "report-short",
        };
        Self { title, kind: column.kind, day, weekend, today: day == Some(today), class }
    }
}

/// The rows under their headings; more come as they are fetched.
#[component]
pub fn ReportTable(
    /// What the rows are of.
    report: Arc<ReportView>,
    /// Tells this report from the one before.
    number: u32,
    /// The rows.
    rows: Pages<Row>,
) -> impl IntoView {
    let (week, today) = (Week::get(), calendar::today(use_desk()));
    let heads: Arc<Vec<Head>> =
        Arc::new(report.columns.iter().map(|column| Head::of(column, &week, today)).collect());
    let zone: Arc<str> = report.timezone.as_str().into();
    reveal(".report-scroll", "th[aria-current]");
    let body = heads.clone();
    let entries = Signal::derive(move || {
        let entry = |(place, row): (usize, Row)| {
            let (heads, zone) = (body.clone(), zone.clone());
            Entry::new(format!("{number}-{place}"), move || line(&row, &heads, &zone))
        };
        rows.items.get().into_iter().enumerate().map(entry).collect()
    });
    view! {
        <div class="scroll-x report-scroll" tabindex="0" role="region" aria-label=words::kind_name(report.kind)>
            <table class="data-table report-table" data-testid="report-table">
                <caption class="sr-only">{words::kind_name(report.kind)}</caption>
                <thead>
                    <tr>
                        {heads
                            .iter()
                            // The number stands under the name.
                            .enumerate()
                            .filter(|(place, _)| *place != 1)
                            .map(|(_, head)| heading(head))
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>
                    <List entries />
                </tbody>
            </table>
        </div>
    }
}

fn heading(head: &Head) -> AnyView {
    match head.day {
        Some(day) => view! {
            <th
                scope="col"
                class=head.class
                title=calendar::write(day, DayStyle::Long)
                aria-current=head.today.then_some("date")
            >
                <span class="block">{calendar::write(day, DayStyle::Weekday)}</span>
                <span class="block">{calendar::write(day, DayStyle::Short)}</span>
                {head.weekend.then(|| view! { <span class="sr-only">{say!(reports.weekend)}</span> })}
            </th>
        }
        .into_any(),
        None => view! { <th scope="col" class=head.class>{head.title.clone()}</th> }.into_any(),
    }
}

fn line(row: &Row, heads: &[Head], zone: &str) -> AnyView {
    let text = |place: usize| match row.get(place) {
        Some(ReportCell::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let cells = row.iter().zip(heads).skip(2).map(|(value, head)| cell(value, head, zone)).collect_view();
    view! {
        <tr data-testid="report-row">
            <th scope="row">
                <bdi class="report-name">{text(0)}</bdi>
                <span class="note tabular">{text(1)}</span>
            </th>
            {cells}
        </tr>
    }
    .into_any()
}

fn cell(value: &ReportCell, head: &Head, zone: &str) -> AnyView {
    let class = head.class;
    match (value, head.kind) {
        (ReportCell::Empty(()), _) => view! { <td class=class></td> }.into_any(),
        (ReportCell::Whole(count), ColumnKind::Minutes) => {
            view! { <td class=class>{words::minutes(*count)}</td> }.into_any()
        }
        (ReportCell::Whole(count), ColumnKind::Share) => {
            view! { <td class=class>{percent(*count as f64)}</td> }.into_any()
        }
        (ReportCell::Whole(count), _) => view! { <td class=class>{numbers::grouped(*count)}</td> }.into_any(),
        (ReportCell::Share(share), _) => view! { <td class=class>{percent(*share)}</td> }.into_any(),
        (ReportCell::Text(text), ColumnKind::Letter) => {
            let (state, colour) = words::letter(text);
            let meaning = state.map(state_name);
            let letter = state.map_or_else(|| text.clone(), |state| state_letter(state).to_owned());
            view! {
                <td class=class title=meaning>
                    <span class=colour>{letter}</span>
                </td>
            }
            .into_any()
        }
        (ReportCell::Text(text), ColumnKind::State) => match words::state(text) {
            Some(state) => view! { <td class=class><StateChip state=Some(state) /></td> }.into_any(),
            None => view! { <td class=class>{text.clone()}</td> }.into_any(),
        },
        (ReportCell::Text(text), ColumnKind::Time) => match text.parse::<DateTime<Utc>>() {
            Ok(at) => view! {
                <td class=class>
                    <time datetime=text.clone() title=clock::format(at, zone, Style::Full)>
                        {clock::format(at, zone, Style::Minute)}
                    </time>
                </td>
            }
            .into_any(),
            Err(_) => view! { <td class=class>{text.clone()}</td> }.into_any(),
        },
        (ReportCell::Text(text), ColumnKind::Day) => {
            let day = text.parse().map(|day| calendar::write(day, DayStyle::Long));
            view! { <td class="nowrap">{day.unwrap_or_else(|_| text.clone())}</td> }.into_any()
        }
        (ReportCell::Text(text), _) => view! { <td class=class dir="auto">{text.clone()}</td> }.into_any(),
    }
}

/// A share of one as a share of a hundred.
pub fn percent(share: f64) -> String {
    say!(reports.percent, share = numbers::fixed(share * 100.0, 1))
}

/// What is true of the whole.
#[component]
pub fn Totals(
    /// The lines.
    totals: Vec<ReportTotal>,
) -> impl IntoView {
    let value = |total: &ReportTotal| match &total.value {
        ReportCell::Empty(()) => "–".to_owned(),
        ReportCell::Whole(count) if total.key.ends_with("_minutes") => words::minutes(*count),
        ReportCell::Whole(share) if total.key == "rate" => percent(*share as f64),
        ReportCell::Whole(count) => numbers::grouped(*count),
        ReportCell::Share(share) => percent(*share),
        ReportCell::Text(text) => text.clone(),
    };
    view! {
        <dl class="totals" data-testid="report-totals">
            {totals
                .iter()
                .map(|total| {
                    view! {
                        <div>
                            <dt>{words::total(total)}</dt>
                            <dd>{value(total)}</dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
    }
}

/// What the letters mean.
#[component]
pub fn Legend(
    /// The letters.
    entries: Vec<LegendEntry>,
) -> impl IntoView {
    view! {
        <ul class="legend" aria-label=say!(reports.legend)>
            {entries
                .into_iter()
                .map(|entry| {
                    let (state, class) = words::letter(&entry.letter);
                    let meaning = match entry.letter.as_str() {
                        "H" => say!(reports.half_day_letter).to_owned(),
                        "O" => say!(reports.off_letter).to_owned(),
                        "N" => say!(reports.open_letter).to_owned(),
                        _ => state.map_or(entry.meaning, |state| state_name(state).to_owned()),
                    };
                    view! {
                        <li>
                            <span class=class>{state.map_or(entry.letter, |state| state_letter(state).to_owned())}</span>
                            {meaning}
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}
