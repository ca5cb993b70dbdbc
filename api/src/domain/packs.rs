//! Model packs: which one is in use, preparing another beside it, and changing over.
//!
//! Templates may be kept of several packs; the gallery in memory is of one, and every request to the recognizer
//! names it, so embeddings of two packs never meet. A change is one transaction: the row that says which pack is
//! in use, and a gallery revision that makes every process load that pack's templates. Until a process has done so
//! it goes on with the pack before.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use diesel::{Connection, PgConnection};
use recognizer_types::PackView;
use serde_json::json;
use types::{FailedPhoto, PackState, PackStatus, PersonId, PersonRef, PhotoId, UserId};

use crate::domain::recognizer::Packs;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::packs::{ModelPack, UnusablePhoto};
use crate::state::App;

/// How long the answer to a change waits for this process to have followed it.
const FOLLOW: Duration = Duration::from_secs(5);

/// The pack in use, which is the first that the recognizer offers where nothing depends on another yet.
///
/// # Errors
/// When the database fails.
pub fn in_use(conn: &mut PgConnection, offered: &[Arc<PackView>]) -> Result<Option<String>, ApiError> {
    let active = models::packs::active(conn)?;
    let is_offered = |id: &String| offered.iter().any(|pack| pack.id == *id);
    let Some(first) = offered.first().filter(|_| !active.as_ref().is_some_and(is_offered)) else {
        return Ok(active);
    };
    if active.is_some() && models::packs::any_templates(conn)? {
        return Ok(active);
    }
    conn.transaction(|conn| {
        models::gallery::lock(conn)?;
        // Another process, or an enrolment, may have been first.
        let now = models::packs::active(conn)?;
        if now != active || (now.is_some() && models::packs::any_templates(conn)?) {
            return Ok(now);
        }
        models::packs::keep(conn, &first.id)?;
        models::packs::activate(conn, &first.id)?;
        models::gallery::touch(conn, &[])?;
        audit(conn, Actor::System, "model.adopted", json!({ "pack": first.id }))?;
        tracing::info!(model.id = first.id, "model pack taken into use");
        Ok(Some(first.id.clone()))
    })
}

fn audit(
    conn: &mut PgConnection,
    by: Actor,
    action: &str,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, by, action, ("model_pack", None), detail)?)
}

/// Where each pack stands that the recognizer offers or that templates are kept of, the one in use first.
///
/// # Errors
/// 503 while the database is away; packs of a recognizer that is away are listed without their description.
pub async fn list(app: &App) -> Result<Vec<PackStatus>, ApiError> {
    let offered = app.recognizer.learn_packs().await.ok().or_else(|| app.recognizer.packs());
    let offered = offered.unwrap_or_else(|| Packs::from([]));
    app.db.run(move |conn| statuses(conn, &offered)).await
}

fn statuses(conn: &mut PgConnection, offered: &[Arc<PackView>]) -> Result<Vec<PackStatus>, ApiError> {
    conn.build_transaction().repeatable_read().read_only().run(|conn| {
        let kept = models::packs::kept(conn)?;
        let (total, done) = models::packs::progress(conn)?;
        let done: HashMap<String, i64> = done.into_iter().collect();
        let mut failed: HashMap<String, Vec<FailedPhoto>> = HashMap::new();
        for photo in models::packs::unusable(conn)? {
            let pack = photo.model_pack.clone();
            failed.entry(pack).or_default().push(failed_photo(photo));
        }
        let mut status = |id: &str, kept: Option<&ModelPack>| {
            let failed = failed.remove(id).unwrap_or_default();
            let photos_done = done.get(id).copied().unwrap_or(0);
            let complete = photos_done + failed.len() as i64 >= total;
            PackStatus {
                id: id.to_owned(),
                pack: offered.iter().find(|pack| pack.id == id).map(|pack| PackView::clone(pack)),
                state: match kept {
                    None => PackState::Available,
                    Some(kept) if kept.active => PackState::Active,
                    Some(_) if complete => PackState::Ready,
                    Some(_) => PackState::Preparing,
                },
                photos_done,
                photos_total: total,
                failed,
                activated_at: kept.and_then(|kept| kept.activated_at),
            }
        };
        let mut statuses: Vec<PackStatus> = kept.iter().map(|pack| status(&pack.id, Some(pack))).collect();
        let others = offered.iter().filter(|pack| !kept.iter().any(|kept| kept.id == pack.id));
        statuses.extend(others.map(|pack| status(&pack.id, None)));
        Ok(statuses)
    })
}

fn failed_photo(photo: UnusablePhoto) -> FailedPhoto {
    let UnusablePhoto { photo_id, reason, person_id, person_name, .. } = photo;
    FailedPhoto {
        person: PersonRef { id: PersonId(person_id), name: person_name, photo: None },
        photo: PhotoId(photo_id),
        reason,
    }
}

async fn status(app: &App, id: &str) -> Result<PackStatus, ApiError> {
    let statuses = list(app).await?;
    statuses.into_iter().find(|status| status.id == id).ok_or(ApiError::NotFound("model pack"))
}

/// Has templates made for a pack, in the background, beside those of the pack in use; photos that it could not
/// use are tried again.
///
/// # Errors
/// 404 for a pack that the recognizer does not offer, 503.
pub async fn prepare(app: &App, by: UserId, id: String) -> Result<PackStatus, ApiError> {
    if !app.recognizer.learn_packs().await?.iter().any(|pack| pack.id == id) {
        return Err(ApiError::NotFound("model pack that the recognizer offers"));
    }
    let pack = id.clone();
    let start = move |conn: &mut PgConnection| {
        let new = models::packs::keep(conn, &pack)?;
        models::packs::forget_unusable(conn, &pack)?;
        // Who makes the templates looks again.
        models::gallery::touch(conn, &[])?;
        let action = if new { "model.preparation_started" } else { "model.preparation_resumed" };
        audit(conn, Actor::User(by.0), action, json!({ "pack": pack }))
    };
    app.db.run(move |conn| conn.transaction(start)).await?;
    status(app, &id).await
}

/// Forgets a pack with its templates.
///
/// # Errors
/// 404 for a pack of which none are kept, 409 for the one in use.
pub async fn forget(app: &App, by: UserId, id: String) -> Result<(), ApiError> {
    let forget = move |conn: &mut PgConnection| {
        models::gallery::lock(conn)?;
        let kept = models::packs::kept(conn)?.into_iter().find(|pack| pack.id == id);
        if kept.ok_or(ApiError::NotFound("model pack with templates"))?.active {
            return Err(ApiError::PackActive);
        }
        models::packs::forget(conn, &id)?;
        audit(conn, Actor::User(by.0), "model.forgotten", json!({ "pack": id }))
    };
    app.db.run(move |conn| conn.transaction(forget)).await
}

/// Takes a pack into use. Every process follows within a second; this one has, unless its gallery takes longer
/// than five seconds to load.
///
/// # Errors
/// 409 `pack_not_ready` unless the recognizer offers the pack and every photo was tried with it; 503.
pub async fn activate(app: &App, by: UserId, id: String) -> Result<PackStatus, ApiError> {
    let not_ready = |why: &str| ApiError::PackNotReady(why.to_owned());
    let offered = app.recognizer.learn_packs().await?;
    if !offered.iter().any(|pack| pack.id == id) {
        return Err(not_ready("The recognizer does not offer this model pack."));
    }
    let pack = id.clone();
    let change = move |conn: &mut PgConnection| {
        // Nobody enrols between the look and the change.
        models::gallery::lock(conn)?;
        let kept = models::packs::kept(conn)?;
        let Some(wanted) = kept.iter().find(|kept| kept.id == pack) else {
            return Err(not_ready("No templates were made for this model pack: prepare it first."));
        };
        if !models::packs::untried(conn, &pack, 1)?.is_empty() {
            return Err(not_ready("Templates for this model pack are still being made."));
        }
        if wanted.active {
            return Ok(());
        }
        models::packs::activate(conn, &pack)?;
        models::gallery::touch(conn, &[])?;
        let before = kept.iter().find(|kept| kept.active).map(|kept| &kept.id);
        audit(conn, Actor::User(by.0), "model.activated", json!({ "pack": pack, "before": before }))
    };
    app.db.run(move |conn| conn.transaction(change)).await?;
    let followed = async {
        while app.gallery.pack().as_ref() != Some(&id) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Late is no failure: the change is committed, and the gallery is on its way.
    let _ = tokio::time::timeout(FOLLOW, followed).await;
    status(app, &id).await
}
