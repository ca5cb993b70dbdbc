//! Calls about reports and analytics.

use chrono::NaiveDate;
use types::{Analytics, AnalyticsKind, GroupId, PersonId, ReportFormat, ReportKind, ReportView};

use super::{Api, Coming, push_query};

/// Which days of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
    /// One group's.
    pub group: Option<GroupId>,
    /// One person's.
    pub person: Option<PersonId>,
}

impl Span {
    fn push_to(&self, path: &mut String) {
        let end = self.last.succ_opt().unwrap_or(self.last);
        push_query(path, "from", Some(&self.first.to_string()));
        push_query(path, "to", Some(&end.to_string()));
        self.push_whose(path);
    }

    fn push_whose(&self, path: &mut String) {
        push_query(path, "group", self.group.map(|id| id.to_string()).as_deref());
        push_query(path, "person", self.person.map(|id| id.to_string()).as_deref());
    }
}

/// The path of a report as a file.
pub fn report_file(kind: ReportKind, span: &Span, format: ReportFormat) -> String {
    let mut path = format!("reports/{}", kind.name());
    span.push_to(&mut path);
    let format = match format {
        ReportFormat::Json => None,
        ReportFormat::Csv => Some("csv"),
        ReportFormat::Xlsx => Some("xlsx"),
        ReportFormat::Pdf => Some("pdf"),
    };
    push_query(&mut path, "format", format);
    path
}

impl Api {
    pub fn report(self, kind: ReportKind, span: &Span, after: Option<&str>) -> Coming<ReportView> {
        let mut path = report_file(kind, span, ReportFormat::Json);
        push_query(&mut path, "after", after);
        self.get(path)
    }

    /// What there is to count; `today` has no days.
    pub fn analytics(self, kind: AnalyticsKind, span: &Span) -> Coming<Analytics> {
        let mut path = match kind {
            AnalyticsKind::Rate => "analytics/rate",
            AnalyticsKind::ArrivalsByTime => "analytics/arrivals-by-time",
            AnalyticsKind::LatenessByGroup => "analytics/lateness-by-group",
            AnalyticsKind::Heatmap => "analytics/heatmap",
            AnalyticsKind::Today => "analytics/today",
        }
        .to_owned();
        if kind == AnalyticsKind::Today {
            span.push_whose(&mut path);
        } else {
            span.push_to(&mut path);
        }
        self.get(path)
    }
}
