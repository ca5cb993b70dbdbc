//! Arrivals: written once per person, feed and window, read newest first or after a cursor.

use std::ops::Bound;

use chrono::{DateTime, Utc};

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::models::people::{containing, search_text};
use crate::models::scope::Scope;
use crate::schema::{arrivals, feeds, people};

/// Name of the notification channel; its payload is empty, readers ask for what their cursor has not seen.
pub const CHANNEL: &str = "arrivals";

/// A span of time, `[from, to)`.
pub type Span = (Bound<DateTime<Utc>>, Bound<DateTime<Utc>>);

/// An arrival with the names to show.
#[derive(Debug, Clone, Queryable)]
#[allow(missing_docs)]
pub struct Arrival {
    pub id: Uuid,
    pub person_id: Uuid,
    pub person_name: String,
    pub feed_id: Uuid,
    pub feed_name: String,
    pub at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub similarity: Option<f32>,
    pub margin: Option<f32>,
    pub liveness: Option<f32>,
    pub method: String,
    pub provisional: bool,
    pub time_unproven: bool,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub reassigned_from: Option<Uuid>,
    pub voided_at: Option<DateTime<Utc>>,
    pub voided_by: Option<Uuid>,
    pub void_reason: Option<String>,
}

/// An arrival to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = arrivals)]
#[allow(missing_docs)]
pub struct NewArrival {
    pub id: Uuid,
    pub person_id: Uuid,
    pub feed_id: Uuid,
    pub at: DateTime<Utc>,
    pub span: Span,
    pub captured_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub method: &'static str,
    pub model_pack: Option<String>,
    pub similarity: Option<f32>,
    pub margin: Option<f32>,
    pub runner_up: Option<Uuid>,
    pub runner_up_similarity: Option<f32>,
    pub threshold: Option<f32>,
    pub min_margin: Option<f32>,
    pub liveness: Option<f32>,
    pub sender_kind: &'static str,
    pub sender_id: Uuid,
    pub source_kind: &'static str,
    pub source_address: Option<IpNetwork>,
    pub time_unproven: bool,
    pub provisional: bool,
    pub liveness_evidence: Option<serde_json::Value>,
    pub reassigned_from: Option<Uuid>,
}

/// Which arrivals to list.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct ArrivalFilter {
    /// Whose records the caller may see.
    pub scope: Scope,
    pub query: Option<String>,
    pub person: Option<Uuid>,
    pub feed: Option<Uuid>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// Only what is older than this row.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Those that were voided instead of those that count.
    pub voided: bool,
    /// Only those that somebody should look at.
    pub doubtful: bool,
}

type Columns = (
    arrivals::id,
    people::id,
    people::name,
    feeds::id,
    feeds::name,
    arrivals::at,
    arrivals::recorded_at,
    arrivals::similarity,
    arrivals::margin,
    arrivals::liveness,
    arrivals::method,
    arrivals::provisional,
    arrivals::time_unproven,
    arrivals::confirmed_at,
    arrivals::reassigned_from,
    arrivals::voided_at,
    arrivals::voided_by,
    arrivals::void_reason,
);

const COLUMNS: Columns = (
    arrivals::id,
    people::id,
    people::name,
    feeds::id,
    feeds::name,
    arrivals::at,
    arrivals::recorded_at,
    arrivals::similarity,
    arrivals::margin,
    arrivals::liveness,
    arrivals::method,
    arrivals::provisional,
    arrivals::time_unproven,
    arrivals::confirmed_at,
    arrivals::reassigned_from,
    arrivals::voided_at,
    arrivals::voided_by,
    arrivals::void_reason,
);

/// Up to so many people, the newest arrivals of each are looked up and merged; of more, arrivals are walked through from
/// the newest on, because a page of theirs is found among the first of them.
const FEW: usize = 64;

/// A page of arrivals, newest first.
pub fn list(conn: &mut PgConnection, filter: &ArrivalFilter, limit: i64) -> QueryResult<Vec<Arrival>> {
    if filter.query.is_none() && filter.person.is_none() && filter.scope == Scope::Everyone {
        return page(conn, filter, None, limit);
    }
    let wanted = people_of(conn, filter)?;
    if wanted.len() > FEW {
        return page(conn, filter, Some(&wanted), limit);
    }
    let ids = newest_of_each(conn, filter, wanted, limit)?;
    by_ids(conn, &ids)
}

/// Whose arrivals are asked for.
fn people_of(conn: &mut PgConnection, filter: &ArrivalFilter) -> QueryResult<Vec<Uuid>> {
    let mut wanted = filter.scope.ids();
    if let Some(person) = filter.person {
        wanted = wanted.filter(people::id.eq(person));
    }
    if let Some(query) = &filter.query {
        wanted = wanted.filter(people::search.like(search_text(containing(query))));
    }
    wanted.load(conn)
}

fn page(
    conn: &mut PgConnection,
    filter: &ArrivalFilter,
    people: Option<&[Uuid]>,
    limit: i64,
) -> QueryResult<Vec<Arrival>> {
    let mut rows = arrivals::table
        .inner_join(people::table)
        .inner_join(feeds::table)
        .select(COLUMNS)
        .filter(arrivals::voided_at.is_not_null().eq(filter.voided))
        .order_by((arrivals::at.desc(), arrivals::id.desc()))
        .limit(limit)
        .into_boxed::<Pg>();
    if let Some(people) = people {
        rows = rows.filter(arrivals::person_id.eq_any(people));
    }
    if filter.doubtful {
        rows = rows.filter(waits());
    }
    if let Some(feed) = filter.feed {
        rows = rows.filter(arrivals::feed_id.eq(feed));
    }
    if let Some(from) = filter.from {
        rows = rows.filter(arrivals::at.ge(from));
    }
    if let Some(to) = filter.to {
        rows = rows.filter(arrivals::at.lt(to));
    }
    if let Some((at, id)) = filter.after {
        // As one comparison of rows the index finds the place; `at < … OR at = … AND id < …` is read from the top.
        let before = sql::<Bool>("(arrivals.at, arrivals.id) < (").bind::<Timestamptz, _>(at);
        rows = rows.filter(before.sql(", ").bind::<SqlUuid, _>(id).sql(")"));
    }
    rows.load(conn)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The ids of a page of these people's arrivals, newest first. The query builder has no lateral join.
fn newest_of_each(
    conn: &mut PgConnection,
    filter: &ArrivalFilter,
    people: Vec<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Uuid>> {
    let found: Vec<Id> = diesel::sql_query(
        "SELECT newest.id FROM unnest($1) AS wanted (id) CROSS JOIN LATERAL ( \
           SELECT a.id, a.at FROM arrivals a \
           WHERE a.person_id = wanted.id AND (a.voided_at IS NOT NULL) = $2 \
             AND (NOT $9 OR (a.provisional OR a.time_unproven) AND a.confirmed_at IS NULL) \
             AND ($3 IS NULL OR a.feed_id = $3) \
             AND a.at >= coalesce($4, '-infinity') AND a.at < coalesce($5, 'infinity') \
             AND (a.at, a.id) < (coalesce($6, 'infinity'), coalesce($7, 'ffffffff-ffff-ffff-ffff-ffffffffffff')) \
           ORDER BY a.at DESC, a.id DESC LIMIT $8 \
         ) AS newest ORDER BY newest.at DESC, newest.id DESC LIMIT $8",
    )
    .bind::<Array<SqlUuid>, _>(people)
    .bind::<Bool, _>(filter.voided)
    .bind::<Nullable<SqlUuid>, _>(filter.feed)
    .bind::<Nullable<Timestamptz>, _>(filter.from)
    .bind::<Nullable<Timestamptz>, _>(filter.to)
    .bind::<Nullable<Timestamptz>, _>(filter.after.map(|(at, _)| at))
    .bind::<Nullable<SqlUuid>, _>(filter.after.map(|(_, id)| id))
    .bind::<BigInt, _>(limit)
    .bind::<Bool, _>(filter.doubtful)
    .load(conn)?;
    Ok(found.into_iter().map(|row| row.id).collect())
}

fn by_ids(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Arrival>> {
    arrivals::table
        .inner_join(people::table)
        .inner_join(feeds::table)
        .filter(arrivals::id.eq_any(ids))
        .select(COLUMNS)
        .order_by((arrivals::at.desc(), arrivals::id.desc()))
        .load(conn)
}

/// One arrival of somebody in a scope, voided or not.
pub fn find(conn: &mut PgConnection, scope: &Scope, id: Uuid) -> QueryResult<Arrival> {
    arrivals::table
        .inner_join(people::table)
        .inner_join(feeds::table)
        .filter(arrivals::id.eq(id))
        .filter(scope.people())
        .select(COLUMNS)
        .first(conn)
}

/// Arrivals in doubt that nobody has looked at, in the words of their index.
fn waits() -> diesel::expression::SqlLiteral<Bool> {
    sql("(arrivals.provisional OR arrivals.time_unproven) AND arrivals.confirmed_at IS NULL")
}

/// Lets an arrival in doubt stand; says whether it waited for that. Readers of live events are sent it again.
pub fn confirm(conn: &mut PgConnection, id: Uuid, (at, by): (DateTime<Utc>, Uuid)) -> QueryResult<bool> {
    let waiting =
        arrivals::table.filter(arrivals::id.eq(id)).filter(arrivals::voided_at.is_null()).filter(waits());
    let changes = (
        arrivals::confirmed_at.eq(at),
        arrivals::confirmed_by.eq(by),
        arrivals::written_by.eq(sql::<BigInt>("pg_current_xact_id()::text::bigint")),
    );
    Ok(diesel::update(waiting).set(changes).execute(conn)? > 0)
}

/// Marks an arrival as wrong; says whether it was not yet.
pub fn void(
    conn: &mut PgConnection,
    id: Uuid,
    (at, by, reason): (DateTime<Utc>, Uuid, &str),
) -> QueryResult<bool> {
    let standing = arrivals::table.filter(arrivals::id.eq(id)).filter(arrivals::voided_at.is_null());
    let changes = (arrivals::voided_at.eq(at), arrivals::voided_by.eq(by), arrivals::void_reason.eq(reason));
    Ok(diesel::update(standing).set(changes).execute(conn)? > 0)
}

/// What an arrival that takes another's place has of it: span, when it was captured and received, address of the
/// sender.
pub type Sent = (Span, DateTime<Utc>, DateTime<Utc>, Option<IpNetwork>, bool);

/// What an arrival that takes another's place has of it.
pub fn sent(conn: &mut PgConnection, id: Uuid) -> QueryResult<Sent> {
    arrivals::table
        .find(id)
        .select((
            arrivals::span,
            arrivals::captured_at,
            arrivals::received_at,
            arrivals::source_address,
            arrivals::time_unproven,
        ))
        .first(conn)
}

/// Inserts an arrival unless one of the same person and feed overlaps it; says whether it was inserted.
pub fn insert_once(conn: &mut PgConnection, arrival: &NewArrival) -> QueryResult<bool> {
    let inserted = diesel::insert_into(arrivals::table)
        .values(arrival)
        .on_conflict(diesel::upsert::on_constraint("arrivals_once"))
        .do_nothing()
        .execute(conn)?;
    Ok(inserted > 0)
}

/// The arrivals of a person at a feed whose window overlaps `[from, to)`, oldest first, locked: id, at, end.
pub fn overlapping(
    conn: &mut PgConnection,
    person: Uuid,
    feed: Uuid,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> QueryResult<Vec<(Uuid, DateTime<Utc>, Span)>> {
    arrivals::table
        .filter(arrivals::person_id.eq(person))
        .filter(arrivals::feed_id.eq(feed))
        .filter(arrivals::voided_at.is_null())
        .filter(arrivals::span.overlaps_with((Bound::Included(from), Bound::Excluded(to))))
        .order_by(arrivals::at)
        .select((arrivals::id, arrivals::at, arrivals::span))
        .for_update()
        .load(conn)
}

/// Moves an arrival back in time. Where the earlier time is in doubt (provisional, unproven), so is the arrival from
/// now on, whoever confirmed it before.
pub fn move_back(
    conn: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    span: Span,
    (provisional, time_unproven): (bool, bool),
) -> QueryResult<()> {
    diesel::update(arrivals::table.find(id))
        .set((arrivals::at.eq(at), arrivals::captured_at.eq(at), arrivals::span.eq(span)))
        .execute(conn)?;
    if provisional || time_unproven {
        let doubt = (
            provisional.then_some(arrivals::provisional.eq(true)),
            time_unproven.then_some(arrivals::time_unproven.eq(true)),
            arrivals::confirmed_at.eq(None::<DateTime<Utc>>),
            arrivals::confirmed_by.eq(None::<Uuid>),
        );
        diesel::update(arrivals::table.find(id)).set(doubt).execute(conn)?;
    }
    Ok(())
}

/// Tells every process, when the transaction commits, that there is something new.
pub fn notify(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_notify($1, '')").bind::<Text, _>(CHANNEL).execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct LastSeen {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// When each of some people was last seen.
pub fn last_seen(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<Vec<(Uuid, DateTime<Utc>)>> {
    let found: Vec<LastSeen> = diesel::sql_query(
        "SELECT wanted.id, newest.at FROM unnest($1) AS wanted (id) CROSS JOIN LATERAL ( \
           SELECT a.at FROM arrivals a WHERE a.person_id = wanted.id AND a.voided_at IS NULL \
           ORDER BY a.at DESC, a.id DESC LIMIT 1 \
         ) AS newest",
    )
    .bind::<Array<SqlUuid>, _>(people)
    .load(conn)?;
    Ok(found.into_iter().map(|row| (row.id, row.at)).collect())
}

/// How many people arrived, and how many arrivals there were, since a moment, of those who may be seen.
pub fn count_since(conn: &mut PgConnection, scope: &Scope, since: DateTime<Utc>) -> QueryResult<(i64, i64)> {
    let mut rows = arrivals::table
        .filter(arrivals::at.ge(since))
        .filter(arrivals::voided_at.is_null())
        .select((
            diesel::dsl::count(arrivals::person_id).aggregate_distinct(),
            diesel::dsl::count(arrivals::id),
        ))
        .into_boxed::<Pg>();
    if *scope != Scope::Everyone {
        rows = rows.filter(arrivals::person_id.eq_any(scope.ids()));
    }
    rows.first(conn)
}

/// A snapshot of which transactions had committed, as PostgreSQL writes it (`xmin:xmax:running,…`).
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Snapshot {
    /// The text form of `pg_snapshot`.
    #[diesel(sql_type = Text)]
    pub snapshot: String,
}

/// What the current transaction sees.
pub fn current_snapshot(conn: &mut PgConnection) -> QueryResult<String> {
    let row: Snapshot =
        diesel::sql_query("SELECT pg_current_snapshot()::text AS snapshot").get_result(conn)?;
    Ok(row.snapshot)
}

/// The newest `limit` arrivals of people in `scope` that `seen` did not see, oldest first. `seen` must be a
/// well-formed snapshot.
///
/// The lower bound on `written_by` is implied by the visibility test; it is there for the index.
pub fn unseen(conn: &mut PgConnection, seen: &str, scope: &Scope, limit: i64) -> QueryResult<Vec<Arrival>> {
    let unseen = sql::<Bool>("arrivals.written_by >= pg_snapshot_xmin(")
        .bind::<Text, _>(seen)
        .sql("::pg_snapshot)::text::bigint AND NOT pg_visible_in_snapshot(arrivals.written_by::text::xid8, ")
        .bind::<Text, _>(seen)
        .sql("::pg_snapshot)");
    let mut rows = arrivals::table
        .inner_join(people::table)
        .inner_join(feeds::table)
        .filter(unseen)
        .filter(arrivals::voided_at.is_null())
        .order_by(arrivals::written_by.desc())
        .limit(limit)
        .select(COLUMNS)
        .into_boxed::<Pg>();
    if *scope != Scope::Everyone {
        rows = rows.filter(arrivals::person_id.eq_any(scope.ids()));
    }
    let mut rows: Vec<Arrival> = rows.load(conn)?;
    rows.sort_by_key(|row| (row.recorded_at, row.id));
    Ok(rows)
}

/// After a restore into a new cluster its transaction numbers may lie below those in the rows, which would look
/// like the future to every cursor. Sets such rows to "long ago"; says how many there were.
pub fn forget_foreign_transactions(conn: &mut PgConnection) -> QueryResult<usize> {
    diesel::sql_query(
        "UPDATE arrivals SET written_by = 3 WHERE written_by > pg_current_xact_id()::text::bigint",
    )
    .execute(conn)
}
