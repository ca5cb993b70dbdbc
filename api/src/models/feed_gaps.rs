//! When feeds were away, and which groups come past them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::schema::{feed_gaps, feed_groups, feeds};

/// The gaps that reach into `[from, to)`, of feeds past which people come: feed, beginning, end.
#[allow(clippy::type_complexity, reason = "a row")]
pub fn between(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> QueryResult<Vec<(Uuid, DateTime<Utc>, Option<DateTime<Utc>>)>> {
    feed_gaps::table
        .inner_join(feeds::table)
        .filter(feeds::direction.ne("out"))
        .filter(feed_gaps::from_at.lt(to))
        .filter(feed_gaps::until_at.is_null().or(feed_gaps::until_at.gt(from)))
        .order_by((feed_gaps::feed_id, feed_gaps::from_at))
        .select((feed_gaps::feed_id, feed_gaps::from_at, feed_gaps::until_at))
        .load(conn)
}

/// Past which feeds groups come, where that is told: group, feed.
pub fn feeds_of_groups(conn: &mut PgConnection) -> QueryResult<Vec<(Uuid, Uuid)>> {
    feed_groups::table
        .inner_join(feeds::table)
        .filter(feeds::deleted_at.is_null())
        .filter(feeds::direction.ne("out"))
        .select((feed_groups::group_id, feed_groups::feed_id))
        .load(conn)
}

/// The feeds past which people come that were ever seen alive.
pub fn feeds_seen(conn: &mut PgConnection) -> QueryResult<Vec<Uuid>> {
    feeds::table
        .filter(feeds::deleted_at.is_null())
        .filter(feeds::direction.ne("out"))
        .filter(feeds::last_frame_at.is_not_null())
        .select(feeds::id)
        .load(conn)
}

/// Notes that a feed sent nothing since `from_at`, unless a gap lasts already; says whether it was noted.
pub fn open(conn: &mut PgConnection, feed: Uuid, from_at: DateTime<Utc>) -> QueryResult<bool> {
    let noted = diesel::sql_query(
        "INSERT INTO feed_gaps (id, feed_id, from_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<SqlUuid, _>(feed)
    .bind::<Timestamptz, _>(from_at)
    .execute(conn)?;
    Ok(noted > 0)
}

/// Ends the gap that lasts where the feed was seen after it began; says when that was.
pub fn end(conn: &mut PgConnection, feed: Uuid, at: DateTime<Utc>) -> QueryResult<Option<DateTime<Utc>>> {
    let lasting = feed_gaps::table
        .filter(feed_gaps::feed_id.eq(feed))
        .filter(feed_gaps::until_at.is_null())
        .filter(feed_gaps::from_at.lt(at));
    let ended = diesel::update(lasting).set(feed_gaps::until_at.eq(at)).returning(feed_gaps::from_at);
    ended.get_result(conn).optional()
}

/// Notes a gap that is over.
pub fn insert_ended(
    conn: &mut PgConnection,
    feed: Uuid,
    from_at: DateTime<Utc>,
    until_at: DateTime<Utc>,
) -> QueryResult<()> {
    use feed_gaps::columns as c;
    let row =
        (c::id.eq(Uuid::now_v7()), c::feed_id.eq(feed), c::from_at.eq(from_at), c::until_at.eq(until_at));
    diesel::insert_into(feed_gaps::table).values(row).execute(conn)?;
    Ok(())
}
