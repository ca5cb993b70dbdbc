//! What is asked for, as the address of the page keeps it.

use chrono::{NaiveDate, Weekday};
use types::{GroupId, PersonId, ReportKind};

use crate::api::Span;
use crate::calendar::{month_of, week_of};

/// The most days of any report.
pub const LONGEST: i64 = 366;
/// The most where each day is a column.
const LONGEST_ACROSS: i64 = 92;
/// The most columns of days on paper.
const PRINTED_ACROSS: i64 = 31;

/// Days that are often asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Preset {
    Today,
    Yesterday,
    ThisWeek,
    LastWeek,
    ThisMonth,
    LastMonth,
}

impl Preset {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Today, Self::Yesterday, Self::ThisWeek, Self::LastWeek, Self::ThisMonth, Self::LastMonth];

    /// Whether it is one day.
    pub fn is_day(self) -> bool {
        matches!(self, Self::Today | Self::Yesterday)
    }

    /// Its first and its last day.
    pub fn days(self, today: NaiveDate, week_begins: Weekday) -> (NaiveDate, NaiveDate) {
        let yesterday = today.pred_opt().unwrap_or(today);
        let before = |(first, _): (NaiveDate, NaiveDate)| first.pred_opt().unwrap_or(first);
        match self {
            Self::Today => (today, today),
            Self::Yesterday => (yesterday, yesterday),
            Self::ThisWeek => week_of(today, week_begins),
            Self::LastWeek => week_of(before(week_of(today, week_begins)), week_begins),
            Self::ThisMonth => month_of(today),
            Self::LastMonth => month_of(before(month_of(today))),
        }
    }
}

/// What is wrong with a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeProblem {
    /// The last day is before the first.
    Backwards,
    /// These are so many days, and at most so many can be asked for.
    TooLong(i64, i64),
}

/// A report, its days, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Which report.
    pub kind: ReportKind,
    /// Which days of whom.
    pub span: Span,
}

impl Choice {
    /// What a query asks for; what it leaves out or what cannot be read is as most want it.
    pub fn read(query: &str, today: NaiveDate) -> Self {
        let kind = ReportKind::ALL.into_iter().find(|kind| Some(kind.name()) == value(query, "kind"));
        let kind = kind.unwrap_or(ReportKind::DaySheet);
        let days = if kind == ReportKind::DaySheet { (today, today) } else { month_of(today) };
        Self { kind, span: span_of(query, days) }
    }

    /// The query that says so.
    pub fn query(&self) -> String {
        format!("?kind={}&{}", self.kind.name(), span_query(&self.span))
    }

    /// The same of another kind: a day sheet takes one of the days, and what was one day becomes its month.
    pub fn with_kind(self, kind: ReportKind, today: NaiveDate) -> Self {
        let Span { first, last, .. } = self.span;
        let (first, last) = match (self.kind, kind) {
            (_, ReportKind::DaySheet) if (first..=last).contains(&today) => (today, today),
            (_, ReportKind::DaySheet) => (last, last),
            (ReportKind::DaySheet, _) => month_of(first),
            _ => (first, last),
        };
        Self { kind, span: Span { first, last, ..self.span } }
    }

    /// Whether each day is a column.
    pub fn is_across(&self) -> bool {
        matches!(self.kind, ReportKind::Register | ReportKind::Hours)
    }

    /// What is wrong with the days.
    pub fn problem(&self) -> Option<RangeProblem> {
        let longest = match self.kind {
            ReportKind::DaySheet => 1,
            _ if self.is_across() => LONGEST_ACROSS,
            _ => LONGEST,
        };
        range_problem(&self.span, longest)
    }

    /// Whether a page of paper has room for it.
    pub fn can_be_printed(&self) -> bool {
        !self.is_across() || length(&self.span) <= PRINTED_ACROSS
    }
}

/// What is wrong with days of which `longest` can be asked for at once.
pub fn range_problem(span: &Span, longest: i64) -> Option<RangeProblem> {
    match length(span) {
        days if days <= 0 => Some(RangeProblem::Backwards),
        days if days > longest => Some(RangeProblem::TooLong(days, longest)),
        _ => None,
    }
}

fn length(span: &Span) -> i64 {
    (span.last - span.first).num_days() + 1
}

/// The days and whose that a query asks for; `otherwise` where it names no days.
pub fn span_of(query: &str, otherwise: (NaiveDate, NaiveDate)) -> Span {
    let (first, last) = match (day(query, "first"), day(query, "last")) {
        (Some(first), Some(last)) => (first, last),
        (Some(one), None) | (None, Some(one)) => (one, one),
        (None, None) => otherwise,
    };
    let group: Option<GroupId> = value(query, "group").and_then(|id| id.parse().ok());
    let person: Option<PersonId> = value(query, "person").and_then(|id| id.parse().ok());
    Span { first, last, group, person }
}

/// The days and whose, as a part of a query.
pub fn span_query(span: &Span) -> String {
    let mut text = format!("first={}&last={}", span.first, span.last);
    for (name, id) in
        [("group", span.group.map(|id| id.to_string())), ("person", span.person.map(|id| id.to_string()))]
    {
        if let Some(id) = id {
            text.push_str(&format!("&{name}={id}"));
        }
    }
    text
}

fn day(query: &str, name: &str) -> Option<NaiveDate> {
    value(query, name)?.parse().ok()
}

/// A value of a query.
fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn the_address_keeps_the_choice() {
        let today = day("2026-11-21");
        let query =
            "?kind=register&first=2026-11-02&last=2026-11-08&group=6f1cd2f0-4c6f-4f0e-8a52-111111111111";
        assert_eq!(Choice::read(query, today).query(), query);
        let plain = Choice::read("", today);
        assert_eq!((plain.kind, plain.span.first, plain.span.last), (ReportKind::DaySheet, today, today));
        let month = Choice::read("?kind=late&first=never", today);
        assert_eq!((month.span.first, month.span.last), (day("2026-11-01"), day("2026-11-30")));
    }

    #[test]
    fn another_kind_keeps_what_it_can_of_the_days() {
        let today = day("2026-11-21");
        let month = Choice::read("?kind=late", today);
        assert_eq!(month.with_kind(ReportKind::DaySheet, today).span.first, today);
        assert_eq!(month.with_kind(ReportKind::Absences, today).span, month.span);
        let back = month.with_kind(ReportKind::DaySheet, today).with_kind(ReportKind::Register, today);
        assert_eq!(back.span, month.span);
    }

    #[test]
    fn ranges_are_checked_by_kind() {
        for (query, problem) in [
            ("?kind=day-sheet&first=2026-11-01&last=2026-11-02", Some(RangeProblem::TooLong(2, 1))),
            ("?kind=late&first=2026-11-02&last=2026-11-01", Some(RangeProblem::Backwards)),
            ("?kind=late&first=2026-01-01&last=2026-12-31", None),
            ("?kind=register&first=2026-01-01&last=2026-04-02", None),
            ("?kind=hours&first=2026-01-01&last=2026-04-03", Some(RangeProblem::TooLong(93, 92))),
        ] {
            assert_eq!(Choice::read(query, day("2026-11-21")).problem(), problem, "{query}");
        }
    }

    #[test]
    fn presets_are_whole_weeks_and_months() {
        let today = day("2026-11-21");
        let days = |preset: Preset| preset.days(today, Weekday::Mon);
        assert_eq!(days(Preset::LastWeek), (day("2026-11-09"), day("2026-11-15")));
        assert_eq!(days(Preset::LastMonth), (day("2026-10-01"), day("2026-10-31")));
        assert_eq!(days(Preset::Yesterday), (day("2026-11-20"), day("2026-11-20")));
    }
}
