//! Feeds: what may be set, and what clients see.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{Connection, PgConnection};
use types::{CreateFeed, Direction, FeedCreated, FeedId, FeedView, GroupId, Reveals, UpdateFeed, UserId};
use uuid::Uuid;

use crate::domain::feed_fields::{Gives, asks_for_liveness, changes, new_feed};
use crate::domain::sessions::new_token;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::feeds::{Feed, FeedChanges};
use crate::models::scope::Scope;
use crate::state::App;

/// A feed as clients see it: `pack` is the model pack in use, `last_frame` what this process saw last.
fn view(feed: Feed, groups: Vec<GroupId>, pack: Option<&str>, last_frame: Option<DateTime<Utc>>) -> FeedView {
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
        groups,
        threshold,
        margin,
        last_frame_at: feed.last_frame_at.max(last_frame),
        created_at: feed.created_at,
    }
}

/// The feeds that may be seen.
///
/// # Errors
/// 503.
pub async fn list(app: &App, scope: Scope) -> Result<Vec<FeedView>, ApiError> {
    let task = app.clone();
    app.db
        .run(move |conn| {
            let feeds = models::feeds::list(conn, &scope)?;
            views(conn, &task, feeds)
        })
        .await
}

/// One feed, where it may be seen.
///
/// # Errors
/// 404.
pub async fn find(app: &App, scope: Scope, id: FeedId) -> Result<FeedView, ApiError> {
    let task = app.clone();
    app.db
        .run(move |conn| {
            let feed = models::feeds::find_within(conn, &scope, id.0).map_err(missing)?;
            view_now(conn, &task, feed)
        })
        .await
}

fn views(conn: &mut PgConnection, app: &App, feeds: Vec<Feed>) -> Result<Vec<FeedView>, ApiError> {
    let ids: Vec<Uuid> = feeds.iter().map(|feed| feed.id).collect();
    let mut groups: HashMap<Uuid, Vec<GroupId>> = HashMap::new();
    for (feed, group) in models::feeds::groups_of(conn, &ids)? {
        groups.entry(feed).or_default().push(GroupId(group));
    }
    let (seen, pack) = (app.traffic.last_frames(), app.gallery.in_use());
    let view = |feed: Feed| {
        let last_frame = seen.get(&FeedId(feed.id)).copied();
        let groups = groups.remove(&feed.id).unwrap_or_default();
        view(feed, groups, pack.as_deref(), last_frame)
    };
    Ok(feeds.into_iter().map(view).collect())
}

fn view_now(conn: &mut PgConnection, app: &App, feed: Feed) -> Result<FeedView, ApiError> {
    views(conn, app, vec![feed])?.pop().ok_or(ApiError::NotFound("feed"))
}

fn set_groups(conn: &mut PgConnection, feed: Uuid, groups: &[GroupId]) -> Result<(), ApiError> {
    let ids: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
    if let Some(id) = models::groups::missing(conn, &ids)?.first() {
        return Err(ApiError::invalid("groups", format!("There is no group {id}.")));
    }
    Ok(models::feeds::set_groups(conn, feed, &ids)?)
}

/// Adds a feed.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub async fn create(app: &App, by: UserId, mut request: CreateFeed) -> Result<FeedCreated, ApiError> {
    let groups = std::mem::take(&mut request.groups);
    let gives = Gives::with(app, asks_for_liveness(Some(request.liveness), Some(request.on_doubt))).await?;
    let (mut new, token) = new_feed(request, gives)?;
    if new.threshold.is_some() || new.margin.is_some() {
        new.tuned_for = app.gallery.in_use();
    }
    let task = app.clone();
    let feed = app
        .db
        .run(move |conn| {
            conn.transaction(|conn| {
                let feed = models::feeds::insert(conn, &new)?;
                set_groups(conn, feed.id, &groups)?;
                audit(conn, by, "feed.created", feed.id)?;
                view_now(conn, &task, feed)
            })
        })
        .await?;
    Ok(FeedCreated { feed, token })
}

/// Changes a feed.
///
/// # Errors
/// 404, 409, 422.
pub async fn update(
    app: &App,
    by: UserId,
    id: FeedId,
    mut request: UpdateFeed,
) -> Result<FeedView, ApiError> {
    let groups = request.groups.take();
    let gives = Gives::with(app, asks_for_liveness(request.liveness, request.on_doubt)).await?;
    let mut changes = changes(request, gives)?;
    if changes.threshold.is_some() || changes.margin.is_some() {
        changes.tuned_for = app.gallery.in_use();
    }
    save(app, by, id, (changes, groups), "feed.updated").await
}

/// Deletes a feed; what it logged stays, and goes on naming it.
///
/// # Errors
/// 404.
pub async fn delete(app: &App, by: UserId, id: FeedId) -> Result<(), ApiError> {
    let changes = FeedChanges { deleted_at: Some(Utc::now()), ..FeedChanges::default() };
    save(app, by, id, (changes, None), "feed.deleted").await?;
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
    save(app, by, id, (changes, None), "feed.token_rotated").await?;
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
    (mut changes, groups): (FeedChanges, Option<Vec<GroupId>>),
    action: &'static str,
) -> Result<FeedView, ApiError> {
    let task = app.clone();
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
                if let Some(groups) = groups {
                    set_groups(conn, id.0, &groups)?;
                }
                audit(conn, by, action, id.0)?;
                view_now(conn, &task, feed)
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
