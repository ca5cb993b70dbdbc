//! Holidays.

use chrono::NaiveDate;
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{groups, holidays};

/// Days on which nobody, or nobody of a group, is expected: `[from_day, until_day)`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = holidays)]
#[allow(missing_docs)]
pub struct Holiday {
    pub id: Uuid,
    pub group_id: Option<Uuid>,
    pub name: String,
    pub from_day: NaiveDate,
    pub until_day: NaiveDate,
}

/// The holidays that have a day from `from` to `to`, both included, oldest first, with the groups' names.
pub fn between(
    conn: &mut PgConnection,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<(Holiday, Option<String>)>> {
    holidays::table
        .left_join(groups::table)
        .filter(holidays::from_day.le(to))
        .filter(holidays::until_day.gt(from))
        .order_by((holidays::from_day, holidays::id))
        .select((Holiday::as_select(), groups::name.nullable()))
        .load(conn)
}

/// Adds a holiday.
pub fn insert(conn: &mut PgConnection, holiday: &Holiday) -> QueryResult<()> {
    diesel::insert_into(holidays::table).values(holiday).execute(conn)?;
    Ok(())
}

/// Deletes a holiday, which is returned.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<Holiday> {
    diesel::delete(holidays::table.find(id)).returning(Holiday::as_returning()).get_result(conn)
}
