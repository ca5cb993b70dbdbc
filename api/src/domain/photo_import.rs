//! Photos of many people from an archive, enrolled person by person: all photos of one or none of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use serde_json::json;
use tempfile::TempPath;
use types::{ImportId, PersonId, PhotoImportEntry, PhotoImportView, UserId};
use uuid::Uuid;

use crate::domain::people_import::sheet::{ArchiveCaps, check_archive};
use crate::domain::people_import::{left_behind, state};
use crate::domain::{enrolment, people};
use crate::error::ApiError;
use crate::models;
use crate::models::imports::NewRow;
use crate::state::App;

/// Most bytes of an archive.
pub const MAX_BYTES: usize = 500 << 20;

/// Photos hardly shrink when they are packed.
const CAPS: ArchiveCaps =
    ArchiveCaps { entries: 20_000, entry_bytes: 10 << 20, total_bytes: 2 << 30, ratio: 50 };

/// How often a person is tried again while the recognizer is busy or away, and after how long.
const TRIES: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_secs(3);

/// A file of the archive.
#[derive(Debug, Clone)]
struct Entry {
    /// Its place in the archive.
    index: usize,
    /// Its name there; it never becomes a path.
    name: String,
}

/// Checks an archive and begins to enrol its photos in the background; the archive is deleted afterwards.
///
/// # Errors
/// 422 that names `file`.
pub async fn begin(app: &App, by: UserId, archive: TempPath) -> Result<PhotoImportView, ApiError> {
    let checked = tokio::task::spawn_blocking(move || {
        let open = || File::open(&archive).context("the archive cannot be read");
        check_archive(open()?, CAPS)?;
        let entries = entries(&archive)?;
        Ok::<_, ApiError>((archive, entries))
    });
    let (archive, entries) = checked.await.map_err(anyhow::Error::from)??;
    if entries.is_empty() {
        return Err(ApiError::invalid("file", "There is no file in this archive."));
    }
    let rows: Vec<NewRow> = entries.iter().map(|entry| row(entry, "waiting", None)).collect();
    let id = ImportId(Uuid::now_v7());
    let view = app
        .db
        .run_long(move |conn| {
            let total = i32::try_from(rows.len()).unwrap_or(i32::MAX);
            models::imports::insert(conn, id.0, "photos", "running", by.0, json!({}), total)?;
            models::imports::insert_rows(conn, id.0, &rows)?;
            find(conn, id)
        })
        .await?;
    let task = app.clone();
    tokio::spawn(async move {
        let archive = Arc::new(archive);
        let ended = match run(&task, by, id, archive, entries).await {
            Ok(()) => task.db.run(move |conn| Ok(models::imports::finish(conn, id.0)?)).await,
            Err(error) => {
                tracing::warn!(import.id = %id, error.cause = %error, "an import of photos broke off");
                let message = "It broke off. Photos that are not stored yet can be sent again.";
                task.db.run(move |conn| Ok(models::imports::fail(conn, id.0, message)?)).await
            }
        };
        if let Err(error) = ended {
            tracing::warn!(import.id = %id, error.cause = %error, "the end of an import is not noted");
        }
    });
    Ok(view)
}

fn row(entry: &Entry, verdict: &str, message: Option<&str>) -> NewRow {
    NewRow {
        number: i32::try_from(entry.index).unwrap_or(i32::MAX),
        name: entry.name.clone(),
        verdict: verdict.to_owned(),
        problems: json!({ "message": message }),
        cells: json!({}),
    }
}

/// An import of photos.
///
/// # Errors
/// 404.
pub fn find(conn: &mut diesel::PgConnection, id: ImportId) -> Result<PhotoImportView, ApiError> {
    let import = models::imports::find(conn, id.0).map_err(|error| crate::error::missing(error, "import"))?;
    if import.kind != "photos" {
        return Err(ApiError::NotFound("import"));
    }
    let entries = models::imports::rows(conn, id.0, None, -1, i64::MAX)?;
    let state = state(&import);
    Ok(PhotoImportView {
        id,
        state,
        done: import.done.into(),
        of: import.total.into(),
        message: import.message.or_else(|| left_behind(state)),
        entries: entries
            .into_iter()
            .map(|row| PhotoImportEntry {
                name: row.name,
                verdict: row.verdict,
                message: row.problems["message"].as_str().map(str::to_owned),
            })
            .collect(),
        created_at: import.created_at,
        expires_at: import.expires_at,
    })
}

fn open(archive: &Path) -> Result<zip::ZipArchive<File>, ApiError> {
    let file = File::open(archive).context("the archive cannot be read")?;
    zip::ZipArchive::new(file).map_err(|_| ApiError::invalid("file", "This archive is damaged."))
}

/// The files of an archive, without what systems add to them.
fn entries(archive: &Path) -> Result<Vec<Entry>, ApiError> {
    let mut archive = open(archive)?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(anyhow::Error::from)?;
        let name: String = entry.name().chars().filter(|c| !c.is_control()).take(300).collect();
        let last = name.rsplit('/').next().unwrap_or_default();
        let added = name.starts_with("__MACOSX/") || last.starts_with('.') || last == "Thumbs.db";
        if entry.is_file() && !added {
            entries.push(Entry { index, name });
        }
    }
    Ok(entries)
}

/// The external ids that a file's name may stand for, the likeliest first.
fn ids_of(name: &str) -> Vec<String> {
    if let Some((folder, rest)) = name.split_once('/') {
        return if rest.contains('/') { Vec::new() } else { vec![folder.to_owned()] };
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut ids = vec![stem.to_owned()];
    if let Some((id, number)) = stem.rsplit_once('_')
        && !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit())
    {
        ids.push(id.to_owned());
    }
    ids
}

async fn run(
    app: &App,
    by: UserId,
    id: ImportId,
    archive: Arc<TempPath>,
    entries: Vec<Entry>,
) -> Result<(), ApiError> {
    let names: Vec<String> = entries.iter().flat_map(|entry| ids_of(&entry.name)).collect();
    let known: BTreeMap<String, Uuid> = app
        .db
        .run_long(move |conn| Ok(models::people::ids_by_external_ids(conn, &names)?))
        .await?
        .into_iter()
        .collect();
    let (mut people, mut verdicts): (BTreeMap<Uuid, Vec<Entry>>, Vec<NewRow>) = Default::default();
    for entry in entries {
        match ids_of(&entry.name).iter().find_map(|id| known.get(id)) {
            Some(person) => people.entry(*person).or_default().push(entry),
            None => verdicts.push(row(&entry, "refused", Some("There is no person with this id."))),
        }
    }
    let mut done = verdicts.len();
    note(app, id, verdicts, done).await?;
    for (person, entries) in people {
        done += entries.len();
        let verdicts = enrol(app, by, PersonId(person), &archive, entries).await?;
        note(app, id, verdicts, done).await?;
    }
    Ok(())
}

async fn note(app: &App, id: ImportId, verdicts: Vec<NewRow>, done: usize) -> Result<(), ApiError> {
    app.db
        .run(move |conn| {
            models::imports::update_rows(conn, id.0, &verdicts)?;
            Ok(models::imports::progress(conn, id.0, i32::try_from(done).unwrap_or(i32::MAX))?)
        })
        .await
}

/// Enrols the photos of one person, all or nothing; the verdict on each.
async fn enrol(
    app: &App,
    by: UserId,
    person: PersonId,
    archive: &Arc<TempPath>,
    entries: Vec<Entry>,
) -> Result<Vec<NewRow>, ApiError> {
    if entries.len() > enrolment::MAX_PHOTOS {
        let message = "A person has at most 10 photos: leave some out.";
        return Ok(entries.iter().map(|entry| row(entry, "refused", Some(message))).collect());
    }
    let (from, wanted) = (archive.clone(), entries.clone());
    let read = tokio::task::spawn_blocking(move || photos(&from, &wanted));
    let photos = read.await.map_err(anyhow::Error::from)??;
    let mut tries = 0;
    let error = loop {
        tries += 1;
        match people::add_photos(app, by, person, photos.clone(), false).await {
            Ok(_) => return Ok(entries.iter().map(|entry| row(entry, "stored", None)).collect()),
            Err(
                ApiError::RecognizerUnavailable(_)
                | ApiError::TooManyRequests { .. }
                | ApiError::StorageUnavailable(_)
                | ApiError::DatabaseUnavailable(_),
            ) if tries < TRIES && !*app.stopping.borrow() => tokio::time::sleep(TRY_AGAIN).await,
            Err(error) => break error,
        }
    };
    if let ApiError::Internal(cause) = &error {
        tracing::error!(error.cause = format!("{cause:#}"), "photos of an import cannot be enrolled");
    }
    let verdict = |(place, entry): (usize, &Entry)| {
        let message = match &error {
            ApiError::PhotoRefused(fields) => match fields.get(&format!("photo[{place}]")) {
                Some(reason) => reason.clone(),
                None => "Another photo of this person was refused.".to_owned(),
            },
            error => error.to_string(),
        };
        row(entry, "refused", Some(&message))
    };
    Ok(entries.iter().enumerate().map(verdict).collect())
}

fn photos(archive: &Path, entries: &[Entry]) -> Result<Vec<Bytes>, ApiError> {
    let mut archive = open(archive)?;
    let mut photos = Vec::with_capacity(entries.len());
    for entry in entries {
        let file = archive.by_index(entry.index).map_err(anyhow::Error::from)?;
        let mut bytes = Vec::new();
        file.take(CAPS.entry_bytes).read_to_end(&mut bytes).map_err(anyhow::Error::from)?;
        photos.push(Bytes::from(bytes));
    }
    Ok(photos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_external_ids_and_for_nothing_else() {
        for (name, ids) in [
            ("S-1.jpg", vec!["S-1"]),
            ("S-1_2.png", vec!["S-1_2", "S-1"]),
            ("S_a.jpg", vec!["S_a"]),
            ("S.1.jpeg", vec!["S.1"]),
            ("S-1/front.jpg", vec!["S-1"]),
            ("a/b/c.jpg", vec![]),
            ("../../etc/passwd", vec![]),
            ("../x.jpg", vec![".."]),
            ("_7.jpg", vec!["_7", ""]),
        ] {
            assert_eq!(ids_of(name), ids, "{name}");
        }
    }
}
