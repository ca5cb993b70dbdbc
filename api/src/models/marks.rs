//! Hand marks: written and read, never changed.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{api_keys, marks, users};

/// A mark.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = marks)]
#[allow(missing_docs)]
pub struct Mark {
    pub id: Uuid,
    pub person_id: Uuid,
    pub schedule_id: Uuid,
    pub day: NaiveDate,
    pub slot: i16,
    pub state: Option<String>,
    pub note: Option<String>,
    pub marked_by: Uuid,
    pub marked_at: DateTime<Utc>,
}

/// The newest mark of each instance of some people on the days from `from` to `to`, both included.
pub fn newest(
    conn: &mut PgConnection,
    people: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<Mark>> {
    marks::table
        .filter(marks::person_id.eq_any(people))
        .filter(marks::day.between(from, to))
        .distinct_on((marks::person_id, marks::schedule_id, marks::day, marks::slot))
        .order_by((marks::person_id, marks::schedule_id, marks::day, marks::slot, marks::id.desc()))
        .select(Mark::as_select())
        .load(conn)
}

/// Adds marks.
pub fn insert(conn: &mut PgConnection, rows: &[Mark]) -> QueryResult<()> {
    for rows in rows.chunks(1000) {
        diesel::insert_into(marks::table).values(rows).execute(conn)?;
    }
    Ok(())
}

/// What those who mark are called: the e-mail addresses of users, the names of API keys, of revoked ones too.
pub fn names(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, String)>> {
    let mut names: Vec<(Uuid, String)> =
        users::table.filter(users::id.eq_any(ids)).select((users::id, users::email)).load(conn)?;
    let keys = api_keys::table.filter(api_keys::id.eq_any(ids)).select((api_keys::id, api_keys::name));
    names.extend(keys.load::<(Uuid, String)>(conn)?);
    Ok(names)
}
