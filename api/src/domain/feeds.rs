//! Feeds: what may be set, and what clients see.

use chrono::{DateTime, Utc};
use diesel::{Connection, PgConnection};
use types::{CreateFeed, Direction, FeedCreated, FeedId, FeedView, Reveals, UpdateFeed, UserId};
use uuid::Uuid;

use crate::domain::feed_fields::{Gives, asks_for_liveness, changes, new_feed};
use crate::domain::sessions::new_token;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::feeds::{Feed, FeedChanges};
use crate::state::App;

/// A feed as clients see it: `pack` is the model pack in use, `last_frame` what this process saw last.
pub fn view(feed: Feed, pack: Option<&str>, last_frame: Option<DateTime<Utc>>) -> FeedView {
    let (threshold, margin) = (feed.own_threshold(pack), feed.own_margin(pack));
    let (liveness, range, on_doubt) = (feed.liveness(), feed.range(), feed.on_doubt());
    FeedView {
        id: FeedId(feed.id),
        name: feed.name,
        liveness,
        min_frames: u16::try_from(feed.min_frames).unwrap_or(u16::MAX),
        dedup_seconds: u32::try_from(feed.dedup_seconds).unwrap_or(0),
        max_fps: u16::try_from(feed.max_fps).unwrap_or(u16::MAX),
        direction: match feed.direction.as_str() {
            "out" => Direction::Out,
            "both" => Direction::Both,
            _ => Direction::In,
        },
        reveals: if feed.reveals == "state" { Reveals::State } else { Reveals::All },
        range,
        on_doubt,
        threshold,
        margin,
        last_frame_at: feed.last_frame_at.max(last_frame),
        created_at: feed.created_at,
    }
}

/// All feeds.
///
/// # Errors
/// 503.
pub async fn list(app: &App) -> Result<Vec<FeedView>, ApiError> {
    let feeds = app.db.run(|conn| Ok(models::feeds::list(conn)?)).await?;
    let (seen, pack) = (app.traffic.last_frames(), app.gallery.in_use());
    let view = |feed: Feed| {
        let last_frame = seen.get(&FeedId(feed.id)).copied();
        view(feed, pack.as_deref(), last_frame)
    };
    Ok(feeds.into_iter().map(view).collect())
}

/// One feed.
///
/// # Errors
/// 404.
pub async fn find(app: &App, id: FeedId) -> Result<FeedView, ApiError> {
    let feed = app.db.run(move |conn| models::feeds::find(conn, id.0).map_err(missing)).await?;
    Ok(view_now(app, feed))
}

fn view_now(app: &App, feed: Feed) -> FeedView {
    let last_frame = app.traffic.last_frames().get(&FeedId(feed.id)).copied();
    view(feed, app.gallery.in_use().as_deref(), last_frame)
}

/// Adds a feed.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub async fn create(app: &App, by: UserId, request: CreateFeed) -> Result<FeedCreated, ApiError> {
    let gives = Gives::with(app, asks_for_liveness(Some(request.liveness), Some(request.on_doubt))).await?;
    let (mut new, token) = new_feed(request, gives)?;
    if new.threshold.is_some() || new.margin.is_some() {
        new.tuned_for = app.gallery.in_use();
    }
    let feed = app
        .db
        .run(move |conn| {
            conn.transaction(|conn| {
                let feed = models::feeds::insert(conn, &new)?;
                audit(conn, by, "feed.created", feed.id)?;
                Ok(feed)
            })
        })
        .await?;
    Ok(FeedCreated { feed: view_now(app, feed), token })
}

/// Changes a feed.
///
/// # Errors
/// 404, 409, 422.
pub async fn update(app: &App, by: UserId, id: FeedId, request: UpdateFeed) -> Result<FeedView, ApiError> {
    let gives = Gives::with(app, asks_for_liveness(request.liveness, request.on_doubt)).await?;
    let mut changes = changes(request, gives)?;
    if changes.threshold.is_some() || changes.margin.is_some() {
        changes.tuned_for = app.gallery.in_use();
    }
    let feed = save(app, by, id, changes, "feed.updated").await?;
    Ok(view_now(app, feed))
}

/// Deletes a feed; what it logged stays, and goes on naming it.
///
/// # Errors
/// 404.
pub async fn delete(app: &App, by: UserId, id: FeedId) -> Result<(), ApiError> {
    let changes = FeedChanges { deleted_at: Some(Utc::now()), ..FeedChanges::default() };
    save(app, by, id, changes, "feed.deleted").await?;
    app.hub.remove(id);
    Ok(())
}

/// Gives a feed a new token, which is returned.
///
/// # Errors
/// 404.
pub async fn rotate_token(app: &App, by: UserId, id: FeedId) -> Result<String, ApiError> {
    let (token, token_hash) = new_token();
    let changes = FeedChanges { token_hash: Some(token_hash), ..FeedChanges::default() };
    save(app, by, id, changes, "feed.token_rotated").await?;
    Ok(token)
}

/// Writes down when feeds were last seen, for other processes and the next start.
///
/// # Errors
/// When the database fails.
pub fn note_last_frames(conn: &mut PgConnection, app: &App) -> Result<(), ApiError> {
    for (feed, at) in app.traffic.last_frames() {
        models::feeds::seen(conn, feed.0, at)?;
    }
    Ok(())
}

async fn save(
    app: &App,
    by: UserId,
    id: FeedId,
    mut changes: FeedChanges,
    action: &'static str,
) -> Result<Feed, ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let before = models::feeds::find(conn, id.0).map_err(missing)?;
                if changes.tuned_for.is_some() && changes.tuned_for != before.tuned_for {
                    // What was set for another pack is not taken along by what is set for this one.
                    changes.threshold.get_or_insert(None);
                    changes.margin.get_or_insert(None);
                }
                let feed =
                    if changes.is_empty() { before } else { models::feeds::update(conn, id.0, &changes)? };
                audit(conn, by, action, id.0)?;
                Ok(feed)
            })
        })
        .await
}

fn audit(conn: &mut PgConnection, by: UserId, action: &str, feed: Uuid) -> Result<(), ApiError> {
    let subject = ("feed", Some(feed));
    Ok(models::audit::insert(conn, Actor::User(by.0), action, subject, serde_json::json!({}))?)
}

fn missing(error: diesel::result::Error) -> ApiError {
    match error {
        diesel::result::Error::NotFound => ApiError::NotFound("feed"),
        error => error.into(),
    }
}
