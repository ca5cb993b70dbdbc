//! Who is on site: sightings, and what people came to or were marked for.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::models::scope::Scope;
use crate::schema::{arrivals, attendance_days, feeds, marks, people};

/// A sighting with the names to show: person, their name, feed, its name, its direction, when.
pub type Seen = (Uuid, String, Uuid, String, String, DateTime<Utc>);

/// The sightings of the people of a scope from a moment on, oldest first; voided ones aside.
pub fn seen_since(conn: &mut PgConnection, scope: &Scope, since: DateTime<Utc>) -> QueryResult<Vec<Seen>> {
    arrivals::table
        .inner_join(people::table)
        .inner_join(feeds::table)
        .filter(arrivals::at.ge(since))
        .filter(arrivals::voided_at.is_null())
        .filter(scope.people())
        .order_by((arrivals::at, arrivals::id))
        .select((people::id, people::name, feeds::id, feeds::name, feeds::direction, arrivals::at))
        .load(conn)
}

/// A slot that somebody came to or was marked for.
#[derive(Debug, Clone, Queryable)]
#[allow(missing_docs)]
pub struct Attended {
    pub person_id: Uuid,
    pub name: String,
    pub schedule_id: Uuid,
    pub day: NaiveDate,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub state: String,
    pub first_in: Option<DateTime<Utc>>,
    /// When the mark that decides the state was made; none where no mark does.
    pub marked_at: Option<DateTime<Utc>>,
}

/// The slots in a span of time that people of a scope came to before `midnight` or were marked for, those of one person
/// together. What somebody came to since midnight, their sightings tell.
pub fn attended(
    conn: &mut PgConnection,
    scope: &Scope,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    midnight: DateTime<Utc>,
) -> QueryResult<Vec<Attended>> {
    attendance_days::table
        .inner_join(people::table)
        .left_join(marks::table)
        .filter(attendance_days::ends_at.ge(from))
        .filter(attendance_days::starts_at.le(until))
        .filter(attendance_days::mark_id.is_not_null().or(attendance_days::first_in.lt(midnight)))
        .filter(scope.people())
        .order_by(attendance_days::person_id)
        .select((
            people::id,
            people::name,
            attendance_days::schedule_id,
            attendance_days::day,
            attendance_days::starts_at,
            attendance_days::ends_at,
            attendance_days::state,
            attendance_days::first_in,
            marks::marked_at.nullable(),
        ))
        .load(conn)
}

/// When people were last seen to leave something, since a moment.
pub fn left_since(conn: &mut PgConnection, since: DateTime<Utc>) -> QueryResult<Vec<(Uuid, DateTime<Utc>)>> {
    attendance_days::table
        .filter(attendance_days::ends_at.gt(since - chrono::TimeDelta::hours(24)))
        .filter(attendance_days::last_out.ge(since))
        .select((attendance_days::person_id, attendance_days::last_out.assume_not_null()))
        .load(conn)
}
