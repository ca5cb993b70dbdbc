//! People from a table: read and judged first, stored when somebody has looked at it, all of it or nothing.

pub mod plan;
pub mod rows;
pub mod sheet;

use std::collections::BTreeMap;

use bytes::Bytes;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    ImportCounts, ImportId, ImportRow, ImportSource, ImportState, ImportVerdict, ImportView, Page, UserId,
};
use uuid::Uuid;

use crate::domain::people_import::plan::Planned;
use crate::domain::people_import::rows::Row;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::imports::{Import, NewRow};
use crate::state::App;

/// Most bytes of a table.
pub const MAX_BYTES: usize = 10 << 20;

/// Reads and judges a table; stores nothing but the import itself.
///
/// # Errors
/// 422 that names `file`.
pub async fn preview(app: &App, by: UserId, file: Bytes) -> Result<ImportView, ApiError> {
    let read = tokio::task::spawn_blocking(move || {
        let sheet = sheet::read(&file)?;
        let (format, encoding, delimiter) = (sheet.format, sheet.encoding, sheet.delimiter);
        let (columns, rows) = rows::rows(sheet)?;
        let source = ImportSource {
            format: format.to_owned(),
            encoding: encoding.map(str::to_owned),
            delimiter: delimiter.map(String::from),
            columns,
        };
        Ok::<_, ApiError>((source, rows))
    });
    let (source, rows) = read.await.map_err(anyhow::Error::from)??;
    if rows.is_empty() {
        return Err(ApiError::invalid("file", "This file has headings and no rows."));
    }
    app.db
        .run_long(move |conn| {
            conn.transaction(|conn| {
                let source = serde_json::to_value(&source).map_err(anyhow::Error::from)?;
                let id = Uuid::now_v7();
                let total = i32::try_from(rows.len()).unwrap_or(i32::MAX);
                models::imports::insert(conn, id, "people", "preview", by.0, source, total)?;
                let planned = plan::plan(conn, &rows)?;
                models::imports::insert_rows(conn, id, &stored_rows(&rows, &planned)?)?;
                find(conn, ImportId(id))
            })
        })
        .await
}

fn stored_rows(rows: &[Row], planned: &[Planned]) -> Result<Vec<NewRow>, ApiError> {
    let row = |(row, planned): (&Row, &Planned)| {
        Ok(NewRow {
            number: i32::try_from(row.number).unwrap_or(i32::MAX),
            name: row.cells.get("external_id").cloned().unwrap_or_default(),
            verdict: planned.verdict.name().to_owned(),
            problems: serde_json::to_value(&planned.problems).map_err(anyhow::Error::from)?,
            cells: serde_json::to_value(&row.cells).map_err(anyhow::Error::from)?,
        })
    };
    rows.iter().zip(planned).map(row).collect()
}

/// An import of people.
///
/// # Errors
/// 404.
pub fn find(conn: &mut PgConnection, id: ImportId) -> Result<ImportView, ApiError> {
    let row = import(conn, id)?;
    let mut counts = ImportCounts::default();
    for (verdict, count) in models::imports::count_verdicts(conn, id.0)? {
        match verdict.as_str() {
            "create" => counts.create = count,
            "update" => counts.update = count,
            "unchanged" => counts.unchanged = count,
            _ => counts.error = count,
        }
    }
    let state = state(&row);
    Ok(ImportView {
        id,
        state,
        source: serde_json::from_value(row.source).map_err(anyhow::Error::from)?,
        counts,
        done: row.done.into(),
        of: row.total.into(),
        message: row.message.or_else(|| left_behind(state)),
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

fn import(conn: &mut PgConnection, id: ImportId) -> Result<Import, ApiError> {
    let row = models::imports::find(conn, id.0).map_err(missing)?;
    if row.kind == "people" { Ok(row) } else { Err(ApiError::NotFound("import")) }
}

fn missing(error: diesel::result::Error) -> ApiError {
    crate::error::missing(error, "import")
}

/// How far an import is; one that is running and that nobody touches any more has failed.
pub fn state(row: &Import) -> ImportState {
    match row.state.as_str() {
        "preview" => ImportState::Preview,
        "running" if row.left_behind => ImportState::Failed,
        "running" => ImportState::Running,
        "done" => ImportState::Done,
        _ => ImportState::Failed,
    }
}

/// What is said of an import that nobody works off any more.
pub fn left_behind(state: ImportState) -> Option<String> {
    (state == ImportState::Failed)
        .then(|| "The server stopped on the way. Nothing was stored; apply it again.".to_owned())
}

/// A page of an import's rows, in the file's order; all, or those of a verdict.
///
/// # Errors
/// 404.
pub fn list_rows(
    conn: &mut PgConnection,
    id: ImportId,
    verdict: Option<ImportVerdict>,
    after: i64,
    limit: i64,
) -> Result<Page<ImportRow>, ApiError> {
    import(conn, id)?;
    let verdict = verdict.map(ImportVerdict::name);
    let mut rows = models::imports::rows(conn, id.0, verdict, after, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| row.number.to_string());
    let view = |row: NewRow| ImportRow {
        row: row.number.into(),
        verdict: ImportVerdict::ALL
            .into_iter()
            .find(|verdict| verdict.name() == row.verdict)
            .unwrap_or(ImportVerdict::Error),
        cells: serde_json::from_value(row.cells).unwrap_or_default(),
        problems: serde_json::from_value(row.problems).unwrap_or_default(),
    };
    Ok(Page { items: rows.into_iter().map(view).collect(), next, total: None })
}

/// Begins to store an import, in the background.
///
/// # Errors
/// 404; 409 where it is under way or done; 422 for rows with errors that are not to be skipped.
pub async fn apply(app: &App, by: UserId, id: ImportId, skip_errors: bool) -> Result<ImportView, ApiError> {
    let view = app
        .db
        .run(move |conn| {
            let view = find(conn, id)?;
            if view.counts.error > 0 && !skip_errors {
                return Err(ApiError::invalid(
                    "skip_errors",
                    format!(
                        "{} rows have errors: mend the file, or leave them out on purpose.",
                        view.counts.error
                    ),
                ));
            }
            if !models::imports::claim(conn, id.0)? {
                return Err(ApiError::ImportNotReady);
            }
            find(conn, id)
        })
        .await?;
    let task = app.clone();
    tokio::spawn(async move {
        let worker = task.clone();
        let run = task.db.run_long(move |conn| run(conn, &worker, by, id, skip_errors)).await;
        let Err(error) = run else { return };
        let message = match &error {
            ApiError::ExternalIdTaken => {
                "An id was taken in the meantime. Nothing was stored; apply it again."
            }
            ApiError::ImportNotReady => {
                "People have changed since, and rows have errors now. Nothing was stored."
            }
            _ => "It could not be stored. Nothing was; apply it again.",
        };
        tracing::warn!(import.id = %id, error.cause = %error, "an import was not stored");
        let told = task.db.run(move |conn| Ok(models::imports::fail(conn, id.0, message)?)).await;
        if let Err(error) = told {
            tracing::warn!(import.id = %id, error.cause = %error, "its failure is not noted");
        }
    });
    Ok(view)
}

/// Judges anew, for people may have changed since, and stores, in one transaction.
fn run(
    conn: &mut PgConnection,
    app: &App,
    by: UserId,
    id: ImportId,
    skip_errors: bool,
) -> Result<(), ApiError> {
    // Progress is seen by others while the transaction is not.
    let mut aside = app.db.connect()?;
    conn.transaction(|conn| {
        let rows: Vec<Row> = models::imports::rows(conn, id.0, None, 0, i64::MAX)?
            .into_iter()
            .map(|row| Row {
                number: usize::try_from(row.number).unwrap_or(0),
                cells: serde_json::from_value(row.cells).unwrap_or_default(),
            })
            .collect();
        let planned = plan::plan(conn, &rows)?;
        if !skip_errors && planned.iter().any(|row| row.verdict == ImportVerdict::Error) {
            return Err(ApiError::ImportNotReady);
        }
        plan::store(conn, by, id.0, &planned, |done| {
            Ok(models::imports::progress(&mut aside, id.0, i32::try_from(done).unwrap_or(i32::MAX))?)
        })?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &planned {
            *counts.entry(row.verdict.name()).or_default() += 1;
        }
        models::imports::update_rows(conn, id.0, &stored_rows(&rows, &planned)?)?;
        models::imports::finish(conn, id.0)?;
        let subject = ("import", Some(id.0));
        Ok::<_, ApiError>(models::audit::insert(
            conn,
            Actor::User(by.0),
            "people.imported",
            subject,
            json!({ "rows": counts }),
        )?)
    })?;
    app.follow_own_change(conn);
    Ok(())
}
