//! Requests to put a day right.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use crate::models::scope::Scope;
use crate::schema::{attendance_days, corrections, people, schedules};

/// A request.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = corrections)]
#[allow(missing_docs)]
pub struct Correction {
    pub id: Uuid,
    pub person_id: Uuid,
    pub schedule_id: Uuid,
    pub day: NaiveDate,
    pub slot: i16,
    pub state: String,
    pub reason: String,
    pub asked_by: Uuid,
    pub asked_at: DateTime<Utc>,
    pub approved: Option<bool>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_note: Option<String>,
}

/// A request to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = corrections)]
#[allow(missing_docs)]
pub struct NewCorrection {
    pub id: Uuid,
    pub person_id: Uuid,
    pub schedule_id: Uuid,
    pub day: NaiveDate,
    pub slot: i16,
    pub state: &'static str,
    pub reason: String,
    pub asked_by: Uuid,
}

/// A decision.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = corrections)]
#[allow(missing_docs)]
pub struct Decision {
    pub approved: bool,
    pub decided_by: Uuid,
    pub decided_at: DateTime<Utc>,
    pub decision_note: Option<String>,
    pub mark_id: Option<Uuid>,
}

/// A request with the names of person and schedule.
pub type Named = (Correction, String, String);

/// The requests that somebody sees, newest first: open or decided ones, everybody's or one person's.
pub fn list(
    conn: &mut PgConnection,
    scope: &Scope,
    (open, person): (Option<bool>, Option<Uuid>),
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> QueryResult<Vec<Named>> {
    let mut rows = corrections::table
        .inner_join(people::table)
        .inner_join(schedules::table)
        .filter(scope.people())
        .order_by((corrections::asked_at.desc(), corrections::id.desc()))
        .limit(limit)
        .select((Correction::as_select(), people::name, schedules::name))
        .into_boxed::<Pg>();
    match open {
        Some(true) => rows = rows.filter(corrections::approved.is_null()),
        Some(false) => rows = rows.filter(corrections::approved.is_not_null()),
        None => {}
    }
    if let Some(person) = person {
        rows = rows.filter(corrections::person_id.eq(person));
    }
    if let Some((at, id)) = after {
        let before =
            corrections::asked_at.lt(at).or(corrections::asked_at.eq(at).and(corrections::id.lt(id)));
        rows = rows.filter(before);
    }
    rows.load(conn)
}

/// One request that somebody sees.
pub fn find(conn: &mut PgConnection, scope: &Scope, id: Uuid) -> QueryResult<Named> {
    corrections::table
        .inner_join(people::table)
        .inner_join(schedules::table)
        .filter(corrections::id.eq(id))
        .filter(scope.people())
        .select((Correction::as_select(), people::name, schedules::name))
        .first(conn)
}

/// Keeps a request as it is until the transaction ends.
pub fn lock(conn: &mut PgConnection, id: Uuid) -> QueryResult<Correction> {
    corrections::table.find(id).select(Correction::as_select()).for_update().first(conn)
}

/// Adds a request.
pub fn insert(conn: &mut PgConnection, row: &NewCorrection) -> QueryResult<()> {
    diesel::insert_into(corrections::table).values(row).execute(conn)?;
    Ok(())
}

/// Decides a request.
pub fn decide(conn: &mut PgConnection, id: Uuid, decision: &Decision) -> QueryResult<()> {
    diesel::update(corrections::table.find(id)).set(decision).execute(conn)?;
    Ok(())
}

/// The state that stands of an instance.
pub fn current(conn: &mut PgConnection, row: &Correction) -> QueryResult<Option<String>> {
    attendance_days::table
        .find((row.person_id, row.schedule_id, row.day, row.slot))
        .select(attendance_days::state)
        .first(conn)
        .optional()
}
