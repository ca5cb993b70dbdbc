//! What a kiosk greets somebody with: an arrival at its feed, and those before it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{arrivals, feeds, people};

/// What a kiosk greets with.
#[derive(Debug, Clone, Queryable)]
#[allow(missing_docs)]
pub struct Greeted {
    pub id: Uuid,
    pub person_id: Uuid,
    pub person_name: String,
    pub at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub provisional: bool,
}

/// An arrival at a feed that counts.
pub fn at_feed(conn: &mut PgConnection, feed: Uuid, id: Uuid) -> QueryResult<Option<Greeted>> {
    arrivals::table
        .inner_join(people::table)
        .filter(arrivals::id.eq(id))
        .filter(arrivals::feed_id.eq(feed))
        .filter(arrivals::voided_at.is_null())
        .select((
            arrivals::id,
            people::id,
            people::name,
            arrivals::at,
            arrivals::recorded_at,
            arrivals::provisional,
        ))
        .first(conn)
        .optional()
}

/// Which way people pass at the feeds of a person's arrivals from a moment up to one of them, in the order of time.
pub fn directions_until(
    conn: &mut PgConnection,
    person: Uuid,
    from: DateTime<Utc>,
    (at, id): (DateTime<Utc>, Uuid),
) -> QueryResult<Vec<String>> {
    arrivals::table
        .inner_join(feeds::table)
        .filter(arrivals::person_id.eq(person))
        .filter(arrivals::voided_at.is_null())
        .filter(arrivals::at.ge(from))
        .filter(arrivals::at.lt(at).or(arrivals::at.eq(at).and(arrivals::id.le(id))))
        .order_by((arrivals::at, arrivals::id))
        .select(feeds::direction)
        .load(conn)
}
