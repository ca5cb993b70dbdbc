//! What analytics count, over the same attendance as reports.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::attendance_days::was_late;
use super::reports::{Filter, days_in_range, letter, people_in_scope, statement};

/// A day's instances by state.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct DayCounts {
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub attended: i64,
    #[diesel(sql_type = BigInt)]
    pub absent: i64,
    #[diesel(sql_type = BigInt)]
    pub excused: i64,
    #[diesel(sql_type = BigInt)]
    pub holiday: i64,
    #[diesel(sql_type = BigInt)]
    pub unconfirmed: i64,
    #[diesel(sql_type = BigInt)]
    pub expected: i64,
}

/// Instances by day and state.
pub fn by_day(conn: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<DayCounts>> {
    statement(
        concat!(
            "SELECT d.day, \
               count(*) FILTER (WHERE d.state IN ('present', 'late', 'left_early', 'half_day')) AS attended, \
               count(*) FILTER (WHERE d.state = 'absent') AS absent, \
               count(*) FILTER (WHERE d.state = 'excused') AS excused, \
               count(*) FILTER (WHERE d.state = 'holiday') AS holiday, \
               count(*) FILTER (WHERE d.state = 'unconfirmed') AS unconfirmed, \
               count(*) FILTER (WHERE d.state = 'expected') AS expected \
             FROM attendance_days d JOIN people p ON p.id = d.person_id WHERE ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "GROUP BY d.day ORDER BY d.day"
        ),
        filter,
    )
    .load(conn)
}

/// When each person was first seen on each day; `$7` is the site's zone.
macro_rules! first_arrivals {
    () => {
        concat!(
            "WITH first AS (SELECT d.day, min(d.first_in) AT TIME ZONE $7 AS at \
             FROM attendance_days d JOIN people p ON p.id = d.person_id WHERE d.first_in IS NOT NULL AND ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "GROUP BY d.person_id, d.day) "
        )
    };
}

/// Arrivals in a part of the day or week.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct ArrivalCounts {
    /// The first minute of the quarter hour, or the weekday (ISO: Monday is 1).
    #[diesel(sql_type = Integer)]
    pub part: i32,
    #[diesel(sql_type = BigInt)]
    pub arrivals: i64,
    /// On how many days.
    #[diesel(sql_type = BigInt)]
    pub days: i64,
}

/// First arrivals by quarter hour of the local day.
pub fn by_quarter_hour(
    conn: &mut PgConnection,
    filter: &Filter,
    zone: &str,
) -> QueryResult<Vec<ArrivalCounts>> {
    statement(
        concat!(
            first_arrivals!(),
            "SELECT (extract(hour FROM at) * 60)::integer + (extract(minute FROM at)::integer / 15) * 15 AS part, \
             count(*) AS arrivals, count(DISTINCT day) AS days FROM first GROUP BY part ORDER BY part"
        ),
        filter,
    )
    .bind::<Text, _>(zone.to_owned())
    .load(conn)
}

/// First arrivals by the weekday of the day that they count for.
pub fn by_weekday(conn: &mut PgConnection, filter: &Filter, zone: &str) -> QueryResult<Vec<ArrivalCounts>> {
    statement(
        concat!(
            first_arrivals!(),
            "SELECT extract(isodow FROM day)::integer AS part, count(*) AS arrivals, count(DISTINCT day) AS days \
             FROM first GROUP BY part ORDER BY part"
        ),
        filter,
    )
    .bind::<Text, _>(zone.to_owned())
    .load(conn)
}

/// Lateness of a group.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct LatenessCounts {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub group_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub group_name: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub attended: i64,
    #[diesel(sql_type = BigInt)]
    pub late: i64,
    #[diesel(sql_type = Nullable<Double>)]
    pub median: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub p90: Option<f64>,
}

/// Lateness by group, the largest share first.
pub fn lateness(conn: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<LatenessCounts>> {
    statement(
        concat!(
            "SELECT c.group_id, g.name AS group_name, c.attended, c.late, c.median, c.p90 FROM (SELECT d.group_id, \
               count(*) FILTER (WHERE d.state IN ('present', 'late', 'left_early', 'half_day')) AS attended, \
               count(*) FILTER (WHERE ",
            was_late!("d"),
            ") AS late, percentile_cont(0.5) WITHIN GROUP (ORDER BY d.late_minutes) FILTER (WHERE ",
            was_late!("d"),
            ") AS median, percentile_cont(0.9) WITHIN GROUP (ORDER BY d.late_minutes) FILTER (WHERE ",
            was_late!("d"),
            ") AS p90 FROM attendance_days d JOIN people p ON p.id = d.person_id WHERE ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "GROUP BY d.group_id) AS c LEFT JOIN groups g ON g.id = c.group_id \
             ORDER BY c.late::float8 / nullif(c.attended, 0) DESC NULLS LAST, g.name, c.group_id"
        ),
        filter,
    )
    .load(conn)
}

/// A person's day as a whole.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct DayLetter {
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    #[diesel(sql_type = Text)]
    pub letter: String,
    #[diesel(sql_type = BigInt)]
    pub late_minutes: i64,
}

/// The days of a person, who is the filter's.
pub fn days_of_person(conn: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<DayLetter>> {
    statement(
        concat!(
            "SELECT d.day, sum(d.late_minutes)::bigint AS late_minutes, ",
            letter!(),
            "AS letter FROM attendance_days d JOIN people p ON p.id = d.person_id WHERE ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "GROUP BY d.day ORDER BY d.day"
        ),
        filter,
    )
    .load(conn)
}

/// How many people of a group have a day of each letter.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct GroupLetters {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub group_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub group_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub letter: String,
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// People by group and letter; the filter names one day.
pub fn letters_by_group(conn: &mut PgConnection, filter: &Filter) -> QueryResult<Vec<GroupLetters>> {
    statement(
        concat!(
            "SELECT l.group_id, g.name AS group_name, l.letter, count(*) AS people FROM (SELECT d.group_id, ",
            letter!(),
            "AS letter FROM attendance_days d JOIN people p ON p.id = d.person_id WHERE ",
            people_in_scope!(),
            "AND ",
            days_in_range!("d"),
            "GROUP BY d.group_id, d.person_id) AS l LEFT JOIN groups g ON g.id = l.group_id \
             GROUP BY l.group_id, g.name, l.letter ORDER BY g.name NULLS LAST, l.group_id, l.letter"
        ),
        filter,
    )
    .load(conn)
}
