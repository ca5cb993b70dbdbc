//! How late the people of each group come.

use leptos::prelude::*;
use types::{Analytics, GroupLateness, GroupRef};

use super::bars::{Bar, Bars, Part};
use super::card::Table;
use crate::language::say;
use crate::numbers::{grouped, short};
use crate::reports::percent;

/// The name of a group.
pub fn group_name(group: Option<&GroupRef>) -> String {
    group.map_or_else(|| say!(analytics.no_group).to_owned(), |group| group.name.clone())
}

/// A bar for each group, of which the whole length is every time; nothing where nobody was there.
pub fn draw(_: &'static str, counts: Analytics) -> Option<AnyView> {
    let Analytics::LatenessByGroup { groups } = counts else { return None };
    if groups.iter().all(|group| group.attended == 0) {
        return None;
    }
    let bar = |group: &GroupLateness| {
        let share = group.share.unwrap_or(0.0);
        Bar {
            label: group_name(group.group.as_ref()),
            parts: vec![Part { share, class: "bar-late" }],
            value: match group.median_minutes {
                Some(median) => {
                    say!(analytics.late_share, share = percent(share), minutes = short(median, 0))
                }
                None => say!(analytics.nobody_late).to_owned(),
            },
        }
    };
    let bars: Vec<Bar> = groups.iter().map(bar).collect();
    Some(view! { <Bars bars /> }.into_any())
}

/// The groups as a table.
pub fn tables(counts: &Analytics) -> Vec<Table> {
    let Analytics::LatenessByGroup { groups } = counts else { return Vec::new() };
    let minutes = |minutes: Option<f64>| minutes.map_or_else(|| "–".to_owned(), |minutes| short(minutes, 1));
    let row = |group: &GroupLateness| {
        vec![
            group_name(group.group.as_ref()),
            group.share.map_or_else(|| "–".to_owned(), percent),
            grouped(group.late),
            grouped(group.attended),
            minutes(group.median_minutes),
            minutes(group.p90_minutes),
        ]
    };
    vec![Table {
        caption: say!(analytics.lateness_title).to_owned(),
        heads: vec![
            say!(words.group),
            say!(analytics.share_late),
            say!(analytics.late),
            say!(analytics.attended),
            say!(analytics.median),
            say!(analytics.p90),
        ],
        rows: groups.iter().map(row).collect(),
    }]
}
