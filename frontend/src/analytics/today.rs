//! Today so far against who is expected, by group.

use leptos::prelude::*;
use types::{Analytics, GroupToday};

use super::bars::{Bar, Bars, Part};
use super::card::Table;
use super::lateness::group_name;
use crate::language::say;
use crate::numbers::grouped;

/// A number of a group.
type Count = fn(&GroupToday) -> i64;

/// What a bar is made of, from its start on.
const PARTS: [(&str, Count); 5] = [
    ("bar-known", |group| group.present),
    ("bar-late", |group| group.late),
    ("bar-unconfirmed", |group| group.unconfirmed),
    ("bar-absent", |group| group.absent),
    ("bar-waiting", |group| group.waiting),
];

fn part_names() -> [&'static str; 5] {
    [
        say!(analytics.present),
        say!(analytics.late),
        say!(analytics.unconfirmed),
        say!(analytics.absent),
        say!(analytics.waiting),
    ]
}

/// A bar for each group; nothing where nobody is expected.
pub fn draw(_: &'static str, counts: Analytics) -> Option<AnyView> {
    let Analytics::Today { groups, .. } = counts else { return None };
    let expected: i64 = groups.iter().map(|group| group.expected).sum();
    if expected == 0 {
        return None;
    }
    let here: i64 = groups.iter().map(here).sum();
    let bar = |group: &GroupToday| Bar {
        label: group_name(group.group.as_ref()),
        parts: PARTS
            .iter()
            .map(|(class, count)| Part { share: count(group) as f64 / group.expected.max(1) as f64, class })
            .collect(),
        value: of_expected(self::here(group), group.expected),
    };
    let key = |((class, count), name): (&(&'static str, Count), &'static str)| {
        let sum: i64 = groups.iter().map(count).sum();
        view! {
            <li>
                <span class=format!("swatch {class}") aria-hidden="true"></span>
                {name}
                " "
                <span class="tabular">{grouped(sum)}</span>
            </li>
        }
    };
    let keys: Vec<_> = PARTS.iter().zip(part_names()).map(key).collect();
    let bars: Vec<Bar> = groups.iter().filter(|group| group.expected > 0).map(bar).collect();
    Some(
        view! {
            <p class="chart-figure tabular">{of_expected(here, expected)}</p>
            <ul class="legend chart-legend">{keys}</ul>
            <Bars bars />
        }
        .into_any(),
    )
}

fn here(group: &GroupToday) -> i64 {
    group.present + group.late
}

fn of_expected(here: i64, expected: i64) -> String {
    say!(analytics.of_expected, here = grouped(here), expected = grouped(expected))
}

/// The groups as a table.
pub fn tables(counts: &Analytics) -> Vec<Table> {
    let Analytics::Today { groups, .. } = counts else { return Vec::new() };
    let row = |group: &GroupToday| {
        let mut cells = vec![group_name(group.group.as_ref()), grouped(group.expected)];
        cells.extend(PARTS.iter().map(|(_, count)| grouped(count(group))));
        cells.push(grouped(group.excused));
        cells
    };
    let mut heads = vec![say!(words.group), say!(analytics.expected)];
    heads.extend(part_names());
    heads.push(say!(analytics.excused));
    vec![Table {
        caption: say!(analytics.today_title).to_owned(),
        heads,
        rows: groups.iter().map(row).collect(),
    }]
}
