//! Erasing a person, with a report, and the ledger that a restored backup is held against.
//!
//! The ledger is a file outside the database, one line per erasure, with an id and a time and nothing else. Before a
//! server serves, whoever stands in it and exists again is erased again.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{ErasedCounts, ErasureReport, PersonId};
use uuid::Uuid;

use crate::domain::audit_chain::Erased;
use crate::domain::review;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::state::App;

/// How long backups of the database are kept, and old versions in the photo store.
const BACKUPS: TimeDelta = TimeDelta::days(35);
const STORAGE_VERSIONS: TimeDelta = TimeDelta::days(7);

/// A line of the ledger.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    id: Uuid,
    at: DateTime<Utc>,
}

fn ledger(folder: &Path) -> PathBuf {
    folder.join("erasures.jsonl")
}

/// Writes an erasure down where no restore of the database undoes it.
fn note(folder: &Path, line: &Line) -> anyhow::Result<()> {
    let path = ledger(folder);
    let shown = path.display();
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("the ledger of erasures {shown} cannot be opened"))?;
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text).with_context(|| format!("the ledger of erasures {shown} cannot be written"))?;
    file.sync_all().with_context(|| format!("the ledger of erasures {shown} cannot be written"))
}

/// Erases a person: their key, so that every copy of photos and templates is unreadable, their photos, arrivals and
/// attendance, and what the audit says about them.
///
/// # Errors
/// 404.
pub async fn erase(app: &App, by: Actor, id: PersonId, reason: String) -> Result<ErasureReport, ApiError> {
    let task = app.clone();
    let report = app
        .db
        .run_long(move |conn| {
            let report = conn.transaction(|conn| erase_rows(conn, &task, by, id, reason))?;
            task.follow_own_change(conn);
            Ok(report)
        })
        .await?;
    if let Err(error) = app.photos.delete_person(id).await {
        tracing::warn!(person.id = %id, error.cause = %error, "sealed photos of an erased person are left over");
    }
    Ok(report)
}

fn erase_rows(
    conn: &mut PgConnection,
    app: &App,
    by: Actor,
    id: PersonId,
    reason: String,
) -> Result<ErasureReport, ApiError> {
    models::people::find_for_update(conn, id.0).map_err(|error| crate::auth::missing(error, "person"))?;
    let erased_at = Utc::now();
    let key_destroyed = models::biometrics::key(conn, id.0)?.is_some();
    let review_items = review::purge_person(conn, app, id)?;
    let kept = models::rights::kept(conn, id.0)?;
    let emptied = models::audit::empty_about_person(conn, id.0)?;
    let accounts = models::users::delete_member(conn, id.0)?;
    let erased = ErasedCounts {
        accounts: accounts as i64,
        photos: kept.photos,
        templates: kept.templates,
        non_matches: kept.non_matches,
        arrivals: kept.arrivals,
        attendance_days: kept.attendance_days,
        marks: kept.marks,
        corrections: kept.corrections,
        memberships: kept.memberships,
        consents: kept.consents,
        messages: kept.messages,
        pins: kept.pins,
        badges: kept.badges,
        review_items: review_items as i64,
        audit_entries: emptied.len() as i64,
    };
    models::imports::forget_person(conn, id.0)?;
    models::people::delete(conn, id.0)?;
    models::gallery::touch(conn, &[id.0])?;
    models::audit::insert(
        conn,
        by,
        models::audit::ERASED,
        ("person", Some(id.0)),
        json!(Erased { emptied }),
    )?;
    // The last thing before the commit: what stands in the ledger is erased, now or at the next start.
    note(&app.data, &Line { id: id.0, at: erased_at })?;
    Ok(ErasureReport {
        person: id,
        erased_at,
        reason,
        erased,
        key_destroyed,
        backups_until: erased_at + BACKUPS,
        storage_versions_until: erased_at + STORAGE_VERSIONS,
    })
}

/// Erases whoever stands in the ledger and exists again, as after a restore; says how many. Photos of people who do
/// not exist stay as they are in the store.
///
/// # Errors
/// When the ledger cannot be read or somebody cannot be erased: the server must not serve then.
pub async fn replay(app: &App) -> anyhow::Result<usize> {
    let ids = read(&app.data)?;
    if ids.is_empty() {
        return Ok(0);
    }
    let back = app.db.run_long(move |conn| Ok(models::people::existing(conn, &ids)?)).await?;
    for id in &back {
        erase(app, Actor::System, PersonId(*id), "Erased before; came back with a restore.".to_owned())
            .await?;
        tracing::warn!(person.id = %id, "a person who was erased before a restore is erased again");
    }
    Ok(back.len())
}

/// The ids in the ledger. A last line that was cut short by a crash belongs to an erasure that did not commit.
fn read(folder: &Path) -> anyhow::Result<Vec<Uuid>> {
    let path = ledger(folder);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut ids = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(line) => ids.push(line.id),
            Err(_) if !line.ends_with('\n') => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("line {} of {} is damaged", index + 1, path.display()));
            }
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_is_appended_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read(folder.path()).expect("no ledger").is_empty());
        let ids: Vec<Uuid> = (1..4).map(Uuid::from_u128).collect();
        for id in &ids {
            note(folder.path(), &Line { id: *id, at: Utc::now() }).expect("written");
        }
        assert_eq!(read(folder.path()).expect("a ledger"), ids);
        let path = ledger(folder.path());
        let whole = std::fs::read_to_string(&path).expect("text");
        std::fs::write(&path, format!("{whole}{{\"id\": \"00")).expect("written");
        assert_eq!(read(folder.path()).expect("cut short"), ids);
        std::fs::write(&path, format!("rubbish\n{whole}")).expect("written");
        assert!(read(folder.path()).is_err());
    }
}
