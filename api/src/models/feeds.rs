//! Feeds.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::feeds;

/// A feed that is not deleted.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = feeds)]
#[allow(missing_docs)]
pub struct Feed {
    pub id: Uuid,
    pub name: String,
    pub liveness: String,
    pub min_frames: i32,
    pub dedup_seconds: i32,
    pub max_fps: i32,
    pub direction: String,
    pub reveals: String,
    pub threshold: Option<f32>,
    pub margin: Option<f32>,
    pub last_frame_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub range: String,
    pub on_doubt: String,
    /// The pack that threshold and margin were set for.
    pub tuned_for: Option<String>,
}

/// A feed to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = feeds)]
#[allow(missing_docs)]
pub struct NewFeed {
    pub id: Uuid,
    pub name: String,
    pub liveness: String,
    pub min_frames: i32,
    pub dedup_seconds: i32,
    pub max_fps: i32,
    pub direction: String,
    pub reveals: String,
    pub threshold: Option<f32>,
    pub margin: Option<f32>,
    pub range: String,
    pub on_doubt: String,
    pub tuned_for: Option<String>,
    pub token_hash: Vec<u8>,
}

/// What changes; `None` stays, `Some(None)` empties.
#[derive(Debug, Clone, Default, PartialEq, AsChangeset)]
#[diesel(table_name = feeds)]
#[allow(missing_docs)]
pub struct FeedChanges {
    pub name: Option<String>,
    pub liveness: Option<String>,
    pub min_frames: Option<i32>,
    pub dedup_seconds: Option<i32>,
    pub max_fps: Option<i32>,
    pub direction: Option<String>,
    pub reveals: Option<String>,
    pub threshold: Option<Option<f32>>,
    pub margin: Option<Option<f32>>,
    pub range: Option<String>,
    pub on_doubt: Option<String>,
    pub tuned_for: Option<String>,
    pub token_hash: Option<Vec<u8>>,
    pub deleted_at: Option<DateTime<Utc>>,
}

impl FeedChanges {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// All feeds, by name.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<Feed>> {
    feeds::table
        .filter(feeds::deleted_at.is_null())
        .order_by((feeds::name, feeds::id))
        .select(Feed::as_select())
        .load(conn)
}

/// One feed.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Feed> {
    feeds::table.find(id).filter(feeds::deleted_at.is_null()).select(Feed::as_select()).first(conn)
}

/// The feed that a token opens.
pub fn find_by_token(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<Option<Feed>> {
    feeds::table
        .filter(feeds::token_hash.eq(token_hash))
        .filter(feeds::deleted_at.is_null())
        .select(Feed::as_select())
        .first(conn)
        .optional()
}

/// Adds a feed.
pub fn insert(conn: &mut PgConnection, feed: &NewFeed) -> QueryResult<Feed> {
    diesel::insert_into(feeds::table).values(feed).returning(Feed::as_returning()).get_result(conn)
}

/// Changes a feed.
pub fn update(conn: &mut PgConnection, id: Uuid, changes: &FeedChanges) -> QueryResult<Feed> {
    diesel::update(feeds::table.find(id).filter(feeds::deleted_at.is_null()))
        .set(changes)
        .returning(Feed::as_returning())
        .get_result(conn)
}

/// Notes that a feed was seen, unless it was seen later elsewhere.
pub fn seen(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> QueryResult<()> {
    let newer = feeds::last_frame_at.is_null().or(feeds::last_frame_at.lt(at));
    diesel::update(feeds::table.find(id)).filter(newer).set(feeds::last_frame_at.eq(at)).execute(conn)?;
    Ok(())
}
