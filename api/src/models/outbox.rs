//! What is to be told, was told, and could not be.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::upsert::excluded;
use serde_json::Value;
use uuid::Uuid;

use super::attendance_days::was_late;
use crate::schema::{feeds, outbox, people, webhooks};

/// One thing for one recipient by one way.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = outbox)]
#[allow(missing_docs)]
pub struct Message {
    pub id: Uuid,
    pub kind: String,
    pub channel: String,
    pub target: String,
    pub webhook_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub person_id: Option<Uuid>,
    pub feed_id: Option<Uuid>,
    pub report_schedule_id: Option<Uuid>,
    pub schedule_id: Option<Uuid>,
    pub day: Option<NaiveDate>,
    pub slot: Option<i16>,
    pub payload: Value,
    pub bundle: String,
    pub state: String,
    pub created_at: DateTime<Utc>,
    pub not_before: DateTime<Utc>,
    pub delivery_id: Option<Uuid>,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// A row to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = outbox)]
#[allow(missing_docs)]
pub struct NewMessage {
    pub id: Uuid,
    pub key: String,
    pub kind: String,
    pub channel: String,
    pub target: String,
    pub webhook_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub person_id: Option<Uuid>,
    pub feed_id: Option<Uuid>,
    pub report_schedule_id: Option<Uuid>,
    pub to_person: bool,
    pub schedule_id: Option<Uuid>,
    pub day: Option<NaiveDate>,
    pub slot: Option<i16>,
    pub payload: Value,
    pub bundle: String,
    pub state: String,
    pub created_at: DateTime<Utc>,
    pub not_before: DateTime<Utc>,
}

/// Adds rows; one whose key is there already changes nothing, unless that one was withdrawn: then it counts again.
/// Says how many were added.
pub fn insert(conn: &mut PgConnection, rows: &[NewMessage]) -> QueryResult<usize> {
    use diesel::query_dsl::methods::FilterDsl;
    let mut added = 0;
    for rows in rows.chunks(1000) {
        let insert =
            diesel::insert_into(outbox::table).values(rows).on_conflict(outbox::key).do_update().set((
                outbox::state.eq(excluded(outbox::state)),
                outbox::not_before.eq(excluded(outbox::not_before)),
                outbox::payload.eq(excluded(outbox::payload)),
                outbox::bundle.eq(excluded(outbox::bundle)),
                outbox::delivery_id.eq(None::<Uuid>),
                outbox::attempts.eq(0),
                outbox::last_error.eq(None::<String>),
            ));
        added += FilterDsl::filter(insert, outbox::state.eq("withdrawn")).execute(conn)?;
    }
    Ok(added)
}

/// Takes what is due by a way: the rows of the message that has waited longest. Nobody else has them until `until`,
/// unless they are finished before. Run it in a transaction.
///
/// Claims of one way are made one after the other, so that what shares a message is not torn apart by two senders; rows
/// that somebody else holds are passed over.
pub fn claim(
    conn: &mut PgConnection,
    channel: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    most: i64,
) -> QueryResult<Vec<Message>> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(7206516, hashtext($1))")
        .bind::<Text, _>(channel)
        .execute(conn)?;
    let due = || {
        outbox::table
            .filter(outbox::channel.eq(channel.to_owned()))
            .filter(outbox::state.eq("pending"))
            .filter(outbox::not_before.le(now))
            .filter(outbox::claimed_until.is_null().or(outbox::claimed_until.le(now)))
    };
    let first: Option<Message> = due()
        .order_by((outbox::not_before, outbox::id))
        .select(Message::as_select())
        .for_update()
        .skip_locked()
        .first(conn)
        .optional()?;
    let Some(first) = first else { return Ok(Vec::new()) };
    let rest: Vec<Uuid> = due()
        .filter(outbox::target.eq(&first.target))
        .filter(outbox::bundle.eq(&first.bundle))
        .filter(outbox::delivery_id.is_not_distinct_from(first.delivery_id))
        .order_by(outbox::id)
        .limit(most)
        .select(outbox::id)
        .for_update()
        .skip_locked()
        .load(conn)?;
    let delivery = first.delivery_id.unwrap_or_else(Uuid::now_v7);
    let mut claimed: Vec<Message> = diesel::update(outbox::table.filter(outbox::id.eq_any(rest)))
        .set((
            outbox::delivery_id.eq(delivery),
            outbox::claimed_until.eq(until),
            outbox::attempts.eq(outbox::attempts + 1),
        ))
        .returning(Message::as_returning())
        .get_results(conn)?;
    claimed.sort_by_key(|message| message.id);
    Ok(claimed)
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken over.
    Sent,
    /// It is tried again from then on.
    Again(DateTime<Utc>, String),
    /// It is given up.
    Dead(String),
}

/// Writes down what became of an attempt, unless the claim was lost meanwhile.
pub fn finish(
    conn: &mut PgConnection,
    (delivery, attempt): (Uuid, i32),
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let claimed = outbox::table
        .filter(outbox::delivery_id.eq(delivery))
        .filter(outbox::state.eq("pending"))
        .filter(outbox::attempts.eq(attempt));
    let free = outbox::claimed_until.eq(None::<DateTime<Utc>>);
    match outcome {
        Outcome::Sent => diesel::update(claimed)
            .set((
                free,
                outbox::state.eq("sent"),
                outbox::sent_at.eq(now),
                outbox::last_error.eq(None::<String>),
            ))
            .execute(conn),
        Outcome::Again(at, error) => diesel::update(claimed)
            .set((free, outbox::not_before.eq(at), outbox::last_error.eq(error)))
            .execute(conn),
        Outcome::Dead(error) => diesel::update(claimed)
            .set((free, outbox::state.eq("dead"), outbox::last_error.eq(error)))
            .execute(conn),
    }
}

/// Withdraws what is to be told of some people's days and is not so any more. What a sender has goes out.
pub fn withdraw_untrue(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<usize> {
    diesel::sql_query(concat!(
        "UPDATE outbox o SET state = 'withdrawn', claimed_until = NULL \
         WHERE o.person_id = ANY($1) AND o.state IN ('pending', 'held') AND o.kind IN ('absence', 'lateness') \
           AND (o.claimed_until IS NULL OR o.claimed_until <= now()) \
           AND NOT EXISTS (SELECT FROM attendance_days d WHERE d.person_id = o.person_id \
             AND d.schedule_id = o.schedule_id AND d.day = o.day AND d.slot = o.slot \
             AND CASE o.kind WHEN 'absence' THEN d.state = 'absent' ELSE ",
        was_late!("d"),
        "END)"
    ))
    .bind::<Array<SqlUuid>, _>(people)
    .execute(conn)
}

/// Withdraws what is to be told of a feed's silence and no sender has.
pub fn withdraw_silence(conn: &mut PgConnection, feed: Uuid) -> QueryResult<usize> {
    diesel::sql_query(
        "UPDATE outbox SET state = 'withdrawn', claimed_until = NULL \
         WHERE feed_id = $1 AND kind = 'camera_silent' AND state IN ('pending', 'held') \
           AND (claimed_until IS NULL OR claimed_until <= now())",
    )
    .bind::<SqlUuid, _>(feed)
    .execute(conn)
}

/// To whom a feed's silence since a moment was told, or is being told: channel, target.
pub fn told_of_silence(
    conn: &mut PgConnection,
    feed: Uuid,
    since: DateTime<Utc>,
) -> QueryResult<Vec<(String, String)>> {
    outbox::table
        .filter(outbox::feed_id.eq(feed))
        .filter(outbox::kind.eq("camera_silent"))
        .filter(outbox::created_at.ge(since))
        .filter(outbox::state.eq("sent").or(outbox::claimed_until.gt(Utc::now())))
        .select((outbox::channel, outbox::target))
        .load(conn)
}

/// When something of a kind was last written about a feed.
pub fn last_of_feed(conn: &mut PgConnection, feed: Uuid, kind: &str) -> QueryResult<Option<DateTime<Utc>>> {
    outbox::table
        .filter(outbox::feed_id.eq(feed))
        .filter(outbox::kind.eq(kind))
        .filter(outbox::state.ne("withdrawn"))
        .select(diesel::dsl::max(outbox::created_at))
        .first(conn)
}

#[derive(QueryableByName)]
struct Usual {
    #[diesel(sql_type = BigInt)]
    last_hour: i64,
    #[diesel(sql_type = BigInt)]
    usual: i64,
}

/// How many of a kind were written within the last hour, and how many are usual in this hour of the site's day: the
/// mean of the days of the last four weeks that had any.
pub fn usual(conn: &mut PgConnection, kind: &str, zone: &str, now: DateTime<Utc>) -> QueryResult<(i64, i64)> {
    let row: Usual = diesel::sql_query(
        "SELECT count(*) FILTER (WHERE created_at > $3 - interval '1 hour') AS last_hour, \
           coalesce(count(*) FILTER (WHERE earlier) \
             / nullif(count(DISTINCT (created_at AT TIME ZONE $2)::date) FILTER (WHERE earlier), 0), 0)::bigint AS usual \
         FROM (SELECT created_at, created_at <= $3 - interval '1 hour' AND \
             extract(hour FROM created_at AT TIME ZONE $2) = extract(hour FROM $3 AT TIME ZONE $2) AS earlier \
           FROM outbox WHERE kind = $1 AND created_at > $3 - interval '28 days' AND created_at <= $3) o",
    )
    .bind::<Text, _>(kind)
    .bind::<Text, _>(zone)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)?;
    Ok((row.last_hour, row.usual))
}

/// A message with the names of person, feed and webhook.
pub type Named = (Message, Option<String>, Option<String>, Option<String>);

/// Messages, newest first, of one state or all, from before a position.
pub fn list(
    conn: &mut PgConnection,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Named>> {
    let mut rows = outbox::table
        .left_join(people::table)
        .left_join(feeds::table)
        .left_join(webhooks::table)
        .order_by(outbox::id.desc())
        .limit(limit)
        .select((
            Message::as_select(),
            people::name.nullable(),
            feeds::name.nullable(),
            webhooks::name.nullable(),
        ))
        .into_boxed();
    if let Some(state) = state {
        rows = rows.filter(outbox::state.eq(state));
    }
    if let Some(before) = before {
        rows = rows.filter(outbox::id.lt(before));
    }
    rows.load(conn)
}

/// Names by id.
pub type NamesById = Vec<(Uuid, String)>;

/// The names that messages show: of people, of feeds.
pub fn names(conn: &mut PgConnection, messages: &[Message]) -> QueryResult<(NamesById, NamesById)> {
    let of_people: Vec<Uuid> = messages.iter().filter_map(|message| message.person_id).collect();
    let of_feeds: Vec<Uuid> = messages.iter().filter_map(|message| message.feed_id).collect();
    let people =
        people::table.filter(people::id.eq_any(of_people)).select((people::id, people::name)).load(conn)?;
    let feeds =
        feeds::table.filter(feeds::id.eq_any(of_feeds)).select((feeds::id, feeds::name)).load(conn)?;
    Ok((people, feeds))
}

/// How many there are in each state.
pub fn counts(conn: &mut PgConnection) -> QueryResult<Vec<(String, i64)>> {
    outbox::table.group_by(outbox::state).select((outbox::state, diesel::dsl::count_star())).load(conn)
}

/// Has dead or held messages sent now: all of a state, or one with what shares its delivery. Says how many.
pub fn retry(conn: &mut PgConnection, states: &[&str], id: Option<Uuid>) -> QueryResult<usize> {
    let set = (
        outbox::state.eq("pending"),
        outbox::not_before.eq(Utc::now()),
        outbox::attempts.eq(0),
        outbox::claimed_until.eq(None::<DateTime<Utc>>),
    );
    let of_states = outbox::state.eq_any(states.to_vec());
    let Some(id) = id else {
        return diesel::update(outbox::table.filter(of_states)).set(set).execute(conn);
    };
    let delivery: Option<Option<Uuid>> =
        outbox::table.find(id).select(outbox::delivery_id).first(conn).optional()?;
    match delivery.flatten() {
        Some(delivery) => {
            diesel::update(outbox::table.filter(of_states).filter(outbox::delivery_id.eq(delivery)))
                .set(set)
                .execute(conn)
        }
        None => {
            diesel::update(outbox::table.filter(of_states).filter(outbox::id.eq(id))).set(set).execute(conn)
        }
    }
}

/// Deletes a message that was not sent and that no sender has; says whether there was one. What was sent stays, or it
/// might be sent again.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let free = outbox::claimed_until.is_null().or(outbox::claimed_until.le(Utc::now()));
    let unsent = outbox::state.eq_any(["pending", "held", "dead"]);
    Ok(diesel::delete(outbox::table.find(id).filter(free).filter(unsent)).execute(conn)? > 0)
}

/// Withdraws what somebody does not want to be told any more: everything, or a kind by a way. Theirs are those to the
/// account, and those to the person.
pub fn withdraw_unwanted(
    conn: &mut PgConnection,
    (user, person): (Option<Uuid>, Option<Uuid>),
    of: Option<(&str, &str)>,
) -> QueryResult<usize> {
    let (kind, channel) = of.unzip();
    diesel::sql_query(
        "UPDATE outbox SET state = 'withdrawn', claimed_until = NULL \
         WHERE state IN ('pending', 'held') AND kind <> 'report' \
           AND (claimed_until IS NULL OR claimed_until <= now()) \
           AND (user_id = $1 OR (to_person AND person_id = $2)) \
           AND ($3 IS NULL OR (channel = $4 AND (kind = $3 OR (kind = 'camera_back' AND $3 = 'camera_silent'))))",
    )
    .bind::<Nullable<SqlUuid>, _>(user)
    .bind::<Nullable<SqlUuid>, _>(person)
    .bind::<Nullable<Text>, _>(kind)
    .bind::<Nullable<Text>, _>(channel)
    .execute(conn)
}

/// Deletes what was settled before a time; says how much.
pub fn purge(conn: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    let mut gone = 0;
    loop {
        let deleted = diesel::sql_query(
            "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
             WHERE created_at < $1 AND state IN ('sent', 'withdrawn', 'dead') LIMIT $2)",
        )
        .bind::<Timestamptz, _>(before)
        .bind::<Integer, _>(5000)
        .execute(conn)?;
        gone += deleted;
        if deleted == 0 {
            return Ok(gone);
        }
    }
}
