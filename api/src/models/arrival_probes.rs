//! The sealed templates that face arrivals were decided on, for as long as faces are kept for review.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use uuid::Uuid;

use crate::schema::arrival_probes;

/// A template and the arrival that it decided.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = arrival_probes)]
#[allow(missing_docs)]
pub struct Probe {
    pub arrival_id: Uuid,
    pub person_id: Uuid,
    pub model_pack: String,
    pub sealed: Vec<u8>,
    pub expires_at: DateTime<Utc>,
}

/// Stores a template.
pub fn insert(conn: &mut PgConnection, row: &Probe) -> QueryResult<()> {
    diesel::insert_into(arrival_probes::table).values(row).execute(conn)?;
    Ok(())
}

/// Takes out the template of an arrival, if it is still kept.
pub fn take(conn: &mut PgConnection, arrival: Uuid) -> QueryResult<Option<Probe>> {
    diesel::delete(arrival_probes::table.find(arrival))
        .returning(Probe::as_returning())
        .get_result(conn)
        .optional()
}

/// Erases the templates that were kept for long enough.
pub fn purge(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(arrival_probes::table.filter(arrival_probes::expires_at.le(now))).execute(conn)
}

/// Erases all templates.
pub fn delete_all(conn: &mut PgConnection) -> QueryResult<usize> {
    diesel::delete(arrival_probes::table).execute(conn)
}

/// Has every template go no later than `hours` after its arrival.
pub fn shorten(conn: &mut PgConnection, hours: i32) -> QueryResult<usize> {
    diesel::sql_query(
        "UPDATE arrival_probes p SET expires_at = least(p.expires_at, a.at + make_interval(hours => $1)) \
         FROM arrivals a WHERE a.id = p.arrival_id",
    )
    .bind::<Integer, _>(hours)
    .execute(conn)
}
