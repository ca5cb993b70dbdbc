//! Schedules, the versions of their rules, and whose they are.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Date, Nullable, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::{group_members, group_schedules, groups, people, schedule_versions, schedules};

/// A schedule.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = schedules)]
#[allow(missing_docs)]
pub struct Schedule {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub timezone: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// What changes of a schedule; `None` stays.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = schedules)]
#[allow(missing_docs)]
pub struct ScheduleChanges {
    pub name: Option<String>,
    pub timezone: Option<Option<String>>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Rules from a day on.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = schedule_versions)]
#[allow(missing_docs)]
pub struct Version {
    pub schedule_id: Uuid,
    pub from_day: NaiveDate,
    pub rules: Value,
    pub created_by: Option<Uuid>,
}

/// That a schedule is a group's, in `[from_day, until_day)`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = group_schedules)]
#[allow(missing_docs)]
pub struct GroupSchedule {
    pub id: Uuid,
    pub group_id: Uuid,
    pub schedule_id: Uuid,
    pub from_day: NaiveDate,
    pub until_day: Option<NaiveDate>,
}

/// All schedules that are not deleted, by name.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<Schedule>> {
    schedules::table
        .filter(schedules::deleted_at.is_null())
        .order_by((schedules::name, schedules::id))
        .select(Schedule::as_select())
        .load(conn)
}

/// One schedule that is not deleted, kept as it is until the transaction ends.
pub fn find_for_update(conn: &mut PgConnection, id: Uuid) -> QueryResult<Schedule> {
    schedules::table
        .find(id)
        .filter(schedules::deleted_at.is_null())
        .select(Schedule::as_select())
        .for_no_key_update()
        .first(conn)
}

/// One schedule that is not deleted.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Schedule> {
    schedules::table
        .find(id)
        .filter(schedules::deleted_at.is_null())
        .select(Schedule::as_select())
        .first(conn)
}

/// Some schedules, deleted ones included.
pub fn of_ids(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Schedule>> {
    schedules::table.filter(schedules::id.eq_any(ids)).select(Schedule::as_select()).load(conn)
}

/// Adds a schedule.
pub fn insert(conn: &mut PgConnection, schedule: &Schedule) -> QueryResult<()> {
    diesel::insert_into(schedules::table).values(schedule).execute(conn)?;
    Ok(())
}

/// Changes a schedule.
pub fn update(conn: &mut PgConnection, id: Uuid, changes: &ScheduleChanges) -> QueryResult<()> {
    diesel::update(schedules::table.find(id)).set(changes).execute(conn)?;
    Ok(())
}

/// Gives a zone to the schedules that have none of their own and whose rules have begun by a day, deleted ones
/// included; says to which.
pub fn keep_zone(conn: &mut PgConnection, zone: &str, today: NaiveDate) -> QueryResult<Vec<Uuid>> {
    let begun = schedule_versions::table
        .filter(schedule_versions::from_day.le(today))
        .select(schedule_versions::schedule_id);
    diesel::update(schedules::table.filter(schedules::timezone.is_null()).filter(schedules::id.eq_any(begun)))
        .set(schedules::timezone.eq(zone))
        .returning(schedules::id)
        .get_results(conn)
}

/// The versions of some schedules, oldest first.
pub fn versions(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Version>> {
    schedule_versions::table
        .filter(schedule_versions::schedule_id.eq_any(ids))
        .order_by((schedule_versions::schedule_id, schedule_versions::from_day))
        .select(Version::as_select())
        .load(conn)
}

/// Adds a version.
pub fn insert_version(conn: &mut PgConnection, version: &Version) -> QueryResult<()> {
    diesel::insert_into(schedule_versions::table).values(version).execute(conn)?;
    Ok(())
}

/// Deletes a version; says whether there was one.
pub fn delete_version(conn: &mut PgConnection, schedule: Uuid, from_day: NaiveDate) -> QueryResult<bool> {
    Ok(diesel::delete(schedule_versions::table.find((schedule, from_day))).execute(conn)? > 0)
}

/// Whose some schedules are and were, with the groups' names.
pub fn groups_of(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<(GroupSchedule, String)>> {
    group_schedules::table
        .inner_join(groups::table)
        .filter(group_schedules::schedule_id.eq_any(ids))
        .order_by((groups::name, group_schedules::from_day))
        .select((GroupSchedule::as_select(), groups::name))
        .load(conn)
}

/// Adds that a schedule is a group's.
pub fn assign(conn: &mut PgConnection, row: &GroupSchedule) -> QueryResult<()> {
    diesel::insert_into(group_schedules::table).values(row).execute(conn)?;
    Ok(())
}

/// One assignment of a schedule.
pub fn assignment(conn: &mut PgConnection, schedule: Uuid, id: Uuid) -> QueryResult<GroupSchedule> {
    group_schedules::table
        .find(id)
        .filter(group_schedules::schedule_id.eq(schedule))
        .select(GroupSchedule::as_select())
        .for_update()
        .first(conn)
}

/// Ends an assignment on a day, which is no longer in it; one that would have no day left is deleted.
pub fn end_assignment(conn: &mut PgConnection, row: &GroupSchedule, day: NaiveDate) -> QueryResult<()> {
    if row.from_day >= day {
        diesel::delete(group_schedules::table.find(row.id)).execute(conn)?;
    } else if row.until_day.is_none_or(|until| until > day) {
        diesel::update(group_schedules::table.find(row.id))
            .set(group_schedules::until_day.eq(day))
            .execute(conn)?;
    }
    Ok(())
}

/// That a person has a schedule through a group, in `[from_day, until_day)`, open where none.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct PersonSchedule {
    #[diesel(sql_type = SqlUuid)]
    pub person_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub group_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub schedule_id: Uuid,
    #[diesel(sql_type = Nullable<Date>)]
    pub from_day: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub until_day: Option<NaiveDate>,
}

/// The schedules of some people on the days from `from` to `to`, both included, group by group.
pub fn of_people(
    conn: &mut PgConnection,
    people: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<PersonSchedule>> {
    diesel::sql_query(
        "SELECT m.person_id, s.group_id, s.schedule_id, greatest(m.from_day, s.from_day) AS from_day, \
                least(m.until_day, s.until_day) AS until_day \
         FROM group_members m JOIN group_schedules s ON s.group_id = m.group_id \
         WHERE m.person_id = ANY($1) \
           AND daterange(m.from_day, m.until_day) && daterange(s.from_day, s.until_day) \
           AND daterange(m.from_day, m.until_day) && daterange($2, $3, '[]') \
           AND daterange(s.from_day, s.until_day) && daterange($2, $3, '[]') \
         ORDER BY m.person_id, s.schedule_id, s.group_id",
    )
    .bind::<Array<SqlUuid>, _>(people)
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .load(conn)
}

#[derive(QueryableByName)]
struct PersonId {
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
}

/// Who has a schedule on a day, of some schedules.
pub fn people_with(conn: &mut PgConnection, schedules: &[Uuid], day: NaiveDate) -> QueryResult<Vec<Uuid>> {
    let rows: Vec<PersonId> = diesel::sql_query(
        "SELECT DISTINCT m.person_id FROM group_members m JOIN group_schedules s ON s.group_id = m.group_id \
         WHERE s.schedule_id = ANY($1) AND daterange(m.from_day, m.until_day) @> $2 \
           AND daterange(s.from_day, s.until_day) @> $2 ORDER BY 1",
    )
    .bind::<Array<SqlUuid>, _>(schedules)
    .bind::<Date, _>(day)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.person_id).collect())
}

/// The name of a group, where there is one of this id.
pub fn group_name(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<String>> {
    groups::table.find(id).select(groups::name).first(conn).optional()
}

/// Who belongs to a group on a day and is not archived by then, by name.
pub fn members_on(
    conn: &mut PgConnection,
    group: Uuid,
    day: NaiveDate,
) -> QueryResult<Vec<(Uuid, String, String)>> {
    group_members::table
        .inner_join(people::table)
        .filter(group_members::group_id.eq(group))
        .filter(group_members::from_day.is_null().or(group_members::from_day.le(day)))
        .filter(group_members::until_day.is_null().or(group_members::until_day.gt(day)))
        .filter(
            people::archived_at
                .is_null()
                .or(people::archived_at.ge(day.and_time(chrono::NaiveTime::MIN).and_utc())),
        )
        .order_by((people::name, people::id))
        .select((people::id, people::name, people::external_id))
        .load(conn)
}

/// The schedules of a group on a day.
pub fn schedules_on(conn: &mut PgConnection, group: Uuid, day: NaiveDate) -> QueryResult<Vec<Uuid>> {
    group_schedules::table
        .filter(group_schedules::group_id.eq(group))
        .filter(group_schedules::from_day.le(day))
        .filter(group_schedules::until_day.is_null().or(group_schedules::until_day.gt(day)))
        .select(group_schedules::schedule_id)
        .load(conn)
}
