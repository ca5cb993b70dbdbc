//! Feeds.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::models::scope::Scope;
use crate::schema::{feed_groups, feeds};

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
    /// How its device is to work.
    pub device_settings: serde_json::Value,
    pub settings_revision: i32,
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
    pub deleted_at: Option<DateTime<Utc>>,
}

impl FeedChanges {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The feeds that may be seen, by name.
pub fn list(conn: &mut PgConnection, scope: &Scope) -> QueryResult<Vec<Feed>> {
    feeds::table
        .filter(scope.feeds::<feeds::table>())
        .filter(feeds::deleted_at.is_null())
        .order_by((feeds::name, feeds::id))
        .select(Feed::as_select())
        .load(conn)
}

/// One feed.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Feed> {
    feeds::table.find(id).filter(feeds::deleted_at.is_null()).select(Feed::as_select()).first(conn)
}

/// Makes whoever else wants to change a feed's tokens wait until the transaction ends.
pub fn lock(conn: &mut PgConnection, id: Uuid) -> QueryResult<Uuid> {
    let feed = feeds::table.find(id).filter(feeds::deleted_at.is_null());
    feed.select(feeds::id).for_update().first(conn)
}

/// One feed, where it may be seen.
pub fn find_within(conn: &mut PgConnection, scope: &Scope, id: Uuid) -> QueryResult<Feed> {
    feeds::table
        .filter(feeds::id.eq(id))
        .filter(feeds::deleted_at.is_null())
        .filter(scope.feeds::<feeds::table>())
        .select(Feed::as_select())
        .first(conn)
}

/// The groups that some feeds serve.
pub fn groups_of(conn: &mut PgConnection, feeds: &[Uuid]) -> QueryResult<Vec<(Uuid, Uuid)>> {
    feed_groups::table
        .filter(feed_groups::feed_id.eq_any(feeds))
        .order_by(feed_groups::group_id)
        .select((feed_groups::feed_id, feed_groups::group_id))
        .load(conn)
}

/// Has a feed serve exactly these groups.
pub fn set_groups(conn: &mut PgConnection, feed: Uuid, groups: &[Uuid]) -> QueryResult<()> {
    diesel::delete(feed_groups::table.filter(feed_groups::feed_id.eq(feed))).execute(conn)?;
    let rows: Vec<_> = groups
        .iter()
        .map(|group| (feed_groups::feed_id.eq(feed), feed_groups::group_id.eq(*group)))
        .collect();
    diesel::insert_into(feed_groups::table).values(rows).on_conflict_do_nothing().execute(conn)?;
    Ok(())
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

/// Notes that a feed comes to a process of this address, unless it went elsewhere since.
pub fn serve(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>, url: &str) -> QueryResult<()> {
    let newer = feeds::last_frame_at.is_null().or(feeds::last_frame_at.lt(at));
    let changes = (feeds::served_by.eq(url), feeds::last_frame_at.eq(at));
    diesel::update(feeds::table.find(id)).filter(newer).set(changes).execute(conn)?;
    Ok(())
}

/// The addresses of the processes that some feeds have come to since a moment.
pub fn served_by(
    conn: &mut PgConnection,
    ids: &[Uuid],
    since: DateTime<Utc>,
) -> QueryResult<Vec<(Uuid, String)>> {
    feeds::table
        .filter(feeds::id.eq_any(ids))
        .filter(feeds::deleted_at.is_null())
        .filter(feeds::last_frame_at.ge(since))
        .select((feeds::id, feeds::served_by.assume_not_null()))
        .filter(feeds::served_by.is_not_null())
        .load(conn)
}

/// Has a feed's device work otherwise.
pub fn set_device_settings(
    conn: &mut PgConnection,
    id: Uuid,
    settings: &serde_json::Value,
) -> QueryResult<Feed> {
    diesel::update(feeds::table.find(id).filter(feeds::deleted_at.is_null()))
        .set((feeds::device_settings.eq(settings), feeds::settings_revision.eq(feeds::settings_revision + 1)))
        .returning(Feed::as_returning())
        .get_result(conn)
}

/// Notes that a feed was seen, unless it was seen later elsewhere.
pub fn seen(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> QueryResult<()> {
    let newer = feeds::last_frame_at.is_null().or(feeds::last_frame_at.lt(at));
    diesel::update(feeds::table.find(id)).filter(newer).set(feeds::last_frame_at.eq(at)).execute(conn)?;
    Ok(())
}

/// Which of these feeds there are not.
pub fn missing(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    let there: Vec<Uuid> = feeds::table
        .filter(feeds::id.eq_any(ids))
        .filter(feeds::deleted_at.is_null())
        .select(feeds::id)
        .load(conn)?;
    Ok(ids.iter().filter(|id| !there.contains(id)).copied().collect())
}

/// The names of some feeds, deleted ones included.
pub fn names(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, String)>> {
    feeds::table.filter(feeds::id.eq_any(ids)).select((feeds::id, feeds::name)).load(conn)
}
