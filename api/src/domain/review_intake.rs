//! From a frame into the review queue: a picture of the face and its template, beside the frames, never in
//! their way.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use recognizer_types::{DetectedFace, Embedding, FacesAnswer, PackView};
use tokio::sync::Semaphore;
use types::{BoundingBox, FeedId, ReviewFaceId, ReviewId, ReviewReason};
use uuid::Uuid;

use crate::domain::alerts::raising;
use crate::domain::frames::Frame;
use crate::domain::gallery_sync::encode_template;
use crate::domain::{likeness, pictures, review};
use crate::error::ApiError;
use crate::keys::Sealed;
use crate::models;
use crate::models::review::{Item, NewFace};
use crate::state::App;

/// Most pictures of an item: enough to enrol from.
const MAX_FACES: usize = 5;
/// Most items. An album held before a camera fills no database.
const MAX_ITEMS: i64 = 500;
/// Faces that may wait to be written; more are let go.
static WAITING: Semaphore = Semaphore::const_new(4);

/// A face for the queue.
struct Offer {
    feed: FeedId,
    at: DateTime<Utc>,
    why: ReviewReason,
    liveness: Option<f32>,
    pack: Arc<PackView>,
    embedding: Embedding,
    area: BoundingBox,
    /// Pixels across, of the frame that the box is in.
    width: u32,
    image: Bytes,
}

/// Offers a face of a frame to the queue; says whether it was taken on. It is not while the queue is off, of a face
/// that is not good enough, of a frame that its sender kept for a while (whoever was erased meanwhile would come
/// back), or when too many come at once.
pub fn offer(
    app: &App,
    frame: &Frame,
    seen: &FacesAnswer,
    face: &DetectedFace,
    (pack, why): (&Arc<PackView>, ReviewReason),
) -> bool {
    let wanted = app.review.is_on() && face.quality.ok && !frame.time.is_replay();
    let Some(embedding) = face.embedding.clone().filter(|_| wanted) else { return false };
    let feed = FeedId(frame.feed.id);
    let Ok(permit) = WAITING.try_acquire() else { return false };
    if !app.traffic.may_review(feed) {
        return false;
    }
    let offer = Offer {
        feed,
        at: frame.time.captured_at,
        why,
        liveness: face.liveness,
        pack: Arc::clone(pack),
        embedding,
        area: face.bounding_box,
        width: seen.width,
        image: frame.image.clone(),
    };
    let app = app.clone();
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = take(&app, offer).await {
            tracing::warn!(error.cause = %error, "a face was not taken into the review queue");
        }
    });
    true
}

async fn take(app: &App, offer: Offer) -> Result<(), ApiError> {
    let (image, area, width) = (offer.image.clone(), offer.area, offer.width);
    let picture = pictures::decoding(move || pictures::face(&pictures::decode(&image)?, area, width)).await?;
    let task = app.clone();
    app.db.run(move |conn| conn.transaction(|conn| keep(conn, &task, &offer, &picture))).await
}

fn keep(conn: &mut PgConnection, app: &App, offer: &Offer, picture: &[u8]) -> Result<(), ApiError> {
    let settings = models::review::lock(conn)?;
    if !settings.enabled {
        return Ok(());
    }
    let expires_at = offer.at + TimeDelta::hours(settings.keep_hours.into());
    let items = review::templates_of_pack(conn, app, &offer.pack.id)?;
    let nearness = |faces: &Vec<Vec<f32>>| {
        faces.iter().map(|face| likeness::score(face, &offer.embedding.0)).fold(f32::MIN, f32::max)
    };
    let nearest = items.into_iter().map(|(item, faces)| (nearness(&faces), item, faces.len()));
    let nearest =
        nearest.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, ..)| *score >= offer.pack.threshold);
    match nearest {
        Some((_, item, faces)) => {
            models::review::sighted(conn, item.id, offer.at)?;
            if faces < MAX_FACES {
                let key = review::key(app, &item)?;
                insert_face(conn, &key, &item, (offer, picture), expires_at)?;
            }
        }
        None if models::review::count(conn)? < MAX_ITEMS => {
            let id = ReviewId(Uuid::now_v7());
            let (key, wrapped) = app.keys.new_key(id)?;
            let item = Item {
                id: id.0,
                model_pack: offer.pack.id.clone(),
                threshold: offer.pack.threshold,
                master_key_version: wrapped.version,
                wrapped: wrapped.bytes,
                sightings: 1,
                first_seen: offer.at,
                last_seen: offer.at,
            };
            models::review::insert_item(conn, &item)?;
            insert_face(conn, &key, &item, (offer, picture), expires_at)?;
            raising::unknown_face(conn, offer.feed.0, offer.at, Utc::now())?;
        }
        None => tracing::warn!(review.items = MAX_ITEMS, "the review queue is full"),
    }
    Ok(())
}

fn insert_face(
    conn: &mut PgConnection,
    key: &crate::keys::OwnKey,
    item: &Item,
    (offer, picture): (&Offer, &[u8]),
    expires_at: DateTime<Utc>,
) -> Result<(), ApiError> {
    let id = ReviewFaceId(Uuid::now_v7());
    let template = encode_template(&offer.embedding.0);
    let face = NewFace {
        id: id.0,
        item_id: item.id,
        feed_id: offer.feed.0,
        at: offer.at,
        expires_at,
        why: match offer.why {
            ReviewReason::Unknown => "unknown",
            ReviewReason::Spoof => "spoof",
        },
        liveness: offer.liveness,
        picture: key.seal(Sealed::ReviewPicture(id), picture)?,
        template: key.seal(Sealed::ReviewTemplate(id, &item.model_pack), &template)?,
    };
    Ok(models::review::insert_face(conn, &face)?)
}
