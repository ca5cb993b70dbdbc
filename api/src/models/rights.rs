//! Consents there were, their texts, how long data is kept, and what is kept of a person.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::models::people::Consent;
use crate::schema::{consent_history, consent_texts, retention, retention_runs};

/// A consent that stands or stood.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = consent_history)]
#[allow(missing_docs)]
pub struct PastConsent {
    pub given_by: String,
    pub at: DateTime<Utc>,
    pub text_version: String,
    pub recorded_by: Uuid,
    pub recorded_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<Uuid>,
    pub withdrawn: bool,
}

/// Notes a consent, in place of one that stands.
pub fn begin_consent(conn: &mut PgConnection, consent: &Consent) -> QueryResult<()> {
    end_consent(conn, consent.person_id, consent.recorded_by, false)?;
    diesel::insert_into(consent_history::table)
        .values((
            consent_history::person_id.eq(consent.person_id),
            consent_history::given_by.eq(&consent.given_by),
            consent_history::at.eq(consent.at),
            consent_history::text_version.eq(&consent.text_version),
            consent_history::recorded_by.eq(consent.recorded_by),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that the consent that stands has ended.
pub fn end_consent(conn: &mut PgConnection, person: Uuid, by: Uuid, withdrawn: bool) -> QueryResult<()> {
    let standing = consent_history::table
        .filter(consent_history::person_id.eq(person))
        .filter(consent_history::ended_at.is_null());
    diesel::update(standing)
        .set((
            consent_history::ended_at.eq(Utc::now()),
            consent_history::ended_by.eq(by),
            consent_history::withdrawn.eq(withdrawn),
        ))
        .execute(conn)?;
    Ok(())
}

/// All consents of a person, oldest first.
pub fn consents_of(conn: &mut PgConnection, person: Uuid) -> QueryResult<Vec<PastConsent>> {
    consent_history::table
        .filter(consent_history::person_id.eq(person))
        .order_by((consent_history::recorded_at, consent_history::id))
        .select(PastConsent::as_select())
        .load(conn)
}

/// The versions of the text, newest first: version, text, when it was written.
pub fn texts(conn: &mut PgConnection) -> QueryResult<Vec<(String, String, DateTime<Utc>)>> {
    consent_texts::table
        .order_by(consent_texts::created_at.desc())
        .select((consent_texts::version, consent_texts::text, consent_texts::created_at))
        .load(conn)
}

/// The newest version of the text.
pub fn newest_text(conn: &mut PgConnection) -> QueryResult<String> {
    consent_texts::table.order_by(consent_texts::created_at.desc()).select(consent_texts::version).first(conn)
}

/// Adds a version of the text; says whether it was not there before.
pub fn insert_text(conn: &mut PgConnection, version: &str, text: &str, by: Uuid) -> QueryResult<bool> {
    let inserted = diesel::insert_into(consent_texts::table)
        .values((
            consent_texts::version.eq(version),
            consent_texts::text.eq(text),
            consent_texts::created_by.eq(by),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(inserted > 0)
}

/// How long each kind of data is kept, in days.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = retention, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct Periods {
    pub arrivals_days: Option<i32>,
    pub attendance_days: Option<i32>,
    pub audit_days: Option<i32>,
    pub imports_days: i32,
}

/// The periods.
pub fn periods(conn: &mut PgConnection) -> QueryResult<Periods> {
    retention::table.select(Periods::as_select()).first(conn)
}

/// Replaces the periods.
pub fn set_periods(conn: &mut PgConnection, periods: &Periods) -> QueryResult<()> {
    diesel::update(retention::table).set(periods).execute(conn)?;
    Ok(())
}

/// Takes a night; false where another process has it.
pub fn claim_night(conn: &mut PgConnection, day: NaiveDate) -> QueryResult<bool> {
    let taken = diesel::insert_into(retention_runs::table)
        .values(retention_runs::day.eq(day))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(taken > 0)
}

/// Deletes some arrivals from before a time; says how many.
pub fn purge_arrivals(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM arrivals WHERE id IN (SELECT id FROM arrivals WHERE at < $1 ORDER BY at LIMIT $2)",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(limit)
    .execute(conn)
}

/// Notes up to when arrivals were erased; a later time that was noted before stands.
pub fn note_erased(conn: &mut PgConnection, until: DateTime<Utc>) -> QueryResult<()> {
    diesel::sql_query("UPDATE retention SET arrivals_erased_until = greatest(arrivals_erased_until, $1)")
        .bind::<Timestamptz, _>(until)
        .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Deletes day states, corrections and marks of days before one; says how many of each.
pub fn purge_attendance(conn: &mut PgConnection, before: NaiveDate) -> QueryResult<(usize, usize, i64)> {
    let mut delete = |sql: &str| diesel::sql_query(sql).bind::<Date, _>(before).execute(conn);
    let days = delete("DELETE FROM attendance_days WHERE day < $1")?;
    let corrections = delete("DELETE FROM corrections WHERE day < $1")?;
    let marks: Number =
        diesel::sql_query("SELECT purge_marks($1) AS n").bind::<Date, _>(before).get_result(conn)?;
    Ok((days, corrections, marks.n))
}

/// How much is kept of a person.
#[derive(Debug, Clone, Copy, QueryableByName)]
#[allow(missing_docs)]
pub struct Kept {
    #[diesel(sql_type = BigInt)]
    pub photos: i64,
    #[diesel(sql_type = BigInt)]
    pub templates: i64,
    #[diesel(sql_type = BigInt)]
    pub non_matches: i64,
    #[diesel(sql_type = BigInt)]
    pub arrivals: i64,
    #[diesel(sql_type = BigInt)]
    pub attendance_days: i64,
    #[diesel(sql_type = BigInt)]
    pub marks: i64,
    #[diesel(sql_type = BigInt)]
    pub corrections: i64,
    #[diesel(sql_type = BigInt)]
    pub memberships: i64,
    #[diesel(sql_type = BigInt)]
    pub consents: i64,
    #[diesel(sql_type = BigInt)]
    pub messages: i64,
    #[diesel(sql_type = BigInt)]
    pub pins: i64,
    #[diesel(sql_type = BigInt)]
    pub badges: i64,
}

/// How much is kept of a person.
pub fn kept(conn: &mut PgConnection, person: Uuid) -> QueryResult<Kept> {
    diesel::sql_query(
        "SELECT (SELECT count(*) FROM photos WHERE person_id = $1) AS photos, \
         (SELECT count(*) FROM templates WHERE person_id = $1) AS templates, \
         (SELECT count(*) FROM non_matches WHERE person_id = $1) AS non_matches, \
         (SELECT count(*) FROM arrivals WHERE person_id = $1) AS arrivals, \
         (SELECT count(*) FROM attendance_days WHERE person_id = $1) AS attendance_days, \
         (SELECT count(*) FROM marks WHERE person_id = $1) AS marks, \
         (SELECT count(*) FROM corrections WHERE person_id = $1) AS corrections, \
         (SELECT count(*) FROM group_members WHERE person_id = $1) AS memberships, \
         (SELECT count(*) FROM consent_history WHERE person_id = $1) AS consents, \
         (SELECT count(*) FROM outbox WHERE person_id = $1) AS messages, \
         (SELECT count(*) FROM person_pins WHERE person_id = $1) AS pins, \
         (SELECT count(*) FROM badges WHERE person_id = $1) AS badges",
    )
    .bind::<SqlUuid, _>(person)
    .get_result(conn)
}

/// The columns and rows of a table that are a person's.
pub type Rows = Vec<serde_json::Map<String, serde_json::Value>>;

/// What is kept of a person in the tables that a copy of their data has, each row by column, oldest first.
pub fn rows_of(conn: &mut PgConnection, person: Uuid, table: PersonTable) -> QueryResult<Rows> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        row: String,
    }
    let rows: Vec<Row> =
        diesel::sql_query(format!("SELECT row_to_json(t)::text AS row FROM ({}) t", table.sql()))
            .bind::<SqlUuid, _>(person)
            .load(conn)?;
    Ok(rows.into_iter().filter_map(|row| serde_json::from_str(&row.row).ok()).collect())
}

/// A table that a copy of a person's data has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PersonTable {
    Arrivals,
    AttendanceDays,
    Marks,
    Corrections,
    Memberships,
    Messages,
}

impl PersonTable {
    fn sql(self) -> &'static str {
        match self {
            Self::Arrivals => {
                "SELECT a.id, a.at, f.name AS feed, a.method, a.captured_at, a.received_at, a.similarity, a.margin, \
                 a.threshold, a.liveness, a.model_pack, a.time_unproven, a.provisional, a.confirmed_at, a.voided_at, \
                 a.void_reason \
                 FROM arrivals a JOIN feeds f ON f.id = a.feed_id WHERE a.person_id = $1 ORDER BY a.at"
            }
            Self::AttendanceDays => {
                "SELECT d.day, s.name AS schedule, d.slot, d.starts_at, d.ends_at, d.state, d.by_hand, d.first_in, \
                 d.last_out, d.late_minutes, d.early_minutes, d.worked_minutes, d.seen_minutes FROM attendance_days d \
                 JOIN schedules s ON s.id = d.schedule_id WHERE d.person_id = $1 ORDER BY d.day, d.slot"
            }
            Self::Marks => {
                "SELECT m.day, s.name AS schedule, m.slot, m.state, m.note, m.marked_at FROM marks m \
                 JOIN schedules s ON s.id = m.schedule_id WHERE m.person_id = $1 ORDER BY m.marked_at"
            }
            Self::Corrections => {
                "SELECT c.day, s.name AS schedule, c.slot, c.state, c.reason, c.asked_at, c.approved, c.decided_at, \
                 c.decision_note FROM corrections c JOIN schedules s ON s.id = c.schedule_id \
                 WHERE c.person_id = $1 ORDER BY c.asked_at"
            }
            Self::Messages => {
                "SELECT o.kind, o.channel, o.to_person, o.day, o.state, o.created_at, o.sent_at FROM outbox o \
                 WHERE o.person_id = $1 ORDER BY o.created_at"
            }
            Self::Memberships => {
                "SELECT g.name AS \"group\", g.kind, m.from_day, m.until_day FROM group_members m \
                 JOIN groups g ON g.id = m.group_id WHERE m.person_id = $1 ORDER BY m.from_day NULLS FIRST"
            }
        }
    }
}
