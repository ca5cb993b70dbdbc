//! What reports, their columns and totals are called.

use types::{AttendanceState, ReportColumn, ReportKind, ReportTotal};

use super::choice::{Preset, RangeProblem};
use crate::attendance::state_name;
use crate::language::say;

/// The name of a report.
pub fn kind_name(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::DaySheet => say!(reports.day_sheet),
        ReportKind::Register => say!(reports.register),
        ReportKind::Late => say!(reports.late),
        ReportKind::Hours => say!(reports.hours),
        ReportKind::Absences => say!(reports.absences),
    }
}

/// What it is about, in a sentence.
pub fn kind_text(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::DaySheet => say!(reports.day_sheet_text),
        ReportKind::Register => say!(reports.register_text),
        ReportKind::Late => say!(reports.late_text),
        ReportKind::Hours => say!(reports.hours_text),
        ReportKind::Absences => say!(reports.absences_text),
    }
}

/// The name of a preset.
pub fn preset_name(preset: Preset) -> &'static str {
    match preset {
        Preset::Today => say!(words.today),
        Preset::Yesterday => say!(words.yesterday),
        Preset::ThisWeek => say!(reports.this_week),
        Preset::LastWeek => say!(reports.last_week),
        Preset::ThisMonth => say!(reports.this_month),
        Preset::LastMonth => say!(reports.last_month),
    }
}

/// What is wrong with a range, and what to do.
pub fn range_problem(problem: RangeProblem) -> String {
    match problem {
        RangeProblem::Backwards => say!(reports.backwards).to_owned(),
        RangeProblem::TooLong(_, 1) => say!(reports.one_day).to_owned(),
        RangeProblem::TooLong(days, most) => say!(reports.too_long, days = days, most = most),
    }
}

/// Whole minutes as hours and minutes.
pub fn minutes(count: i64) -> String {
    format!("{}:{:02}", count / 60, count % 60)
}

/// The heading of a column; the server's own where it is one that this page does not know.
pub fn column(column: &ReportColumn) -> String {
    let known = match column.key.as_str() {
        "person" => say!(words.name),
        "external_id" => say!(reports.number),
        "group" => say!(words.group),
        "day" => say!(words.day),
        "schedule" => say!(reports.schedule),
        "starts_at" => say!(reports.starts),
        "ends_at" => say!(reports.ends),
        "first_in" => say!(reports.first_in),
        "last_out" => say!(reports.last_out),
        "state" => say!(words.state),
        "late_minutes" => say!(reports.minutes_late),
        "times" => say!(reports.times_late),
        "note" => say!(words.note),
        "rate" => say!(reports.rate),
        "worked_minutes" => say!(reports.worked),
        "open" => say!(reports.hours_unknown),
        _ => return column.title.clone(),
    };
    known.to_owned()
}

/// What a total is called.
pub fn total(total: &ReportTotal) -> String {
    match total.key.as_str() {
        "times" => say!(reports.times_late).to_owned(),
        "late_minutes" => say!(reports.minutes_late).to_owned(),
        "worked_minutes" => say!(reports.worked).to_owned(),
        "open" => say!(reports.hours_unknown).to_owned(),
        "rate" => say!(reports.rate).to_owned(),
        key => state(key).map_or_else(|| total.title.clone(), |state| state_name(state).to_owned()),
    }
}

/// The state of a name on the wire.
pub fn state(name: &str) -> Option<AttendanceState> {
    AttendanceState::ALL.into_iter().find(|state| state.name() == name)
}

/// The state that a letter of the register stands for, and the class of its colour.
pub fn letter(letter: &str) -> (Option<AttendanceState>, &'static str) {
    match letter {
        "P" => (Some(AttendanceState::Present), "letter letter-known"),
        "L" => (Some(AttendanceState::Late), "letter letter-uncertain"),
        "D" => (Some(AttendanceState::LeftEarly), "letter letter-uncertain"),
        "H" => (Some(AttendanceState::HalfDay), "letter letter-uncertain"),
        "A" => (Some(AttendanceState::Absent), "letter letter-absent"),
        "E" => (Some(AttendanceState::Excused), "letter letter-plain"),
        "U" => (Some(AttendanceState::Unconfirmed), "letter letter-uncertain"),
        "O" => (Some(AttendanceState::Holiday), "letter"),
        "N" => (Some(AttendanceState::Expected), "letter"),
        _ => (None, "letter"),
    }
}
