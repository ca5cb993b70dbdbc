//! The states of people's days.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Date, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::models::scope::Scope;
use crate::schema::{arrivals, attendance_days, feeds, groups, marks, people, schedules};

/// The state of a person in one instance.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attendance_days)]
#[allow(missing_docs)]
pub struct Day {
    pub person_id: Uuid,
    pub schedule_id: Uuid,
    pub day: NaiveDate,
    pub slot: i16,
    pub group_id: Option<Uuid>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub state: String,
    pub by_hand: bool,
    pub mark_id: Option<Uuid>,
    pub first_in: Option<DateTime<Utc>>,
    pub last_out: Option<DateTime<Utc>>,
    pub late_minutes: i32,
    pub early_minutes: i32,
    pub worked_minutes: Option<i32>,
    pub seen_minutes: Option<i32>,
}

/// Whether an instance counts as late, by its alias: also where somebody came late and then left early. What
/// [`Day::was_late`] says of a row that is read.
macro_rules! was_late {
    ($d:literal) => {
        concat!(
            "(",
            $d,
            ".state = 'late' OR (",
            $d,
            ".late_minutes > 0 AND ",
            $d,
            ".state IN ('left_early', 'half_day'))) "
        )
    };
}
pub(super) use was_late;

impl Day {
    /// Whether it counts as late; `was_late!` says so in a statement.
    pub fn was_late(&self) -> bool {
        match self.state.as_str() {
            "late" => true,
            "left_early" | "half_day" => self.late_minutes > 0,
            _ => false,
        }
    }
}

/// A person whose days are worked out, and since when nothing is expected of them.
pub type Locked = (Uuid, Option<DateTime<Utc>>);

/// Holds some people's days until the transaction ends, so that of two that write them the second knows what the first
/// did. Those that are there are returned. Nobody who adds a row about them waits, except for another of these.
pub fn lock(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Locked>> {
    people::table
        .filter(people::id.eq_any(ids))
        .order_by(people::id)
        .select((people::id, people::archived_at))
        .for_no_key_update()
        .load(conn)
}

/// The same without holding them.
pub fn people(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Locked>> {
    people::table.filter(people::id.eq_any(ids)).select((people::id, people::archived_at)).load(conn)
}

/// A sighting: person, when, feed, direction of the feed.
pub type Seen = (Uuid, DateTime<Utc>, Uuid, String);

/// The sightings of some people in `[from, to]`, voided ones aside.
pub fn seen(
    conn: &mut PgConnection,
    ids: &[Uuid],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> QueryResult<Vec<Seen>> {
    arrivals::table
        .inner_join(feeds::table)
        .filter(arrivals::person_id.eq_any(ids))
        .filter(arrivals::at.between(from, to))
        .filter(arrivals::voided_at.is_null())
        .select((arrivals::person_id, arrivals::at, arrivals::feed_id, feeds::direction))
        .load(conn)
}

/// The states of some people on the days from `from` to `to`, both included, that name a sighting which was erased
/// with the arrivals of its time. One whose arrival is still there, voided or not, is not among them.
pub fn outlasting_arrivals(
    conn: &mut PgConnection,
    ids: &[Uuid],
    (from, to): (NaiveDate, NaiveDate),
) -> QueryResult<Vec<Day>> {
    let erased = diesel::dsl::sql::<Bool>(
        "coalesce(first_in, last_out) < (SELECT arrivals_erased_until FROM retention) \
         AND NOT EXISTS (SELECT FROM arrivals a WHERE a.person_id = attendance_days.person_id \
           AND a.at = coalesce(attendance_days.first_in, attendance_days.last_out))",
    );
    attendance_days::table
        .filter(attendance_days::person_id.eq_any(ids))
        .filter(attendance_days::day.between(from, to))
        .filter(erased)
        .select(Day::as_select())
        .load(conn)
}

macro_rules! column {
    ($rows:ident, $field:ident) => {
        $rows.iter().map(|row| row.$field.clone()).collect::<Vec<_>>()
    };
}

/// What tells the states of people apart: person, schedule, day, slot.
pub type DayKey = (Uuid, Uuid, NaiveDate, i16);

#[derive(QueryableByName)]
#[diesel(table_name = attendance_days)]
struct Written {
    person_id: Uuid,
    schedule_id: Uuid,
    day: NaiveDate,
    slot: i16,
}

/// Writes states, touching only rows that change; says which did.
pub fn upsert(conn: &mut PgConnection, rows: &[Day]) -> QueryResult<Vec<DayKey>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let written: Vec<Written> =
    diesel::sql_query(
        "INSERT INTO attendance_days AS d (person_id, schedule_id, day, slot, group_id, starts_at, ends_at, state, \
            by_hand, mark_id, first_in, last_out, late_minutes, early_minutes, worked_minutes, seen_minutes) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (person_id, schedule_id, day, slot) DO UPDATE SET group_id = excluded.group_id, \
            starts_at = excluded.starts_at, ends_at = excluded.ends_at, state = excluded.state, \
            by_hand = excluded.by_hand, mark_id = excluded.mark_id, first_in = excluded.first_in, \
            last_out = excluded.last_out, late_minutes = excluded.late_minutes, \
            early_minutes = excluded.early_minutes, worked_minutes = excluded.worked_minutes, \
            seen_minutes = excluded.seen_minutes, computed_at = now() \
         WHERE (d.group_id, d.starts_at, d.ends_at, d.state, d.by_hand, d.mark_id, d.first_in, d.last_out, \
                d.late_minutes, d.early_minutes, d.worked_minutes, d.seen_minutes) IS DISTINCT FROM \
               (excluded.group_id, excluded.starts_at, excluded.ends_at, excluded.state, excluded.by_hand, \
                excluded.mark_id, excluded.first_in, excluded.last_out, excluded.late_minutes, \
                excluded.early_minutes, excluded.worked_minutes, excluded.seen_minutes) \
         RETURNING d.person_id, d.schedule_id, d.day, d.slot",
    )
    .bind::<Array<SqlUuid>, _>(column!(rows, person_id))
    .bind::<Array<SqlUuid>, _>(column!(rows, schedule_id))
    .bind::<Array<Date>, _>(column!(rows, day))
    .bind::<Array<SmallInt>, _>(column!(rows, slot))
    .bind::<Array<Nullable<SqlUuid>>, _>(column!(rows, group_id))
    .bind::<Array<Timestamptz>, _>(column!(rows, starts_at))
    .bind::<Array<Timestamptz>, _>(column!(rows, ends_at))
    .bind::<Array<Text>, _>(column!(rows, state))
    .bind::<Array<Bool>, _>(column!(rows, by_hand))
    .bind::<Array<Nullable<SqlUuid>>, _>(column!(rows, mark_id))
    .bind::<Array<Nullable<Timestamptz>>, _>(column!(rows, first_in))
    .bind::<Array<Nullable<Timestamptz>>, _>(column!(rows, last_out))
    .bind::<Array<Integer>, _>(column!(rows, late_minutes))
    .bind::<Array<Integer>, _>(column!(rows, early_minutes))
    .bind::<Array<Nullable<Integer>>, _>(column!(rows, worked_minutes))
    .bind::<Array<Nullable<Integer>>, _>(column!(rows, seen_minutes))
    .load(conn)?;
    Ok(written.into_iter().map(|row| (row.person_id, row.schedule_id, row.day, row.slot)).collect())
}

/// Deletes the states of some people on the days from `from` to `to`, both included, that are not among `kept`. Those
/// that are over and whose group was deleted stay: what was is not rewritten by that.
pub fn delete_others(
    conn: &mut PgConnection,
    ids: &[Uuid],
    (from, to): (NaiveDate, NaiveDate),
    all_day: Uuid,
    kept: &[Day],
) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM attendance_days d WHERE d.person_id = ANY($1) AND d.day BETWEEN $2 AND $3 \
           AND (d.group_id IS NOT NULL OR d.schedule_id = $4 OR d.ends_at > now()) \
           AND NOT EXISTS (SELECT FROM unnest($5, $6, $7, $8) AS k (person_id, schedule_id, day, slot) \
             WHERE k.person_id = d.person_id AND k.schedule_id = d.schedule_id AND k.day = d.day \
               AND k.slot = d.slot)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .bind::<SqlUuid, _>(all_day)
    .bind::<Array<SqlUuid>, _>(column!(kept, person_id))
    .bind::<Array<SqlUuid>, _>(column!(kept, schedule_id))
    .bind::<Array<Date>, _>(column!(kept, day))
    .bind::<Array<SmallInt>, _>(column!(kept, slot))
    .execute(conn)
}

/// Everybody, or the members of a group, past ones included.
pub fn people_of(conn: &mut PgConnection, group: Option<Uuid>) -> QueryResult<Vec<Uuid>> {
    use crate::schema::group_members;
    match group {
        Some(group) => group_members::table
            .filter(group_members::group_id.eq(group))
            .select(group_members::person_id)
            .distinct()
            .order_by(group_members::person_id)
            .load(conn),
        None => people::table.select(people::id).order_by(people::id).load(conn),
    }
}

/// A state with the names to show and the note of its mark.
pub type Named = (Day, String, Option<String>, Option<String>);

/// The states of a person on the days `[from, until)`, in the order of time: with the names of schedule and group, and
/// the note of the mark.
pub fn of_person(
    conn: &mut PgConnection,
    person: Uuid,
    from: NaiveDate,
    until: NaiveDate,
) -> QueryResult<Vec<Named>> {
    attendance_days::table
        .inner_join(schedules::table)
        .left_join(groups::table)
        .left_join(marks::table)
        .filter(attendance_days::person_id.eq(person))
        .filter(attendance_days::day.ge(from))
        .filter(attendance_days::day.lt(until))
        .order_by((attendance_days::starts_at, attendance_days::schedule_id, attendance_days::slot))
        .select((Day::as_select(), schedules::name, groups::name.nullable(), marks::note.nullable()))
        .load(conn)
}

/// How many people of a scope are late for, and how many absent from, something on a day.
pub fn late_and_absent(conn: &mut PgConnection, scope: &Scope, day: NaiveDate) -> QueryResult<(i64, i64)> {
    let mut count = |condition: &str| {
        attendance_days::table
            .inner_join(people::table)
            .filter(attendance_days::day.eq(day))
            .filter(diesel::dsl::sql::<Bool>(condition))
            .filter(scope.people())
            .select(diesel::dsl::count(attendance_days::person_id).aggregate_distinct())
            .first(conn)
    };
    Ok((count(was_late!("attendance_days"))?, count("attendance_days.state = 'absent'")?))
}
