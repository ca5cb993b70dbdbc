//! Reports: what is read, and as what it is given.

mod pdf;
mod position;
mod rows;

use std::fs::File;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use diesel::PgConnection;
use serde_json::json;
use tokio::sync::Semaphore;
use types::{
    GroupId, LegendEntry, PersonId, ReportCell, ReportFormat, ReportKind, ReportTotal, ReportView, UserId,
};
use uuid::Uuid;

use self::position::{Key, wrong_position};
use self::rows::{Column, Look, Row};
pub use self::rows::{share, state_of_letter};
use crate::domain::selection::{self, Selection};
use crate::domain::tables::{Cell, CsvTable, Heading, XlsxTable};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::reports::Listed;
use crate::models::scope::Scope;
use crate::state::App;

/// The most days of a report with a column for each.
const MOST_COLUMNS_OF_DAYS: i64 = 92;
/// What of it fits on paper.
const MOST_PRINTED_DAYS: i64 = 31;
/// The most rows that are printed; a PDF is laid out in memory.
const MOST_PRINTED_ROWS: i64 = 20_000;

/// Files are made two at a time, so that they leave database connections to everything else.
static MAKERS: Semaphore = Semaphore::const_new(2);

/// What is asked for.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Request {
    pub kind: ReportKind,
    /// Days as they were written; see [`selection::days`].
    pub from: String,
    pub to: String,
    pub group: Option<GroupId>,
    pub person: Option<PersonId>,
}

/// A report that may be made.
#[derive(Debug, Clone)]
struct Report {
    kind: ReportKind,
    selection: Selection,
    zone: Tz,
    site_name: String,
    data_of: DateTime<Utc>,
    columns: Vec<Column>,
}

/// A report as a file.
#[derive(Debug)]
pub struct ReportFile {
    /// What to call it.
    pub name: String,
    /// The bytes, from the start.
    pub file: File,
}

impl Report {
    fn check(
        conn: &mut PgConnection,
        scope: &Scope,
        request: &Request,
        data_of: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        let longest = match request.kind {
            ReportKind::Register | ReportKind::Hours => MOST_COLUMNS_OF_DAYS,
            _ => selection::LONGEST,
        };
        let days = selection::days(&request.from, &request.to, longest)?;
        if request.kind == ReportKind::DaySheet && (days.1 - days.0).num_days() != 1 {
            return Err(ApiError::invalid("to", "A day sheet is of one day: `to` is the day after `from`."));
        }
        let selection = selection::select(conn, scope, days, request.group, request.person)?;
        let settings = models::settings::get(conn)?;
        Ok(Self {
            kind: request.kind,
            selection,
            zone: settings.timezone.parse().unwrap_or(Tz::UTC),
            site_name: settings.site_name,
            data_of,
            columns: rows::columns(request.kind, days),
        })
    }

    fn days(&self) -> (NaiveDate, NaiveDate) {
        (self.selection.filter.from, self.selection.filter.to)
    }

    /// Whom it is about: the group, the person, or both.
    fn about(&self) -> Option<String> {
        let names = [
            self.selection.group.as_ref().map(|group| group.name.as_str()),
            self.selection.person.as_ref().map(|person| person.name.as_str()),
        ];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The first and the last day, in words.
    fn range(&self) -> String {
        let (first, last) = (self.days().0, self.days().1.pred_opt().unwrap_or(self.days().1));
        if first == last { first.to_string() } else { format!("{first} to {last}") }
    }

    fn file_name(&self, extension: &str) -> String {
        let parts =
            [Some(self.kind.name().to_owned()), Some(self.range().replace(" to ", "_")), self.about()];
        let parts: Vec<String> = parts.into_iter().flatten().map(|part| safe_name(&part)).collect();
        format!("{}.{extension}", parts.join("_"))
    }

    fn headings(&self) -> Vec<Heading> {
        let heading = |column: &Column| Heading { title: column.title.clone(), width: column.width };
        self.columns.iter().map(heading).collect()
    }

    fn totals(&self, conn: &mut PgConnection) -> Result<Vec<rows::Total>, ApiError> {
        let filter = &self.selection.filter;
        Ok(match self.kind {
            ReportKind::Register => rows::letter_totals(&models::reports::letter_totals(conn, filter)?),
            kind => rows::state_totals(kind, &models::reports::state_totals(conn, filter)?),
        })
    }

    /// Hands over row by row.
    fn read(
        &self,
        conn: &mut PgConnection,
        after: Option<&Key>,
        limit: Option<i64>,
        mut take: impl FnMut(Row) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let filter = &self.selection.filter;
        let listed = match self.kind {
            ReportKind::Register | ReportKind::Hours => {
                let after = after.map(|key| match key {
                    Key::Person(key) => key,
                    Key::Instance(key) => &key.person,
                });
                for row in models::reports::person_days(conn, filter, after, limit)? {
                    take(Row::Days(row?))?;
                }
                return Ok(());
            }
            ReportKind::DaySheet => Listed::All,
            ReportKind::Late => Listed::Late,
            ReportKind::Absences => Listed::Absences,
        };
        let after = match after {
            Some(Key::Person(_)) => return Err(wrong_position()),
            Some(Key::Instance(key)) => Some(key),
            None => None,
        };
        for row in models::reports::instances(conn, filter, listed, after, limit)? {
            take(Row::Instance(Box::new(row?)))?;
        }
        Ok(())
    }
}

/// What a file is, for those who get it.
pub fn content_type(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Csv => "text/csv; charset=utf-8",
        ReportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ReportFormat::Pdf => "application/pdf",
        ReportFormat::Json => "application/json",
    }
}

/// A name that is harmless in every file system and header: letters and digits of any script, `-` and `_`.
fn safe_name(text: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    text.chars().take(60).map(safe).collect()
}

/// Runs `work` on one view of the database, which other writers do not change.
fn in_snapshot<T>(
    conn: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    conn.build_transaction().repeatable_read().read_only().run(work)
}

/// A page of a report, for the screen. `data_of` is the time that `conn` gives data of.
///
/// # Errors
/// 404 and 422 as the request deserves.
pub fn page(
    conn: &mut PgConnection,
    data_of: DateTime<Utc>,
    scope: &Scope,
    request: &Request,
    after: Option<&str>,
    limit: i64,
) -> Result<ReportView, ApiError> {
    let after = after.map(Key::parse).transpose()?;
    in_snapshot(conn, |conn| {
        let report = Report::check(conn, scope, request, data_of)?;
        let look = Look::screen(&report.columns, report.days().0);
        let (mut read, mut next) = (Vec::new(), None);
        report.read(conn, after.as_ref(), Some(limit + 1), |row| {
            read.push(row);
            Ok(())
        })?;
        if i64::try_from(read.len()).is_ok_and(|length| length > limit) {
            read.pop();
            next = read.last().map(|row| Key::of(row).write());
        }
        let totals = if after.is_none() { report.totals(conn)? } else { Vec::new() };
        let (from, to) = report.days();
        let wire = |total: rows::Total| ReportTotal {
            key: total.key.to_owned(),
            title: total.title,
            value: on_screen(total.value),
        };
        Ok(ReportView {
            kind: report.kind,
            from,
            to,
            timezone: report.zone.name().to_owned(),
            made_at: Utc::now(),
            data_of: report.data_of,
            columns: report.columns.iter().map(Column::view).collect(),
            rows: read.iter().map(|row| look.cells(row).into_iter().map(on_screen).collect()).collect(),
            totals: totals.into_iter().map(wire).collect(),
            legend: legend(report.kind),
            next,
            group: report.selection.group,
            person: report.selection.person,
        })
    })
}

fn on_screen(cell: Cell) -> ReportCell {
    match cell {
        Cell::Empty => ReportCell::Empty(()),
        Cell::Text(text) => ReportCell::Text(text),
        Cell::Whole(number) => ReportCell::Whole(number),
        Cell::Share(share) => ReportCell::Share(share),
        Cell::Day(day) => ReportCell::Text(day.to_string()),
        Cell::Time(time) => {
            ReportCell::Text(time.and_utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        }
    }
}

fn legend(kind: ReportKind) -> Vec<LegendEntry> {
    if kind != ReportKind::Register {
        return Vec::new();
    }
    let entry = |&(letter, _, meaning): &(char, &str, &str)| LegendEntry {
        letter: letter.to_string(),
        meaning: meaning.to_owned(),
    };
    rows::LETTERS.iter().map(entry).collect()
}

/// A whole report as a file.
///
/// # Errors
/// 404 and 422 as the request deserves, 429 while others are being made.
pub async fn file(
    app: &App,
    by: UserId,
    scope: Scope,
    request: Request,
    format: ReportFormat,
) -> Result<ReportFile, ApiError> {
    made(app, (Actor::User(by.0), "report.exported"), scope, request, format).await
}

/// The same for a scheduled report, which the server sends.
///
/// # Errors
/// As [`file`].
pub async fn file_to_send(
    app: &App,
    scope: Scope,
    request: Request,
    format: ReportFormat,
) -> Result<ReportFile, ApiError> {
    made(app, (Actor::System, "report.sent"), scope, request, format).await
}

async fn made(
    app: &App,
    (actor, action): (Actor, &'static str),
    scope: Scope,
    request: Request,
    format: ReportFormat,
) -> Result<ReportFile, ApiError> {
    let wait = tokio::time::timeout(std::time::Duration::from_secs(20), MAKERS.acquire());
    let _maker = match wait.await {
        Ok(Ok(permit)) => permit,
        _ => {
            let message = "Other reports are being made. Try again shortly.";
            return Err(ApiError::TooManyRequests { message, retry_after_s: 10 });
        }
    };
    let detail = json!({
        "report": request.kind, "format": format, "from": request.from, "to": request.to, "group": request.group,
    });
    let (file, subject) =
        app.db.read_at_length(move |conn, data_of| whole(conn, data_of, &scope, &request, format)).await?;
    app.db
        .run(move |conn| Ok(models::audit::insert(conn, actor, action, ("person", subject), detail)?))
        .await?;
    Ok(file)
}

/// Makes a file of a report and nothing else: for measuring it.
///
/// # Errors
/// As [`file`].
pub fn make_file(
    conn: &mut PgConnection,
    scope: &Scope,
    request: &Request,
    format: ReportFormat,
) -> Result<File, ApiError> {
    Ok(whole(conn, Utc::now(), scope, request, format)?.0.file)
}

/// A whole report as a file, and whom it is of where it is of one person.
fn whole(
    conn: &mut PgConnection,
    data_of: DateTime<Utc>,
    scope: &Scope,
    request: &Request,
    format: ReportFormat,
) -> Result<(ReportFile, Option<Uuid>), ApiError> {
    in_snapshot(conn, |conn| {
        models::reports::allow_long_statements(conn)?;
        let report = Report::check(conn, scope, request, data_of)?;
        let person = report.selection.person.as_ref().map(|person| person.id.0);
        Ok((export(conn, &report, format)?, person))
    })
}

fn export(conn: &mut PgConnection, report: &Report, format: ReportFormat) -> Result<ReportFile, ApiError> {
    let file = tempfile::tempfile().context("there is no room for a report")?;
    let look = Look::file(&report.columns, report.days().0, report.zone);
    let (extension, file) = match format {
        ReportFormat::Json => return Err(ApiError::BadRequest("JSON is given in pages.".to_owned())),
        ReportFormat::Csv => {
            let mut table = CsvTable::create(file, &report.headings())?;
            report.read(conn, None, None, |row| table.row(&look.cells(&row)))?;
            ("csv", table.finish()?)
        }
        ReportFormat::Xlsx => {
            let mut table = XlsxTable::create(file, &report.headings())?;
            report.read(conn, None, None, |row| table.row(&look.cells(&row)))?;
            table.summary(&summary(conn, report)?)?;
            ("xlsx", table.finish()?)
        }
        ReportFormat::Pdf => ("pdf", print(conn, report, &look, file)?),
    };
    Ok(ReportFile { name: report.file_name(extension), file })
}

/// What stands on the second sheet of a workbook.
fn summary(conn: &mut PgConnection, report: &Report) -> Result<Vec<(String, Cell)>, ApiError> {
    let (first, after) = report.days();
    let mut lines = vec![
        ("Site".to_owned(), Cell::Text(report.site_name.clone())),
        ("Report".to_owned(), Cell::Text(report.kind.title().to_owned())),
        ("First day".to_owned(), Cell::Day(first)),
        ("Last day".to_owned(), Cell::Day(after.pred_opt().unwrap_or(after))),
        ("Of".to_owned(), Cell::text(report.about())),
        ("Time zone".to_owned(), Cell::Text(report.zone.name().to_owned())),
        ("Data as of".to_owned(), Cell::Time(report.data_of.with_timezone(&report.zone).naive_local())),
    ];
    lines.extend(report.totals(conn)?.into_iter().map(|total| (total.title, total.value)));
    lines.extend(legend(report.kind).into_iter().map(|entry| (entry.letter, Cell::Text(entry.meaning))));
    Ok(lines)
}

fn print(conn: &mut PgConnection, report: &Report, look: &Look<'_>, file: File) -> Result<File, ApiError> {
    let days = (report.days().1 - report.days().0).num_days();
    let wide = matches!(report.kind, ReportKind::Register | ReportKind::Hours);
    if wide && days > MOST_PRINTED_DAYS {
        return Err(ApiError::invalid(
            "to",
            format!("A page has room for {MOST_PRINTED_DAYS} days. Ask for fewer, or take XLSX or CSV."),
        ));
    }
    let totals = report.totals(conn)?;
    let rows = if wide {
        models::reports::count_people(conn, &report.selection.filter)?
    } else {
        rows::listed(report.kind, &models::reports::state_totals(conn, &report.selection.filter)?)
    };
    if rows > MOST_PRINTED_ROWS {
        return Err(ApiError::invalid(
            "format",
            format!("{rows} rows are too many to print; at most {MOST_PRINTED_ROWS} are. Take XLSX or CSV."),
        ));
    }
    let mut notes: Vec<String> = totals.iter().map(rows::Total::line).collect();
    let legend: Vec<String> =
        legend(report.kind).iter().map(|entry| format!("{}: {}", entry.letter, entry.meaning)).collect();
    if !legend.is_empty() {
        notes.push(legend.join("   "));
    }
    let data_of = report.data_of.with_timezone(&report.zone).format("%Y-%m-%d %H:%M");
    let about = report.about().map(|about| format!(" · {about}")).unwrap_or_default();
    let head = pdf::Head {
        site: report.site_name.clone(),
        title: report.kind.title().to_owned(),
        about: format!("{}{about}", report.range()),
        data_of: format!("Data as of {data_of} {}", report.zone.name()),
    };
    let headings =
        if wide { report.columns.iter().map(Column::printed).collect() } else { report.headings() };
    let mut print = pdf::Print::new(head, &headings, usize::try_from(rows).unwrap_or(0), notes)?;
    report.read(conn, None, None, |row| {
        print.row(&look.cells(&row));
        Ok(())
    })?;
    print.finish(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_hold_nothing_but_letters_digits_and_dashes() {
        assert_eq!(safe_name("5/A \"..\\x\r\nÖ班\u{202e}"), "5-A-----x--Ö班-");
    }
}
