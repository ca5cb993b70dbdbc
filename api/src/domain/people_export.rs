//! People as a table that can be imported again.

use std::collections::HashMap;
use std::fs::File;

use anyhow::Context;
use diesel::PgConnection;
use serde::Deserialize;
use serde_json::json;
use types::UserId;
use uuid::Uuid;

use crate::domain::people_import::rows::COLUMNS;
use crate::domain::tables::{Cell, CsvTable, Heading, XlsxTable};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::scope::Scope;

const BATCH: i64 = 1000;

/// What a table is exported as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// UTF-8 with a byte order mark, separated by commas.
    #[default]
    Csv,
    /// A workbook of one sheet.
    Xlsx,
}

impl TableFormat {
    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// What a file's name ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

enum Table {
    Csv(Box<CsvTable>),
    Xlsx(Box<XlsxTable>),
}

/// The people of a scope who are not archived, by name, in a file that stands at its beginning. It leaves the house:
/// that is audited.
///
/// # Errors
/// When the database fails or no temporary file can be written.
pub fn export(
    conn: &mut PgConnection,
    by: UserId,
    scope: &Scope,
    format: TableFormat,
) -> Result<File, ApiError> {
    let file = table(conn, scope, format)?;
    let detail = json!({ "format": format.extension(), "of": scope });
    models::audit::insert(conn, Actor::User(by.0), "people.exported", ("person", None), detail)?;
    Ok(file)
}

fn table(conn: &mut PgConnection, scope: &Scope, format: TableFormat) -> Result<File, ApiError> {
    let headings = COLUMNS.map(|title| Heading { title: title.to_owned(), width: 20 });
    let file = tempfile::tempfile().context("a temporary file cannot be made")?;
    let mut table = match format {
        TableFormat::Csv => Table::Csv(Box::new(CsvTable::create(file, &headings)?)),
        TableFormat::Xlsx => Table::Xlsx(Box::new(XlsxTable::create(file, &headings)?)),
    };
    let mut after = None;
    loop {
        let people = models::people::batch_by_name(conn, scope, after.as_ref(), BATCH)?;
        let Some(last) = people.last() else { break };
        after = Some((last.name.clone(), last.id));
        let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
        let mut groups: HashMap<Uuid, Vec<String>> = HashMap::new();
        for (person, group) in models::groups::of_people(conn, &ids)? {
            groups.entry(person).or_default().push(group.name);
        }
        for person in people {
            let groups = groups.remove(&person.id).unwrap_or_default().join("; ");
            let cells = [
                Cell::Text(person.name),
                Cell::Text(person.external_id),
                Cell::text(person.email),
                Cell::text(person.phone),
                Cell::text(person.branch),
                person.year.map_or(Cell::Empty, |year| Cell::Whole(year.into())),
                Cell::text(Some(groups).filter(|groups| !groups.is_empty())),
            ];
            match &mut table {
                Table::Csv(table) => table.row(&cells)?,
                Table::Xlsx(table) => table.row(&cells)?,
            }
        }
    }
    match table {
        Table::Csv(table) => table.finish(),
        Table::Xlsx(table) => table.finish(),
    }
}
