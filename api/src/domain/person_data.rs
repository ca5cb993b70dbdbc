//! A copy of all that is kept of a person, as an archive.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use anyhow::Context;
use bytes::Bytes;
use diesel::PgConnection;
use serde_json::{Value, json};
use types::{PersonId, PhotoId, UserId};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::domain::tables::{Cell, CsvTable, Heading};
use crate::domain::{check_in_means, consents, people, photos};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::rights::{PersonTable, Rows};
use crate::models::scope::Scope;
use crate::state::App;

const README: &str = "What is kept of this person.

data.json         The person's fields, groups with their days, consents, photos, when a PIN was set and badges were
                  made and revoked, and what the audit says about them. The PIN itself is kept as a hash, and the texts
                  of badges are not kept; neither is in this archive.
photos/           The photos, decrypted. The templates computed from them are numbers that only this system compares;
                  they are kept encrypted for as long as the photos and are not in this archive.
arrivals.csv      When the person was seen, by which camera, and what the decision rested on.
attendance.csv    The state of each day and period.
marks.csv         What was marked by hand.
corrections.csv   What was asked to be corrected, and what was decided.
messages.csv      What was told about the person, and whether to themselves.

Times are in UTC. Tables are UTF-8, separated by commas; a text that a spreadsheet would run as a formula has an
apostrophe in front.
";

/// The archive, in a file that stands at its beginning.
///
/// # Errors
/// 404 for a person who does not exist.
pub async fn archive(app: &App, by: UserId, id: PersonId) -> Result<File, ApiError> {
    let mut pictures: Vec<(PhotoId, Bytes)> = Vec::new();
    for photo in photos::list(app, Scope::Everyone, id).await? {
        pictures.push((photo.id, photos::read(app, Scope::Everyone, id, photo.id).await?));
    }
    app.db
        .run_long(move |conn| {
            let data = data(conn, id)?;
            let mut zip = ZipWriter::new(tempfile::tempfile().context("a temporary file cannot be made")?);
            add(&mut zip, "README.txt", README.as_bytes())?;
            add(&mut zip, "data.json", &serde_json::to_vec_pretty(&data).map_err(anyhow::Error::from)?)?;
            for (photo, jpeg) in pictures {
                add(&mut zip, &format!("photos/{photo}.jpg"), &jpeg)?;
            }
            for (name, table) in [
                ("arrivals.csv", PersonTable::Arrivals),
                ("attendance.csv", PersonTable::AttendanceDays),
                ("marks.csv", PersonTable::Marks),
                ("corrections.csv", PersonTable::Corrections),
                ("messages.csv", PersonTable::Messages),
            ] {
                add(&mut zip, name, &csv(&models::rights::rows_of(conn, id.0, table)?)?)?;
            }
            let subject = ("person", Some(id.0));
            models::audit::insert(conn, Actor::User(by.0), "person.data_copied", subject, json!({}))?;
            let mut file = zip.finish().map_err(anyhow::Error::from)?;
            file.seek(SeekFrom::Start(0)).context("a temporary file cannot be read")?;
            Ok(file)
        })
        .await
}

fn add(zip: &mut ZipWriter<File>, name: &str, bytes: &[u8]) -> Result<(), ApiError> {
    zip.start_file(name, SimpleFileOptions::default()).map_err(anyhow::Error::from)?;
    Ok(zip.write_all(bytes).context("an archive cannot be written")?)
}

fn data(conn: &mut PgConnection, id: PersonId) -> Result<Value, ApiError> {
    let audit: Vec<Value> = models::audit::about_person(conn, id.0)?
        .into_iter()
        .map(|entry| {
            let detail: Option<Value> = entry.detail.and_then(|text| serde_json::from_str(&text).ok());
            json!({ "id": entry.id, "at": entry.at, "actor_kind": entry.actor_kind, "action": entry.action,
                "detail": detail })
        })
        .collect();
    Ok(json!({
        "person": people::find(conn, id)?,
        "memberships": models::rights::rows_of(conn, id.0, PersonTable::Memberships)?,
        "consents": consents::history(conn, &Scope::Everyone, id)?,
        "check_in_means": check_in_means::of_person(conn, id)?,
        "audit": audit,
    }))
}

/// A table as CSV; one without rows is empty.
fn csv(rows: &Rows) -> Result<Vec<u8>, ApiError> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let headings: Vec<Heading> =
        first.keys().map(|title| Heading { title: title.clone(), width: 20 }).collect();
    let file = tempfile::tempfile().context("a temporary file cannot be made")?;
    let mut table = CsvTable::create(file, &headings)?;
    for row in rows {
        let cells: Vec<Cell> = row
            .values()
            .map(|value| match value {
                Value::Null => Cell::Empty,
                Value::String(text) => Cell::Text(text.clone()),
                other => Cell::Text(other.to_string()),
            })
            .collect();
        table.row(&cells)?;
    }
    let mut bytes = Vec::new();
    table.finish()?.read_to_end(&mut bytes).context("a temporary file cannot be read")?;
    Ok(bytes)
}
