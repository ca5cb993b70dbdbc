//! Which instances were opened and closed, and what is to be worked out again.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use crate::schema::{attendance_recomputes, schedule_runs};

/// An instance that was opened.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schedule_runs)]
#[allow(missing_docs)]
pub struct Run {
    pub schedule_id: Uuid,
    pub day: NaiveDate,
    pub slot: i16,
    pub closed_at: Option<DateTime<Utc>>,
}

/// Days to be worked out again: of a group's members or of everybody, `[from_day, until_day)`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attendance_recomputes)]
#[allow(missing_docs)]
pub struct Recompute {
    pub id: i64,
    pub group_id: Option<Uuid>,
    pub from_day: NaiveDate,
    pub until_day: NaiveDate,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Makes this connection the one of all that opens and closes instances, until it ends; says whether it is.
pub fn lead(conn: &mut PgConnection) -> QueryResult<bool> {
    // Any number will do, as long as every version of this program takes the same.
    let row: Taken = diesel::sql_query("SELECT pg_try_advisory_lock(7206515) AS taken").get_result(conn)?;
    Ok(row.taken)
}

/// The runs of the days from `from` on, and those that are not closed.
pub fn since(conn: &mut PgConnection, from: NaiveDate) -> QueryResult<Vec<Run>> {
    schedule_runs::table
        .filter(schedule_runs::day.ge(from).or(schedule_runs::closed_at.is_null()))
        .select(Run::as_select())
        .load(conn)
}

/// The last day that was opened of each schedule.
pub fn last_days(conn: &mut PgConnection) -> QueryResult<Vec<(Uuid, Option<NaiveDate>)>> {
    schedule_runs::table
        .group_by(schedule_runs::schedule_id)
        .select((schedule_runs::schedule_id, diesel::dsl::max(schedule_runs::day)))
        .load(conn)
}

/// Notes that an instance was opened.
pub fn open(conn: &mut PgConnection, schedule: Uuid, day: NaiveDate, slot: i16) -> QueryResult<()> {
    use schedule_runs::columns as c;
    diesel::insert_into(schedule_runs::table)
        .values((c::schedule_id.eq(schedule), c::day.eq(day), c::slot.eq(slot)))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(())
}

/// Notes that an instance was closed.
pub fn close(
    conn: &mut PgConnection,
    schedule: Uuid,
    day: NaiveDate,
    slot: i16,
    at: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(schedule_runs::table.find((schedule, day, slot)))
        .set(schedule_runs::closed_at.eq(at))
        .execute(conn)?;
    Ok(())
}

/// Forgets the runs of a schedule from a day on: its rules change there.
pub fn forget(conn: &mut PgConnection, schedule: Uuid, from: NaiveDate) -> QueryResult<()> {
    let later = schedule_runs::schedule_id.eq(schedule).and(schedule_runs::day.ge(from));
    diesel::delete(schedule_runs::table.filter(later)).execute(conn)?;
    Ok(())
}

/// Asks for days to be worked out again.
pub fn ask(
    conn: &mut PgConnection,
    group: Option<Uuid>,
    from_day: NaiveDate,
    until_day: NaiveDate,
) -> QueryResult<()> {
    use attendance_recomputes::columns as c;
    diesel::insert_into(attendance_recomputes::table)
        .values((c::group_id.eq(group), c::from_day.eq(from_day), c::until_day.eq(until_day)))
        .execute(conn)?;
    Ok(())
}

/// What is asked for, oldest first.
pub fn asked(conn: &mut PgConnection) -> QueryResult<Vec<Recompute>> {
    attendance_recomputes::table.order_by(attendance_recomputes::id).select(Recompute::as_select()).load(conn)
}

/// Forgets what was asked for and done.
pub fn done(conn: &mut PgConnection, id: i64) -> QueryResult<()> {
    diesel::delete(attendance_recomputes::table.find(id)).execute(conn)?;
    Ok(())
}
