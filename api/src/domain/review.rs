//! The review queue: faces that nobody was recognised in, for an admin to name, to tell apart, or to dismiss.
//!
//! Nothing is kept until an admin switches it on and says why. Each item has a key of its own, so erasing its row
//! erases its pictures and templates everywhere; switching the queue off erases all. Items belong to the model
//! pack that saw them and are compared within it alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use chrono::Utc;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    FeedId, FeedRef, Page, PersonId, PersonRef, PhotoId, ReviewCandidate, ReviewFace, ReviewFaceId, ReviewId,
    ReviewItem, ReviewReason, ReviewSettings, UserId,
};
use uuid::Uuid;

use crate::domain::gallery_sync::{Known, decode_template};
use crate::domain::{arrivals, likeness, master_key};
use crate::error::ApiError;
use crate::keys::{OwnKey, Sealed, WrappedKey};
use crate::models;
use crate::models::audit::Actor;
use crate::models::review::{Face, Item, Settings};
use crate::state::App;

/// Enrolled people who are named beside an unknown face.
const CANDIDATES: usize = 3;

/// Whether the queue is on, as this process last read it. What counts is asked again when a face is written.
#[derive(Debug, Default)]
pub struct Switch(AtomicBool);

impl Switch {
    /// Whether faces are wanted.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reads whether the queue is on.
///
/// # Errors
/// When the database fails.
pub fn follow_switch(conn: &mut PgConnection, app: &App) -> Result<(), ApiError> {
    app.review.0.store(models::review::settings(conn)?.enabled, Ordering::Relaxed);
    Ok(())
}

/// Erases what was kept for long enough.
///
/// # Errors
/// When the database fails.
pub fn purge(conn: &mut PgConnection) -> Result<(), ApiError> {
    let gone = conn.transaction(|conn| {
        models::review::lock(conn)?;
        models::arrival_probes::purge(conn, Utc::now())?;
        models::review::purge(conn, Utc::now())
    })?;
    if gone > 0 {
        tracing::info!(review.faces = gone, "faces of the review queue were kept for their time and erased");
    }
    Ok(())
}

/// The settings.
///
/// # Errors
/// 503.
pub async fn settings(app: &App) -> Result<ReviewSettings, ApiError> {
    Ok(settings_view(app.db.run(|conn| Ok(models::review::settings(conn)?)).await?))
}

fn settings_view(row: Settings) -> ReviewSettings {
    let keep_hours = u32::try_from(row.keep_hours).unwrap_or_default();
    ReviewSettings { enabled: row.enabled, reason: row.reason, keep_hours }
}

/// Switches the queue on or off, or changes how long faces are kept. Off erases everything; a shorter time holds
/// for what is there already.
///
/// # Errors
/// 422 without a reason for switching it on, or for a time out of range.
pub async fn update_settings(app: &App, by: UserId, new: ReviewSettings) -> Result<ReviewSettings, ApiError> {
    let row = checked(new)?;
    let task = app.clone();
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                models::review::lock(conn)?;
                models::review::update_settings(conn, &row)?;
                let erased = if row.enabled {
                    models::review::shorten(conn, row.keep_hours)?;
                    models::arrival_probes::shorten(conn, row.keep_hours)?;
                    models::review::purge(conn, Utc::now())?;
                    0
                } else {
                    models::arrival_probes::delete_all(conn)?;
                    models::review::delete_all(conn)?
                };
                let detail = json!({ "enabled": row.enabled, "reason": row.reason,
                    "keep_hours": row.keep_hours, "erased": erased });
                let subject = ("review", None);
                models::audit::insert(conn, Actor::User(by.0), "review.settings_changed", subject, detail)?;
                Ok::<_, ApiError>(())
            })?;
            task.review.0.store(row.enabled, Ordering::Relaxed);
            Ok(settings_view(row))
        })
        .await
}

fn checked(new: ReviewSettings) -> Result<Settings, ApiError> {
    let reason = new.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let length = reason.as_deref().map(|reason| reason.chars().count());
    if length.is_some_and(|length| !(10..=500).contains(&length)) || (new.enabled && length.is_none()) {
        let what = "Say in 10 to 500 characters why unknown faces have to be kept.";
        return Err(ApiError::invalid("reason", what));
    }
    let keep_hours = i32::try_from(new.keep_hours).ok().filter(|hours| (1..=720).contains(hours));
    let keep_hours =
        keep_hours.ok_or_else(|| ApiError::invalid("keep_hours", "Give 1 to 720 hours (30 days)."))?;
    Ok(Settings { enabled: new.enabled, reason, keep_hours })
}

/// A page of items, last seen first.
///
/// # Errors
/// 422 for an `after` of another make.
pub async fn list(app: &App, limit: i64, after: Option<String>) -> Result<Page<ReviewItem>, ApiError> {
    let after = after.as_deref().map(arrivals::parse_position).transpose()?;
    let task = app.clone();
    app.db
        .run(move |conn| {
            let (mut items, total) = models::review::list(conn, after, limit + 1)?;
            let more = items.len() as i64 > limit;
            items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let next = items.last().filter(|_| more);
            let next = next.map(|item| format!("{}_{}", item.last_seen.timestamp_micros(), item.id));
            let ids: Vec<Uuid> = items.iter().map(|item| item.id).collect();
            let mut faces: HashMap<Uuid, Vec<Face>> = HashMap::new();
            for face in models::review::faces_of(conn, &ids)? {
                faces.entry(face.item_id).or_default().push(face);
            }
            let views = items.into_iter().map(|item| {
                let faces = faces.remove(&item.id).unwrap_or_default();
                view(&task, item, faces)
            });
            Ok(Page { items: views.collect::<Result<_, ApiError>>()?, next, total: Some(total) })
        })
        .await
}

fn view(app: &App, item: Item, faces: Vec<Face>) -> Result<ReviewItem, ApiError> {
    let candidates = match (app.gallery.read().as_ref(), faces.first()) {
        (Some(known), Some(newest)) if known.pack == item.model_pack => {
            candidates(known, &template(&key(app, &item)?, newest, &item.model_pack)?)?
        }
        _ => Vec::new(),
    };
    Ok(ReviewItem {
        id: ReviewId(item.id),
        sightings: item.sightings,
        first_seen: item.first_seen,
        last_seen: item.last_seen,
        expires_at: faces.iter().map(|face| face.expires_at).max().unwrap_or(item.last_seen),
        candidates,
        faces: faces.into_iter().map(face_view).collect(),
    })
}

fn face_view(face: Face) -> ReviewFace {
    ReviewFace {
        id: ReviewFaceId(face.id),
        feed: FeedRef { id: FeedId(face.feed_id), name: face.feed_name },
        at: face.at,
        why: if face.why == "spoof" { ReviewReason::Spoof } else { ReviewReason::Unknown },
        liveness: face.liveness,
    }
}

fn candidates(known: &Known, probe: &Vec<f32>) -> Result<Vec<ReviewCandidate>, ApiError> {
    let found = known.candidates(&[probe], CANDIDATES)?;
    let named = found.into_iter().flatten().filter_map(|candidate| {
        let name = known.names.get(&candidate.person)?.clone();
        let person = PersonRef { id: candidate.person, name, photo: None };
        Some(ReviewCandidate { person, similarity: candidate.score })
    });
    Ok(named.collect())
}

/// An item's key.
///
/// # Errors
/// When the master key file does not fit.
pub fn key(app: &App, item: &Item) -> Result<OwnKey, ApiError> {
    let wrapped = WrappedKey { version: item.master_key_version, bytes: item.wrapped.clone() };
    Ok(app.keys.unwrap(ReviewId(item.id), &wrapped)?)
}

fn template(key: &OwnKey, face: &Face, pack: &str) -> Result<Vec<f32>, ApiError> {
    let plain = key.open(Sealed::ReviewTemplate(ReviewFaceId(face.id), pack), &face.template)?;
    Ok(decode_template(&plain)?)
}

/// An item and the templates of its faces.
pub type ItemTemplates = (Item, Vec<Vec<f32>>);

/// An item, and its faces with their sealed pictures.
pub type ItemPictures = (Item, Vec<(Uuid, Vec<u8>)>);

/// The items of a pack with the templates of their faces.
///
/// # Errors
/// When the database fails or a template cannot be opened.
pub fn templates_of_pack(
    conn: &mut PgConnection,
    app: &App,
    pack: &str,
) -> Result<Vec<ItemTemplates>, ApiError> {
    let items = models::review::items_of_pack(conn, pack)?;
    let ids: Vec<Uuid> = items.iter().map(|item| item.id).collect();
    let mut faces: HashMap<Uuid, Vec<Face>> = HashMap::new();
    for face in models::review::faces_of(conn, &ids)? {
        faces.entry(face.item_id).or_default().push(face);
    }
    let open = |item: Item| {
        let key = key(app, &item)?;
        let faces = faces.get(&item.id).map(Vec::as_slice).unwrap_or_default();
        let templates = faces.iter().map(|face| template(&key, face, pack));
        let templates = templates.collect::<Result<_, ApiError>>()?;
        Ok((item, templates))
    };
    items.into_iter().map(open).collect()
}

/// The picture of a face.
///
/// # Errors
/// 404.
pub async fn picture(app: &App, item: ReviewId, face: ReviewFaceId) -> Result<Bytes, ApiError> {
    let (row, pictures) = app.db.run(move |conn| pictures(conn, item)).await?;
    let sealed = pictures.into_iter().find(|(id, _)| *id == face.0);
    let (_, sealed) = sealed.ok_or(ApiError::NotFound("face in the review queue"))?;
    Ok(key(app, &row)?.open(Sealed::ReviewPicture(face), &sealed)?.into())
}

/// An item and the sealed pictures of its faces.
///
/// # Errors
/// 404.
pub fn pictures(conn: &mut PgConnection, id: ReviewId) -> Result<ItemPictures, ApiError> {
    let item = models::review::find(conn, id.0)?.ok_or(MISSING)?;
    Ok((item, models::review::pictures(conn, id.0)?))
}

/// There is no such item.
pub const MISSING: ApiError = ApiError::NotFound("item in the review queue");

/// Erases an item: nobody needs to know who that was.
///
/// # Errors
/// 404.
pub async fn dismiss(app: &App, by: UserId, item: ReviewId) -> Result<(), ApiError> {
    let dismiss = move |conn: &mut PgConnection| remove(conn, by, item, "review.dismissed", json!({}));
    app.db.run(move |conn| conn.transaction(dismiss)).await
}

/// Erases an item, audited as `action`.
///
/// # Errors
/// 404.
pub fn remove(
    conn: &mut PgConnection,
    by: UserId,
    item: ReviewId,
    action: &str,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    if !models::review::delete(conn, item.0)? {
        return Err(MISSING);
    }
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("review_item", Some(item.0)), detail)?)
}

/// Records that the faces of an item are not a person's, whatever the score says. The item stays: who it is may
/// still be said.
///
/// # Errors
/// 404; 422 for somebody without photos, whom nobody can be mistaken for; 409 for an item of another model pack.
pub async fn non_match(app: &App, by: UserId, item: ReviewId, person: PersonId) -> Result<(), ApiError> {
    let task = app.clone();
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                models::people::find(conn, person.0).map_err(|_| ApiError::NotFound("person"))?;
                let row = models::review::find(conn, item.0)?.ok_or(MISSING)?;
                if task.gallery.in_use().as_ref() != Some(&row.model_pack) {
                    return Err(ApiError::OtherModelPack);
                }
                let Some(person_key) = models::biometrics::key(conn, person.0)? else {
                    let why = "This person has no photos, so nobody can be mistaken for them.";
                    return Err(ApiError::invalid("person_id", why));
                };
                let person_key = task.keys.unwrap(person, &master_key::wrapped(person_key))?;
                let item_key = key(&task, &row)?;
                for face in models::review::faces_of(conn, &[item.0])? {
                    let plain = template(&item_key, &face, &row.model_pack)?;
                    crate::domain::non_matches::insert(
                        conn,
                        by,
                        &person_key,
                        (person, &row.model_pack),
                        &plain,
                    )?;
                }
                models::gallery::touch(conn, &[person.0])?;
                let (subject, detail) = (("review_item", Some(item.0)), json!({ "person": person }));
                Ok(models::audit::insert(conn, Actor::User(by.0), "review.non_match", subject, detail)?)
            })?;
            task.follow_own_change(conn);
            Ok(())
        })
        .await
}

/// Erases the items in which a person can be recognised: before their key is destroyed, or because they are
/// enrolled now. Says how many.
///
/// # Errors
/// When the database fails or a template cannot be opened.
pub fn purge_person(conn: &mut PgConnection, app: &App, person: PersonId) -> Result<usize, ApiError> {
    models::review::lock(conn)?;
    let Some(person_key) = models::biometrics::key(conn, person.0)? else { return Ok(0) };
    let person_key = app.keys.unwrap(person, &master_key::wrapped(person_key))?;
    let mut erased = 0;
    for pack in models::packs::kept(conn)? {
        let items = templates_of_pack(conn, app, &pack.id)?;
        if items.is_empty() {
            continue;
        }
        let mut own = Vec::new();
        for row in models::biometrics::templates_of(conn, person.0, &pack.id)? {
            let kind = Sealed::Template(PhotoId(row.photo_id), &pack.id);
            own.push(decode_template(&person_key.open(kind, &row.sealed)?)?);
        }
        for (item, faces) in items {
            let theirs = |face: &Vec<f32>| own.iter().any(|t| likeness::score(t, face) >= item.threshold);
            if faces.iter().any(theirs) {
                erased += usize::from(models::review::delete(conn, item.id)?);
            }
        }
    }
    Ok(erased)
}
