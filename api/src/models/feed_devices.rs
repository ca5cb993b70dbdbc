//! What the devices of feeds said last.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz, Uuid as SqlUuid};
use ipnetwork::IpNetwork;
use serde_json::Value;
use uuid::Uuid;

use crate::schema::{feed_devices, feeds};

/// What a device said last.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = feed_devices, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct FeedDevice {
    pub feed_id: Uuid,
    pub device_id: Uuid,
    pub heartbeat: Value,
    pub received_at: DateTime<Utc>,
    pub drift_ms: i64,
    pub address: Option<IpNetwork>,
    /// While frames wait on it: since when the oldest did that it told of.
    pub backlog_from: Option<DateTime<Utc>>,
    /// Whether it gave any up since.
    pub backlog_lost: bool,
}

/// The device as it said last, locked.
pub fn lock(conn: &mut PgConnection, feed: Uuid, device: Uuid) -> QueryResult<Option<FeedDevice>> {
    feed_devices::table
        .find((feed, device))
        .select(FeedDevice::as_select())
        .for_update()
        .first(conn)
        .optional()
}

/// Keeps what a device says, in place of what it said before. Of a feed, so many devices are kept at most, those that
/// called last.
pub fn put(conn: &mut PgConnection, row: &FeedDevice, most: i64) -> QueryResult<()> {
    let there = diesel::insert_into(feed_devices::table)
        .values(row)
        .on_conflict((feed_devices::feed_id, feed_devices::device_id))
        .do_update()
        .set(row);
    there.execute(conn)?;
    diesel::sql_query(
        "DELETE FROM feed_devices WHERE feed_id = $1 AND device_id IN \
         (SELECT device_id FROM feed_devices WHERE feed_id = $1 ORDER BY received_at DESC, device_id OFFSET $2)",
    )
    .bind::<SqlUuid, _>(row.feed_id)
    .bind::<BigInt, _>(most)
    .execute(conn)?;
    Ok(())
}

/// The devices of some feeds that called since a time, the latest first.
pub fn since(conn: &mut PgConnection, feeds: &[Uuid], since: DateTime<Utc>) -> QueryResult<Vec<FeedDevice>> {
    feed_devices::table
        .filter(feed_devices::feed_id.eq_any(feeds))
        .filter(feed_devices::received_at.ge(since))
        .order_by((feed_devices::received_at.desc(), feed_devices::device_id))
        .select(FeedDevice::as_select())
        .load(conn)
}

/// All devices that called since a time, the latest first.
pub fn all_since(conn: &mut PgConnection, since: DateTime<Utc>) -> QueryResult<Vec<FeedDevice>> {
    feed_devices::table
        .inner_join(feeds::table)
        .filter(feeds::deleted_at.is_null())
        .filter(feed_devices::received_at.ge(since))
        .order_by((feed_devices::received_at.desc(), feed_devices::device_id))
        .select(FeedDevice::as_select())
        .load(conn)
}

/// Whether another device of the feed called since a time.
pub fn another(conn: &mut PgConnection, feed: Uuid, device: Uuid, since: DateTime<Utc>) -> QueryResult<bool> {
    let others = feed_devices::table
        .filter(feed_devices::feed_id.eq(feed))
        .filter(feed_devices::device_id.ne(device))
        .filter(feed_devices::received_at.ge(since));
    diesel::select(diesel::dsl::exists(others)).get_result(conn)
}

/// The feeds past which people come with a device that keeps frames and called since a time: feed, since when.
pub fn backlogs(conn: &mut PgConnection, since: DateTime<Utc>) -> QueryResult<Vec<(Uuid, DateTime<Utc>)>> {
    feed_devices::table
        .inner_join(feeds::table)
        .filter(feeds::direction.ne("out"))
        .filter(feeds::deleted_at.is_null())
        .filter(feed_devices::received_at.ge(since))
        .filter(feed_devices::backlog_from.is_not_null())
        .select((feed_devices::feed_id, feed_devices::backlog_from.assume_not_null()))
        .load(conn)
}

/// Forgets devices that have not called since a time; says how many.
pub fn purge(conn: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    diesel::sql_query("DELETE FROM feed_devices WHERE received_at < $1")
        .bind::<Timestamptz, _>(before)
        .execute(conn)
}
