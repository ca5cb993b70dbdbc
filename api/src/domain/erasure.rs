//! Erasing a person, with a report, and the ledger that a restored backup is held against.
//!
//! The ledger is outside the database, beside the photos: an id and a time for each erasure and nothing else. No backup
//! holds it, so no restore takes it back. Before a server serves, whoever stands in it and exists again is erased again.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use serde_json::json;
use tokio::runtime::Handle;
use types::{ErasedCounts, ErasureReport, PersonId};
use uuid::Uuid;

use crate::domain::audit_chain::Erased;
use crate::domain::review;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::state::App;

/// How long old versions in the photo store are kept.
const STORAGE_VERSIONS: TimeDelta = TimeDelta::days(7);

/// Erases a person: their key, which backups made before hold alone, their photos, arrivals and attendance, and what the
/// audit says about them.
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
    app.hub.forget_frames();
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
    models::people::find_for_update(conn, id.0).map_err(|error| crate::error::missing(error, "person"))?;
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
    Handle::current().block_on(app.photos.note_erasure(id, erased_at))?;
    Ok(ErasureReport {
        person: id,
        erased_at,
        reason,
        erased,
        key_destroyed,
        backups_until: backups_until(erased_at, app.backup_days),
        storage_versions_until: erased_at + STORAGE_VERSIONS,
    })
}

/// When the last backup that holds them goes, which is by the first run after its days; there is one a day.
fn backups_until(erased_at: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    (days > 0).then(|| erased_at + TimeDelta::days(i64::from(days) + 1))
}

/// Erases whoever stands in the ledger and exists again, as after a restore; says how many. Photos of people who do
/// not exist stay as they are in the store.
///
/// # Errors
/// When the ledger cannot be read or somebody cannot be erased: the server must not serve then.
pub async fn replay(app: &App) -> anyhow::Result<usize> {
    let ids: Vec<Uuid> = app.photos.erased().await?.into_iter().map(|id| id.0).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BACKUP_DAYS;

    #[test]
    fn a_report_names_the_day_of_the_run_that_deletes_or_none() {
        let erased_at = "2026-11-22T10:00:00Z".parse().expect("a time");
        let until = |days| backups_until(erased_at, days).map(|at| (at - erased_at).num_days());
        assert_eq!((until(BACKUP_DAYS), until(1), until(0)), (Some(35), Some(2), None));
        assert!(until(36_500).is_some());
    }
}
