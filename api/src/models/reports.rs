//! What reports read: one statement each, whose rows come one at a time and in the order of names.
//!
//! All statements take the same first parameters, those of [`Filter`], so that what a report counts and what it lists
//! cannot differ.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::{Pg, PgRowByRowLoadingMode};
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Int2, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

use super::attendance_days::was_late;

/// Which attendance a report is about.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: NaiveDate,
    /// People who belong to one of these groups today; none: everybody.
    pub scope_groups: Option<Vec<Uuid>>,
    /// One person.
    pub person: Option<Uuid>,
    /// Attendance that a group's schedules ask for.
    pub group: Option<Uuid>,
    /// Attendance of whoever belonged to that group on the day, too.
    pub group_by_members: bool,
}

/// A statement with the parameters of a filter: `$1` to `$6`.
pub(super) type Statement = BoxedSqlQuery<'static, Pg, SqlQuery>;

pub(super) fn statement(text: &'static str, filter: &Filter) -> Statement {
    diesel::sql_query(text)
        .into_boxed::<Pg>()
        .bind::<Date, _>(filter.from)
        .bind::<Date, _>(filter.to)
        .bind::<Nullable<Array<SqlUuid>>, _>(filter.scope_groups.clone())
        .bind::<Nullable<SqlUuid>, _>(filter.person)
        .bind::<Nullable<SqlUuid>, _>(filter.group)
        .bind::<Bool, _>(filter.group_by_members)
}

/// Which rows of `people p`: those in the caller's scope. The people of a group are found first, as an array: else the
/// planner expects to meet enough of them soon and walks through everybody by name.
macro_rules! people_in_scope {
    () => {
        "($3::uuid[] IS NULL OR p.id IN (SELECT sm.person_id FROM group_members sm, settings ss \
            WHERE daterange(sm.from_day, sm.until_day) @> (now() AT TIME ZONE ss.timezone)::date \
            AND sm.group_id = ANY($3))) \
         AND ($4::uuid IS NULL OR p.id = $4) \
         AND ($5::uuid IS NULL OR p.id = ANY(ARRAY(SELECT gd.person_id FROM attendance_days gd \
            WHERE gd.group_id = $5 AND gd.day >= $1 AND gd.day < $2 \
            UNION SELECT gm.person_id FROM group_members gm WHERE $6 AND gm.group_id = $5))) "
    };
}
pub(super) use people_in_scope;

/// Which rows of `attendance_days`, by its alias: those of the days and of the group.
macro_rules! days_in_range {
    ($d:literal) => {
        concat!(
            $d,
            ".day >= $1 AND ",
            $d,
            ".day < $2 AND ($5::uuid IS NULL OR ",
            $d,
            ".group_id = $5 \
             OR ($6 AND EXISTS (SELECT FROM group_members gm WHERE gm.group_id = $5 AND gm.person_id = ",
            $d,
            ".person_id AND daterange(gm.from_day, gm.until_day) @> ",
            $d,
            ".day))) "
        )
    };
}
pub(super) use days_in_range;

/// The letter of a day, over the instances `d` of a person on it. The legend is in `domain::reports`.
macro_rules! letter {
    () => {
        "CASE WHEN bool_or(d.state IN ('present', 'late', 'left_early', 'half_day')) THEN \
                CASE WHEN bool_or(d.state IN ('half_day', 'absent')) THEN 'H' \
                     WHEN bool_or(d.state = 'late') THEN 'L' \
                     WHEN bool_or(d.state = 'left_early') THEN 'D' ELSE 'P' END \
              WHEN bool_or(d.state = 'absent') THEN 'A' \
              WHEN bool_or(d.state = 'unconfirmed') THEN 'U' \
              WHEN bool_or(d.state = 'expected') THEN 'N' \
              WHEN bool_or(d.state = 'excused') THEN 'E' ELSE 'O' END "
    };
}
pub(super) use letter;

/// The days on which schedules do not ask for check-out, as a part of a `WITH`: how long somebody was there is then not
/// asked, either.
macro_rules! unasked {
    () => {
        "unasked AS MATERIALIZED (SELECT schedule_id, days FROM (SELECT schedule_id, rules, daterange(from_day, \
             lead(from_day) OVER (PARTITION BY schedule_id ORDER BY from_day)) AS days FROM schedule_versions) AS v \
             WHERE NOT coalesce((rules ->> 'asks_check_out')::boolean, false)) "
    };
}

/// Which instances `d` somebody attended whose hours are asked for and not known, with `unasked u` beside them: not seen
/// to come, not seen to leave, or marked as there and not seen at all. Classes without a schedule ask for none.
macro_rules! hours_unknown {
    () => {
        "d.worked_minutes IS NULL AND u.schedule_id IS NULL \
         AND d.schedule_id <> '00000000-0000-0000-0000-000000000001' \
         AND (d.state IN ('present', 'late', 'left_early', 'half_day') \
              OR d.first_in IS NOT NULL OR d.last_out IS NOT NULL)"
    };
}

/// The people of a report, by name: `$7`, `$8` are the last of the page before, `$9` how many.
macro_rules! page_of_people {
    () => {
        concat!(
            "WITH page AS MATERIALIZED (SELECT p.id, p.name, p.external_id FROM people p WHERE ",
            people_in_scope!(),
            "AND ($7::text IS NULL OR (p.name, p.id) > ($7, $8)) \
             AND EXISTS (SELECT FROM attendance_days d WHERE d.person_id = p.id AND ",
            days_in_range!("d"),
            ") ORDER BY p.name, p.id LIMIT $9) "
        )
    };
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PersonKey {
    pub name: String,
    pub id: Uuid,
}

/// The days of a person; the vectors are of one length.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct PersonDays {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub external_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub group_name: Option<String>,
    #[diesel(sql_type = Array<Date>)]
    pub days: Vec<NaiveDate>,
    /// A letter a day.
    #[diesel(sql_type = Text)]
    pub letters: String,
    /// Minutes worked; null where nothing was.
    #[diesel(sql_type = Array<Nullable<BigInt>>)]
    pub minutes: Vec<Option<i64>>,
    /// Instances attended, whose hours are not known.
    #[diesel(sql_type = BigInt)]
    pub open: i64,
}

/// The days of each person, by name.
pub fn person_days<'conn>(
    conn: &'conn mut PgConnection,
    filter: &Filter,
    after: Option<&PersonKey>,
    limit: Option<i64>,
) -> QueryResult<impl Iterator<Item = QueryResult<PersonDays>> + 'conn> {
    statement(
        concat!(
            page_of_people!(),
            ", ",
            unasked!(),
            "SELECT page.id, page.name, page.external_id, days.* FROM page CROSS JOIN LATERAL ( \
             SELECT min(group_name) AS group_name, array_agg(day ORDER BY day) AS days, \
                    string_agg(letter, '' ORDER BY day) AS letters, array_agg(minutes ORDER BY day) AS minutes, \
                    coalesce(sum(open), 0)::bigint AS open \
             FROM (SELECT d.day, min(g.name) AS group_name, sum(d.worked_minutes)::bigint AS minutes, \
                          count(*) FILTER (WHERE ",
            hours_unknown!(),
            ") AS open, ",
            letter!(),
            "AS letter FROM attendance_days d LEFT JOIN groups g ON g.id = d.group_id \
                  LEFT JOIN unasked u ON u.schedule_id = d.schedule_id AND u.days @> d.day \
             WHERE d.person_id = page.id AND ",
            days_in_range!("d"),
            "GROUP BY d.day) AS by_day) AS days ORDER BY page.name, page.id"
        ),
        filter,
    )
    .bind::<Nullable<Text>, _>(after.map(|key| key.name.clone()))
    .bind::<Nullable<SqlUuid>, _>(after.map(|key| key.id))
    .bind::<Nullable<BigInt>, _>(limit)
    .load_iter::<PersonDays, PgRowByRowLoadingMode>(conn)
}

/// Which instances a report lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Listed {
    All,
    Late,
    Absences,
}

/// Where a page of instances ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct InstanceKey {
    pub person: PersonKey,
    pub day: NaiveDate,
    pub starts_at: DateTime<Utc>,
    pub schedule: Uuid,
    pub slot: i16,
}

/// A person in a shift instance.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct Instance {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub external_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub group_name: Option<String>,
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    #[diesel(sql_type = SqlUuid)]
    pub schedule_id: Uuid,
    #[diesel(sql_type = Text)]
    pub schedule_name: String,
    #[diesel(sql_type = Int2)]
    pub slot: i16,
    #[diesel(sql_type = Timestamptz)]
    pub starts_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub ends_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub first_in: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_out: Option<DateTime<Utc>>,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Integer)]
    pub late_minutes: i32,
    /// Of the newest hand mark.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// How often the person was late in the range; only for [`Listed::Late`].
    #[diesel(sql_type = BigInt)]
    pub times: i64,
}

/// A statement for instances: which, and how often each person was late.
macro_rules! instances {
    ($which:expr, $times:expr) => {
        concat!(
            "SELECT p.id, p.name, p.external_id, g.name AS group_name, d.day, d.schedule_id, \
                    s.name AS schedule_name, d.slot, d.starts_at, d.ends_at, d.first_in, d.last_out, d.state, \
                    d.late_minutes, (SELECT k.note FROM marks k WHERE k.person_id = d.person_id \
                        AND k.schedule_id = d.schedule_id AND k.day = d.day AND k.slot = d.slot \
                        ORDER BY k.id DESC LIMIT 1) AS note, ",
            $times,
            " AS times FROM people p JOIN attendance_days d ON d.person_id = p.id \
             JOIN schedules s ON s.id = d.schedule_id LEFT JOIN groups g ON g.id = d.group_id WHERE ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "AND ",
            $which,
            "AND ($7::text IS NULL OR (p.name >= $7 AND \
                (p.name, p.id, d.day, d.starts_at, d.schedule_id, d.slot) > ($7, $8, $10, $11, $12, $13))) \
             ORDER BY p.name, p.id, d.day, d.starts_at, d.schedule_id, d.slot LIMIT $9"
        )
    };
}

const ALL: &str = instances!("TRUE ", "0::bigint");
const ABSENCES: &str = instances!("d.state IN ('absent', 'excused', 'unconfirmed') ", "0::bigint");
const LATE: &str = instances!(
    was_late!("d"),
    concat!(
        "(SELECT count(*) FROM attendance_days l WHERE l.person_id = p.id AND ",
        days_in_range!("l"),
        "AND ",
        was_late!("l"),
        ")"
    )
);

/// Instances, by name and day.
pub fn instances<'conn>(
    conn: &'conn mut PgConnection,
    filter: &Filter,
    listed: Listed,
    after: Option<&InstanceKey>,
    limit: Option<i64>,
) -> QueryResult<impl Iterator<Item = QueryResult<Instance>> + 'conn> {
    let text = match listed {
        Listed::All => ALL,
        Listed::Late => LATE,
        Listed::Absences => ABSENCES,
    };
    statement(text, filter)
        .bind::<Nullable<Text>, _>(after.map(|key| key.person.name.clone()))
        .bind::<Nullable<SqlUuid>, _>(after.map(|key| key.person.id))
        .bind::<Nullable<BigInt>, _>(limit)
        .bind::<Nullable<Date>, _>(after.map(|key| key.day))
        .bind::<Nullable<Timestamptz>, _>(after.map(|key| key.starts_at))
        .bind::<Nullable<SqlUuid>, _>(after.map(|key| key.schedule))
        .bind::<Nullable<Int2>, _>(after.map(|key| key.slot))
        .load_iter::<Instance, PgRowByRowLoadingMode>(conn)
}

/// What instances of one state come to.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct StateTotal {
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = BigInt)]
    pub instances: i64,
    /// Those that count as late, and their minutes.
    #[diesel(sql_type = BigInt)]
    pub late: i64,
    #[diesel(sql_type = BigInt)]
    pub late_minutes: i64,
    #[diesel(sql_type = BigInt)]
    pub worked_minutes: i64,
    /// Those attended whose hours are not known.
    #[diesel(sql_type = BigInt)]
    pub open: i64,
}

/// Instances by state.
pub fn state_totals(conn: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<StateTotal>> {
    statement(
        concat!(
            "WITH ",
            unasked!(),
            "SELECT d.state, count(*) AS instances, count(*) FILTER (WHERE ",
            was_late!("d"),
            ") AS late, coalesce(sum(d.late_minutes) FILTER (WHERE ",
            was_late!("d"),
            "), 0)::bigint AS late_minutes, coalesce(sum(d.worked_minutes), 0)::bigint AS worked_minutes, \
             count(*) FILTER (WHERE ",
            hours_unknown!(),
            ") AS open FROM attendance_days d JOIN people p ON p.id = d.person_id \
             LEFT JOIN unasked u ON u.schedule_id = d.schedule_id AND u.days @> d.day WHERE ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "GROUP BY d.state"
        ),
        filter,
    )
    .load(conn)
}

/// How many days of how many people have a letter.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct LetterTotal {
    #[diesel(sql_type = Text)]
    pub letter: String,
    #[diesel(sql_type = BigInt)]
    pub days: i64,
}

/// The letters of a register.
pub fn letter_totals(conn: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<LetterTotal>> {
    statement(
        concat!(
            "SELECT letter, count(*) AS days FROM (SELECT ",
            letter!(),
            "AS letter FROM attendance_days d JOIN people p ON p.id = d.person_id WHERE ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "GROUP BY d.person_id, d.day) AS letters GROUP BY letter"
        ),
        filter,
    )
    .load(conn)
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// How many people a report has.
pub fn count_people(conn: &mut PgConnection, filter: &Filter) -> QueryResult<i64> {
    let row: Number = statement(
        concat!(
            "SELECT count(*) AS number FROM people p WHERE ",
            people_in_scope!(),
            "AND EXISTS (SELECT FROM attendance_days d WHERE d.person_id = p.id AND ",
            days_in_range!("d"),
            ")"
        ),
        filter,
    )
    .get_result(conn)?;
    Ok(row.number)
}

/// Whether a group has schedules of its own on some of the days.
pub fn has_schedules(
    conn: &mut PgConnection,
    group: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<bool> {
    use crate::schema::group_schedules as g;
    diesel::select(diesel::dsl::exists(
        g::table
            .filter(g::group_id.eq(group))
            .filter(g::from_day.lt(to))
            .filter(g::until_day.is_null().or(g::until_day.gt(from))),
    ))
    .get_result(conn)
}

/// Lets the statements of this transaction take as long as a file of a year may.
pub fn allow_long_statements(conn: &mut PgConnection) -> QueryResult<()> {
    use diesel::connection::SimpleConnection;
    conn.batch_execute("SET LOCAL statement_timeout = '60s'")
}

/// The name of a group.
pub fn group_name(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<String>> {
    use crate::schema::groups;
    groups::table.find(id).select(groups::name).first(conn).optional()
}
