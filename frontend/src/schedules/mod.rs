//! Schedules: when groups are expected, the rules of being late, and the days on which nobody is.

mod create;
mod groups;
mod holidays;
mod list;
mod page;
mod rules_form;
mod slots;
mod version;
mod week;
mod week_view;

pub use holidays::HolidaysPage;
pub use list::SchedulesPage;
pub use page::SchedulePage;

use chrono::NaiveDate;
use types::{ScheduleKind, ScheduleVersion};

use crate::language::say;

/// A kind in words.
fn kind_name(kind: ScheduleKind) -> &'static str {
    match kind {
        ScheduleKind::Period => say!(schedules.periods),
        ScheduleKind::Shift => say!(schedules.shifts),
    }
}

/// The place of the rules that hold on `day`: the last that have begun. None where all lie ahead.
fn holding(versions: &[ScheduleVersion], day: NaiveDate) -> Option<usize> {
    versions.iter().rposition(|version| version.from_day <= day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ScheduleRules;

    #[test]
    fn rules_hold_until_the_next_begin() {
        let rules: ScheduleRules = serde_json::from_str(r#"{"slots":[]}"#).expect("they have defaults");
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let version = |from: &str| ScheduleVersion { from_day: day(from), rules: rules.clone() };
        let versions = [version("2026-01-01"), version("2026-09-01")];
        for (on, expected) in
            [("2025-12-31", None), ("2026-01-01", Some(0)), ("2026-08-31", Some(0)), ("2026-09-01", Some(1))]
        {
            assert_eq!(holding(&versions, day(on)), expected, "{on}");
        }
    }
}
