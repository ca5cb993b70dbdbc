//! When feeds were away, and which groups come past them.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::schema::{feed_gaps, feed_groups, feeds};

/// The gaps that reach into `[from, to)` in which people may have been missed, of feeds past which people come: feed,
/// beginning, end. Shorter ones than a minute and a half count as little as those that a device has filled since.
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
        .filter(feed_gaps::filled_at.is_null())
        .filter(sql::<Bool>("(until_at IS NULL OR until_at - from_at >= interval '90 seconds')"))
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

/// Notes a gap that is over, unless one is known that holds it.
pub fn insert_ended(
    conn: &mut PgConnection,
    feed: Uuid,
    from_at: DateTime<Utc>,
    until_at: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO feed_gaps (id, feed_id, from_at, until_at) SELECT $1, $2, $3, $4 WHERE NOT EXISTS \
         (SELECT FROM feed_gaps WHERE feed_id = $2 AND from_at <= $3 AND (until_at IS NULL OR until_at >= $4))",
    )
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<SqlUuid, _>(feed)
    .bind::<Timestamptz, _>(from_at)
    .bind::<Timestamptz, _>(until_at)
    .execute(conn)?;
    Ok(())
}

/// Whether a feed was away at some time from `from` to `to`, by any gap, however short.
pub fn any_at(
    conn: &mut PgConnection,
    feed: Uuid,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<bool> {
    let gaps = feed_gaps::table
        .filter(feed_gaps::feed_id.eq(feed))
        .filter(feed_gaps::from_at.le(to))
        .filter(feed_gaps::until_at.is_null().or(feed_gaps::until_at.ge(from)));
    diesel::select(diesel::dsl::exists(gaps)).get_result(conn)
}

/// Notes that the gaps of a feed that ended after `kept_from` and began after `running_since` are filled: its device ran
/// all the time, and what it kept has come.
pub fn fill(
    conn: &mut PgConnection,
    feed: Uuid,
    kept_from: DateTime<Utc>,
    running_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let gaps = feed_gaps::table
        .filter(feed_gaps::feed_id.eq(feed))
        .filter(feed_gaps::until_at.gt(kept_from))
        .filter(feed_gaps::from_at.ge(running_since))
        .filter(feed_gaps::filled_at.is_null());
    diesel::update(gaps).set(feed_gaps::filled_at.eq(now)).execute(conn)
}

/// Forgets gaps too short to count for anybody's day that ended before a time: no device may send frames from then.
pub fn purge_short(conn: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM feed_gaps WHERE until_at < $1 AND until_at - from_at < interval '90 seconds'",
    )
    .bind::<Timestamptz, _>(before)
    .execute(conn)
}
