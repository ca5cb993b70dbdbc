//! Reports: tables on screen that say what their files say.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{GroupRef, PersonRef};

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// One day: who came when, and what that was.
    DaySheet,
    /// People × days, a letter each.
    Register,
    /// Who came late, when, by how much, how often.
    Late,
    /// Minutes worked, people × days.
    Hours,
    /// Who was absent, excused or unconfirmed.
    Absences,
}

impl ReportKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::DaySheet, Self::Register, Self::Late, Self::Hours, Self::Absences];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::DaySheet => "day-sheet",
            Self::Register => "register",
            Self::Late => "late",
            Self::Hours => "hours",
            Self::Absences => "absences",
        }
    }

    /// The title in a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::DaySheet => "Day sheet",
            Self::Register => "Register",
            Self::Late => "Late arrivals",
            Self::Hours => "Hours worked",
            Self::Absences => "Absences",
        }
    }
}

/// As what a report is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// The table on screen, in pages.
    #[default]
    Json,
    /// A text file, UTF-8.
    Csv,
    /// A workbook.
    Xlsx,
    /// For printing.
    Pdf,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// A moment, RFC 3339 in UTC.
    Time,
    /// Whole minutes.
    Minutes,
    /// A whole number.
    Count,
    /// A share of one.
    Share,
    /// The name of an [`AttendanceState`](crate::AttendanceState).
    State,
    /// A letter of the legend.
    Letter,
}

/// A column of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportColumn {
    /// Stable name; the day itself where the column is a day.
    pub key: String,
    /// The heading in the files.
    pub title: String,
    /// What its cells hold.
    pub kind: ColumnKind,
}

/// A cell: null, a number or a text, as its column says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum ReportCell {
    /// Nothing.
    Empty(()),
    /// A whole number.
    Whole(i64),
    /// A share.
    Share(f64),
    /// A text, a day or a moment.
    Text(String),
}

/// A line about the whole of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportTotal {
    /// Stable name: a state, or what is summed up.
    pub key: String,
    /// What it is called in the files.
    pub title: String,
    /// The number.
    pub value: ReportCell,
}

/// What a letter of a register means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LegendEntry {
    /// The letter.
    pub letter: String,
    /// What it means.
    pub meaning: String,
}

/// A page of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportView {
    /// What it is about.
    pub kind: ReportKind,
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: NaiveDate,
    /// The zone that the days are of (IANA name).
    pub timezone: String,
    /// The group that it is confined to.
    pub group: Option<GroupRef>,
    /// The person that it is confined to.
    pub person: Option<PersonRef>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Until when what happened is in it: earlier than `made_at` where it was read from a replica that lags.
    pub data_of: DateTime<Utc>,
    /// The columns.
    pub columns: Vec<ReportColumn>,
    /// A row is a cell for each column.
    pub rows: Vec<Vec<ReportCell>>,
    /// What is true of the whole report; only with the first page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub totals: Vec<ReportTotal>,
    /// What the letters mean, where there are letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legend: Vec<LegendEntry>,
    /// Pass as `after=` for the next page; null on the last.
    pub next: Option<String>,
}
