//! Reports that are sent by themselves.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::schema::{groups, report_schedules};

/// A scheduled report.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = report_schedules)]
#[allow(missing_docs)]
pub struct ReportSchedule {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub range: String,
    pub group_id: Option<Uuid>,
    pub format: String,
    pub users: Value,
    pub emails: Value,
    pub cadence: Value,
    pub at_minute: i16,
    pub enabled: bool,
    pub last_run_at: Option<DateTime<Utc>>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A scheduled report to insert, and what a change leaves behind.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = report_schedules, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct NewReportSchedule {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub range: String,
    pub group_id: Option<Uuid>,
    pub format: String,
    pub users: Value,
    pub emails: Value,
    pub cadence: Value,
    pub at_minute: i16,
    pub enabled: bool,
    pub next_run_at: Option<DateTime<Utc>>,
}

/// A scheduled report with the name of its group.
pub type Named = (ReportSchedule, Option<String>);

/// All of them, by name.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<Named>> {
    report_schedules::table
        .left_join(groups::table)
        .order_by((report_schedules::name, report_schedules::id))
        .select((ReportSchedule::as_select(), groups::name.nullable()))
        .load(conn)
}

/// One of them.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Named> {
    report_schedules::table
        .left_join(groups::table)
        .filter(report_schedules::id.eq(id))
        .select((ReportSchedule::as_select(), groups::name.nullable()))
        .first(conn)
}

/// Adds one.
pub fn insert(conn: &mut PgConnection, row: &NewReportSchedule) -> QueryResult<()> {
    diesel::insert_into(report_schedules::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces one; says whether it was there.
pub fn update(conn: &mut PgConnection, row: &NewReportSchedule) -> QueryResult<bool> {
    Ok(diesel::update(report_schedules::table.find(row.id)).set(row).execute(conn)? > 0)
}

/// Deletes one; says whether it was there.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(report_schedules::table.find(id)).execute(conn)? > 0)
}

/// One that is due, held until the transaction ends; those that another process holds are passed over.
pub fn due(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<Option<ReportSchedule>> {
    report_schedules::table
        .filter(report_schedules::enabled)
        .filter(report_schedules::next_run_at.le(now))
        .order_by(report_schedules::next_run_at)
        .select(ReportSchedule::as_select())
        .for_update()
        .skip_locked()
        .first(conn)
        .optional()
}

/// Notes that one was handed over, and when it is due next.
pub fn ran(
    conn: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    next: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    diesel::update(report_schedules::table.find(id))
        .set((report_schedules::last_run_at.eq(at), report_schedules::next_run_at.eq(next)))
        .execute(conn)?;
    Ok(())
}
