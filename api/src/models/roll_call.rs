//! Who is on site: sightings since the day began, or since an open shift did.

use chrono::{DateTime, Utc};
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

/// Of what is on at a moment: whose it is, and when they were first seen to come to it.
pub fn open_shifts(conn: &mut PgConnection, at: DateTime<Utc>) -> QueryResult<Vec<(Uuid, DateTime<Utc>)>> {
    attendance_days::table
        .filter(attendance_days::ends_at.gt(at))
        .filter(attendance_days::first_in.is_not_null())
        .select((attendance_days::person_id, attendance_days::first_in.assume_not_null()))
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

/// Whom somebody marked as there since a moment, for what is on that day, and has not marked otherwise since: person,
/// name, when.
pub fn marked_since(
    conn: &mut PgConnection,
    scope: &Scope,
    since: DateTime<Utc>,
) -> QueryResult<Vec<(Uuid, String, DateTime<Utc>)>> {
    let newest: Vec<(Uuid, String, DateTime<Utc>, Option<String>)> = marks::table
        .inner_join(people::table)
        .filter(marks::marked_at.ge(since))
        .filter(marks::day.ge(since.date_naive()))
        .filter(scope.people())
        .distinct_on(marks::person_id)
        .order_by((marks::person_id, marks::marked_at.desc(), marks::id.desc()))
        .select((people::id, people::name, marks::marked_at, marks::state))
        .load(conn)?;
    let there = |state: &Option<String>| matches!(state.as_deref(), Some("present" | "late"));
    Ok(newest
        .into_iter()
        .filter(|(.., state)| there(state))
        .map(|(id, name, at, _)| (id, name, at))
        .collect())
}
