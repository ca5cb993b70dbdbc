//! Feeds: what may be set, and what clients see.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use diesel::{Connection, PgConnection};
use types::{CreateFeed, Direction, FeedCreated, FeedId, FeedView, Liveness, Reveals, UpdateFeed, UserId};
use uuid::Uuid;

use crate::domain::names;
use crate::domain::sessions::new_token;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::feeds::{Feed, FeedChanges, NewFeed};
use crate::state::App;

/// A feed as clients see it; `last_frame` is what this process saw last.
pub fn view(feed: Feed, last_frame: Option<DateTime<Utc>>) -> FeedView {
    FeedView {
        id: FeedId(feed.id),
        name: feed.name,
        liveness: match feed.liveness.as_str() {
            "passive" => Liveness::Passive,
            "challenge" => Liveness::Challenge,
            _ => Liveness::Off,
        },
        min_frames: u16::try_from(feed.min_frames).unwrap_or(u16::MAX),
        dedup_seconds: u32::try_from(feed.dedup_seconds).unwrap_or(0),
        max_fps: u16::try_from(feed.max_fps).unwrap_or(u16::MAX),
        direction: match feed.direction.as_str() {
            "out" => Direction::Out,
            "both" => Direction::Both,
            _ => Direction::In,
        },
        reveals: if feed.reveals == "state" { Reveals::State } else { Reveals::All },
        threshold: feed.threshold,
        margin: feed.margin,
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
    let seen = app.traffic.last_frames();
    Ok(feeds.into_iter().map(|feed| with_traffic(feed, &seen)).collect())
}

/// One feed.
///
/// # Errors
/// 404.
pub async fn find(app: &App, id: FeedId) -> Result<FeedView, ApiError> {
    let feed = app.db.run(move |conn| models::feeds::find(conn, id.0).map_err(missing)).await?;
    Ok(with_traffic(feed, &app.traffic.last_frames()))
}

/// Adds a feed.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub async fn create(app: &App, by: UserId, request: CreateFeed) -> Result<FeedCreated, ApiError> {
    let (new, token) = new_feed(request)?;
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
    Ok(FeedCreated { feed: view(feed, None), token })
}

/// Changes a feed.
///
/// # Errors
/// 404, 409, 422.
pub async fn update(app: &App, by: UserId, id: FeedId, request: UpdateFeed) -> Result<FeedView, ApiError> {
    let changes = changes(request)?;
    let feed = save(app, by, id, changes, "feed.updated").await?;
    Ok(with_traffic(feed, &app.traffic.last_frames()))
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
    changes: FeedChanges,
    action: &'static str,
) -> Result<Feed, ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let before = models::feeds::find(conn, id.0).map_err(missing)?;
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

fn with_traffic(feed: Feed, seen: &HashMap<FeedId, DateTime<Utc>>) -> FeedView {
    let last_frame = seen.get(&FeedId(feed.id)).copied();
    view(feed, last_frame)
}

/// Checks a new feed and makes its row and its token.
///
/// # Errors
/// 422 that names each field.
pub fn new_feed(request: CreateFeed) -> Result<(NewFeed, String), ApiError> {
    let name = names::tidy(&request.name);
    let feed = NewFeed {
        id: Uuid::now_v7(),
        liveness: liveness(request.liveness).to_owned(),
        min_frames: request.min_frames.unwrap_or(3).into(),
        dedup_seconds: seconds(request.dedup_seconds.unwrap_or(300)),
        max_fps: request.max_fps.unwrap_or(15).into(),
        direction: direction(request.direction).to_owned(),
        reveals: reveals(request.reveals).to_owned(),
        threshold: request.threshold,
        margin: request.margin,
        token_hash: Vec::new(),
        name,
    };
    let mut problems = Problems::default();
    problems.name(&feed.name);
    problems.numbers(Some(feed.min_frames), Some(feed.dedup_seconds), Some(feed.max_fps));
    problems.scores(feed.threshold, feed.margin);
    problems.liveness(request.liveness);
    problems.into_result()?;
    let (token, token_hash) = new_token();
    Ok((NewFeed { token_hash, ..feed }, token))
}

/// Checks a change of a feed.
///
/// # Errors
/// As [`new_feed`].
pub fn changes(request: UpdateFeed) -> Result<FeedChanges, ApiError> {
    let changes = FeedChanges {
        name: request.name.as_deref().map(names::tidy),
        liveness: request.liveness.map(|value| liveness(value).to_owned()),
        min_frames: request.min_frames.map(Into::into),
        dedup_seconds: request.dedup_seconds.map(seconds),
        max_fps: request.max_fps.map(Into::into),
        direction: request.direction.map(|value| direction(value).to_owned()),
        reveals: request.reveals.map(|value| reveals(value).to_owned()),
        threshold: request.threshold,
        margin: request.margin,
        ..FeedChanges::default()
    };
    let mut problems = Problems::default();
    if let Some(name) = &changes.name {
        problems.name(name);
    }
    problems.numbers(changes.min_frames, changes.dedup_seconds, changes.max_fps);
    problems.scores(changes.threshold.flatten(), changes.margin.flatten());
    if let Some(liveness) = request.liveness {
        problems.liveness(liveness);
    }
    problems.into_result()?;
    Ok(changes)
}

fn seconds(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn liveness(value: Liveness) -> &'static str {
    match value {
        Liveness::Off => "off",
        Liveness::Passive => "passive",
        Liveness::Challenge => "challenge",
    }
}

fn direction(value: Direction) -> &'static str {
    match value {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::Both => "both",
    }
}

fn reveals(value: Reveals) -> &'static str {
    match value {
        Reveals::All => "all",
        Reveals::State => "state",
    }
}

#[derive(Default)]
struct Problems(BTreeMap<String, String>);

impl Problems {
    fn add(&mut self, field: &str, what: impl Into<String>) {
        self.0.insert(field.to_owned(), what.into());
    }

    fn name(&mut self, name: &str) {
        names::check(&mut self.0, "name", name, 100);
    }

    fn numbers(&mut self, min_frames: Option<i32>, dedup_seconds: Option<i32>, max_fps: Option<i32>) {
        let ranges = [
            ("min_frames", min_frames, 1..=100),
            ("dedup_seconds", dedup_seconds, 1..=86_400),
            ("max_fps", max_fps, 1..=60),
        ];
        for (field, value, range) in ranges {
            if value.is_some_and(|value| !range.contains(&value)) {
                self.add(field, format!("Give a number from {} to {}.", range.start(), range.end()));
            }
        }
    }

    fn scores(&mut self, threshold: Option<f32>, margin: Option<f32>) {
        if threshold.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            self.add("threshold", "Give a cosine from 0 to 1, or nothing for the model pack's own.");
        }
        if margin.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
            self.add("margin", "Give a distance from 0 to 2, or nothing for the model pack's own.");
        }
    }

    /// A feed that demands what no stage gives would let pictures pass in silence.
    fn liveness(&mut self, liveness: Liveness) {
        if liveness != Liveness::Off {
            self.add("liveness", "The model pack in use gives no liveness to decide by. Use off.");
        }
    }

    fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_contracts_and_each_bad_field_is_named() {
        let (feed, token) =
            new_feed(CreateFeed { name: " Door ".into(), ..CreateFeed::default() }).expect("ok");
        assert_eq!(
            (feed.name.as_str(), feed.min_frames, feed.dedup_seconds, feed.max_fps),
            ("Door", 3, 300, 15)
        );
        assert_eq!(
            (feed.liveness.as_str(), feed.direction.as_str(), feed.reveals.as_str()),
            ("off", "in", "all")
        );
        assert!(token.len() >= 43);
        let bad = CreateFeed {
            name: "  ".into(),
            liveness: Liveness::Passive,
            min_frames: Some(0),
            dedup_seconds: Some(90_000),
            max_fps: Some(61),
            threshold: Some(1.5),
            margin: Some(f32::NAN),
            ..CreateFeed::default()
        };
        let Err(ApiError::Invalid(fields)) = new_feed(bad) else { panic!("refused") };
        let named: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(
            named,
            ["dedup_seconds", "liveness", "margin", "max_fps", "min_frames", "name", "threshold"]
        );
    }
}
