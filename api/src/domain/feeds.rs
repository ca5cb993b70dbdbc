//! Feeds: what may be set, and what clients see.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    CreateFeed, DeviceSettings, Direction, FeedCreated, FeedId, FeedView, GroupId, Reveals, RotateToken,
    UpdateFeed, UserId,
};
use uuid::Uuid;

use crate::domain::device_fields::check_settings;
use crate::domain::devices;
use crate::domain::feed_fields::{Gives, asks_for_liveness, changes, new_feed};
use crate::domain::sessions::new_token;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::feed_devices::FeedDevice;
use crate::models::feed_tokens::DEVICE;
use crate::models::feeds::{Feed, FeedChanges};
use crate::models::scope::Scope;
use crate::state::App;

/// A feed as clients see it but for its groups and its device: `pack` is the model pack in use, `last_frame` what this
/// process saw last.
fn view(feed: Feed, pack: Option<&str>, last_frame: Option<DateTime<Utc>>) -> FeedView {
    let (threshold, margin) = (feed.own_threshold(pack), feed.own_margin(pack));
    let (liveness, range, on_doubt) = (feed.liveness(), feed.range(), feed.on_doubt());
    FeedView {
        id: FeedId(feed.id),
        name: feed.name,
        liveness,
        min_frames: u16::try_from(feed.min_frames).unwrap_or(u16::MAX),
        dedup_seconds: u32::try_from(feed.dedup_seconds).unwrap_or(0),
        max_fps: u16::try_from(feed.max_fps).unwrap_or(u16::MAX),
        direction: direction(&feed.direction),
        reveals: if feed.reveals == "state" { Reveals::State } else { Reveals::All },
        range,
        on_doubt,
        groups: Vec::new(),
        device: None,
        threshold,
        margin,
        last_frame_at: feed.last_frame_at.max(last_frame),
        created_at: feed.created_at,
    }
}

/// Which way people pass, as a feed's row has it.
pub fn direction(name: &str) -> Direction {
    match name {
        "out" => Direction::Out,
        "both" => Direction::Both,
        _ => Direction::In,
    }
}

/// The feeds that may be seen; where their devices call from only where `addresses` may be seen.
///
/// # Errors
/// 503.
pub async fn list(app: &App, scope: Scope, addresses: bool) -> Result<Vec<FeedView>, ApiError> {
    let task = app.clone();
    app.db
        .run(move |conn| {
            let feeds = models::feeds::list(conn, &scope)?;
            views(conn, &task, feeds, addresses)
        })
        .await
}

/// One feed, where it may be seen; where its device calls from only where `addresses` may be seen.
///
/// # Errors
/// 404.
pub async fn find(app: &App, scope: Scope, id: FeedId, addresses: bool) -> Result<FeedView, ApiError> {
    let task = app.clone();
    app.db
        .run(move |conn| {
            let feed = models::feeds::find_within(conn, &scope, id.0).map_err(missing)?;
            view_now(conn, &task, feed, addresses)
        })
        .await
}

fn views(
    conn: &mut PgConnection,
    app: &App,
    feeds: Vec<Feed>,
    addresses: bool,
) -> Result<Vec<FeedView>, ApiError> {
    let ids: Vec<Uuid> = feeds.iter().map(|feed| feed.id).collect();
    let mut devices = devices::latest(conn, &ids, addresses)?;
    let mut groups: HashMap<Uuid, Vec<GroupId>> = HashMap::new();
    for (feed, group) in models::feeds::groups_of(conn, &ids)? {
        groups.entry(feed).or_default().push(GroupId(group));
    }
    let (seen, pack) = (app.traffic.last_frames(), app.gallery.in_use());
    let view = |feed: Feed| {
        let id = feed.id;
        let last_frame = seen.get(&FeedId(id)).copied();
        FeedView {
            groups: groups.remove(&id).unwrap_or_default(),
            device: devices.remove(&id),
            ..view(feed, pack.as_deref(), last_frame)
        }
    };
    Ok(feeds.into_iter().map(view).collect())
}

fn view_now(conn: &mut PgConnection, app: &App, feed: Feed, addresses: bool) -> Result<FeedView, ApiError> {
    views(conn, app, vec![feed], addresses)?.pop().ok_or(ApiError::NotFound("feed"))
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
    let mut new = new_feed(request, gives)?;
    let (token, token_hash) = new_token();
    if new.threshold.is_some() || new.margin.is_some() {
        new.tuned_for = app.gallery.in_use();
    }
    let task = app.clone();
    let feed = app
        .db
        .run(move |conn| {
            conn.transaction(|conn| {
                let feed = models::feeds::insert(conn, &new)?;
                models::feed_tokens::insert(conn, feed.id, DEVICE, &token_hash)?;
                set_groups(conn, feed.id, &groups)?;
                audit(conn, by, "feed.created", feed.id, json!({}))?;
                view_now(conn, &task, feed, true)
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
    let settings = request.device_settings.take();
    if let Some(settings) = &settings {
        check_settings(settings)?;
    }
    let gives = Gives::with(app, asks_for_liveness(request.liveness, request.on_doubt)).await?;
    let mut changes = changes(request, gives)?;
    if changes.threshold.is_some() || changes.margin.is_some() {
        changes.tuned_for = app.gallery.in_use();
    }
    save(app, by, id, (changes, groups, settings), "feed.updated").await
}

/// Deletes a feed; what it logged stays, and goes on naming it.
///
/// # Errors
/// 404.
pub async fn delete(app: &App, by: UserId, id: FeedId) -> Result<(), ApiError> {
    let changes = FeedChanges { deleted_at: Some(Utc::now()), ..FeedChanges::default() };
    save(app, by, id, (changes, None, None), "feed.deleted").await?;
    app.hub.remove(id);
    Ok(())
}

/// Gives a feed a new token, which is returned. The newest before goes on where it is to be kept; all others end.
///
/// # Errors
/// 404.
pub async fn rotate_token(
    app: &App,
    by: UserId,
    id: FeedId,
    request: RotateToken,
) -> Result<String, ApiError> {
    let (token, token_hash) = new_token();
    let live = if request.keep_old { 2 } else { 1 };
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                models::feeds::lock(conn, id.0).map_err(missing)?;
                models::feed_tokens::insert(conn, id.0, DEVICE, &token_hash)?;
                models::feed_tokens::revoke_older(conn, id.0, DEVICE, live)?;
                audit(conn, by, "feed.token_rotated", id.0, json!({ "keep_old": request.keep_old }))
            })
        })
        .await?;
    Ok(token)
}

/// Ends one token of a feed.
///
/// # Errors
/// 404.
pub async fn revoke_token(app: &App, by: UserId, id: FeedId, token: Uuid) -> Result<(), ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                models::feeds::find(conn, id.0).map_err(missing)?;
                if !models::feed_tokens::revoke(conn, id.0, token)? {
                    return Err(ApiError::NotFound("token"));
                }
                audit(conn, by, "feed.token_revoked", id.0, json!({ "token": token }))
            })
        })
        .await
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

/// Learns when feeds were last heard, before the first frame comes.
///
/// # Errors
/// 503.
pub async fn recall(app: &App) -> Result<(), ApiError> {
    let task = app.clone();
    app.db
        .run(move |conn| {
            let devices = models::feed_devices::all_since(conn, Utc::now() - devices::KNOWN)?;
            recall_of(&task, &models::feeds::list(conn, &Scope::Everyone)?, &devices);
            Ok(())
        })
        .await
}

/// Takes over when feeds were heard by this process and the others, as they wrote it down.
pub fn recall_of(app: &App, feeds: &[Feed], devices: &[FeedDevice]) {
    let frames = feeds.iter().filter_map(|feed| Some((feed.id, feed.last_frame_at?)));
    let calls = devices.iter().filter_map(|device| Some((device.feed_id, devices::heard_at(device)?)));
    for (feed, at) in frames.chain(calls) {
        app.hearing.heard_elsewhere(FeedId(feed), at);
    }
}

async fn save(
    app: &App,
    by: UserId,
    id: FeedId,
    (mut changes, groups, settings): (FeedChanges, Option<Vec<GroupId>>, Option<DeviceSettings>),
    action: &'static str,
) -> Result<FeedView, ApiError> {
    let settings = settings.map(serde_json::to_value).transpose().map_err(anyhow::Error::from)?;
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
                let mut feed =
                    if changes.is_empty() { before } else { models::feeds::update(conn, id.0, &changes)? };
                if let Some(settings) = settings {
                    feed = models::feeds::set_device_settings(conn, id.0, &settings)?;
                }
                if let Some(groups) = groups {
                    set_groups(conn, id.0, &groups)?;
                }
                audit(conn, by, action, id.0, json!({}))?;
                view_now(conn, &task, feed, true)
            })
        })
        .await
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    feed: Uuid,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("feed", Some(feed)), detail)?)
}

/// Says that it is the feed which is missing.
pub fn missing(error: diesel::result::Error) -> ApiError {
    match error {
        diesel::result::Error::NotFound => ApiError::NotFound("feed"),
        error => error.into(),
    }
}
