//! The audit: who did what to whom, and the chain that entries join once they have committed. The application's role
//! inserts and selects, and empties the values of entries; it can do no more.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::{audit, audit_chain, audit_pending};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody signed in.
    User(Uuid),
    /// A feed by its token.
    Feed(Uuid),
    /// The server itself or its operator on the command line.
    System,
}

impl Actor {
    /// The kind and id as columns hold them.
    pub fn columns(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::User(id) => ("user", Some(id)),
            Self::Feed(id) => ("feed", Some(id)),
            Self::System => ("system", None),
        }
    }
}

/// Notes that `actor` did `action` (for example `person.deleted`) to a subject. Takes no lock: the entry joins the
/// chain after the transaction has committed.
pub fn insert(
    conn: &mut PgConnection,
    actor: Actor,
    action: &str,
    subject: (&str, Option<Uuid>),
    detail: Value,
) -> QueryResult<()> {
    let (kind, id) = actor.columns();
    diesel::insert_into(audit::table)
        .values((
            audit::actor_kind.eq(kind),
            audit::actor_id.eq(id),
            audit::action.eq(action),
            audit::subject_kind.eq(subject.0),
            audit::subject_id.eq(subject.1),
            audit::detail.eq(detail),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that `actor` did the same to many subjects of a kind.
pub fn insert_many(
    conn: &mut PgConnection,
    actor: Actor,
    action: &str,
    subject_kind: &str,
    entries: &[(Uuid, Value)],
) -> QueryResult<()> {
    let (kind, id) = actor.columns();
    let rows: Vec<_> = entries
        .iter()
        .map(|(subject, detail)| {
            (
                audit::actor_kind.eq(kind),
                audit::actor_id.eq(id),
                audit::action.eq(action),
                audit::subject_kind.eq(subject_kind),
                audit::subject_id.eq(*subject),
                audit::detail.eq(detail),
            )
        })
        .collect();
    diesel::insert_into(audit::table).values(rows).execute(conn)?;
    Ok(())
}

/// An entry as the chain covers it; `detail` is the database's own text of it.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct Entry {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub actor_kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub action: String,
    #[diesel(sql_type = Text)]
    pub subject_kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub subject_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub detail: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub salt: Option<Vec<u8>>,
}

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, QueryableByName)]
#[diesel(table_name = audit_chain)]
#[allow(missing_docs)]
pub struct Link {
    pub seq: i64,
    pub audit_id: i64,
    pub values_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

/// Whether this transaction, and no other, may append to the chain until it ends.
pub fn try_lock_chain(conn: &mut PgConnection) -> QueryResult<bool> {
    // Any number will do that nothing else takes.
    diesel::select(sql::<Bool>("pg_try_advisory_xact_lock(7206514)")).get_result(conn)
}

/// Waits until this transaction, and no other, may append to the chain until it ends.
pub fn lock_chain(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(7206514)").execute(conn)?;
    Ok(())
}

/// Whether entries wait to join the chain.
pub fn is_pending(conn: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(audit_pending::table.select(audit_pending::audit_id))).get_result(conn)
}

/// The newest link.
pub fn head(conn: &mut PgConnection) -> QueryResult<Option<Link>> {
    audit_chain::table.order_by(audit_chain::seq.desc()).select(Link::as_select()).first(conn).optional()
}

/// The link of a sequence.
pub fn link(conn: &mut PgConnection, seq: i64) -> QueryResult<Option<Link>> {
    audit_chain::table.find(seq).select(Link::as_select()).first(conn).optional()
}

/// Some entries that wait, oldest first.
pub fn pending(conn: &mut PgConnection, limit: i64) -> QueryResult<Vec<Entry>> {
    diesel::sql_query(
        "SELECT a.id, a.at, a.actor_kind, a.actor_id, a.action, a.subject_kind, a.subject_id, \
         a.detail::text AS detail, a.salt FROM audit_pending p JOIN audit a ON a.id = p.audit_id \
         WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = a.id) ORDER BY a.id LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)
}

/// Appends links, whose entries no longer wait.
pub fn append(conn: &mut PgConnection, links: &[Link]) -> QueryResult<()> {
    diesel::insert_into(audit_chain::table).values(links).execute(conn)?;
    let ids: Vec<i64> = links.iter().map(|link| link.audit_id).collect();
    diesel::delete(audit_pending::table.filter(audit_pending::audit_id.eq_any(ids))).execute(conn)?;
    Ok(())
}

/// Some links after a sequence, in order.
pub fn links_after(conn: &mut PgConnection, seq: i64, limit: i64) -> QueryResult<Vec<Link>> {
    audit_chain::table
        .filter(audit_chain::seq.gt(seq))
        .order_by(audit_chain::seq)
        .limit(limit)
        .select(Link::as_select())
        .load(conn)
}

/// Entries by their ids.
pub fn entries(conn: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<Entry>> {
    diesel::sql_query(
        "SELECT id, at, actor_kind, actor_id, action, subject_kind, subject_id, detail::text AS detail, salt \
         FROM audit WHERE id = ANY($1)",
    )
    .bind::<diesel::sql_types::Array<BigInt>, _>(ids)
    .load(conn)
}

/// The first entry that is neither in the chain nor waits, and the first that waits and is gone.
pub fn strays(conn: &mut PgConnection) -> QueryResult<(Option<i64>, Option<i64>)> {
    #[derive(QueryableByName)]
    struct Strays {
        #[diesel(sql_type = Nullable<BigInt>)]
        outside: Option<i64>,
        #[diesel(sql_type = Nullable<BigInt>)]
        gone: Option<i64>,
    }
    let Strays { outside, gone } = diesel::sql_query(
        "SELECT (SELECT min(a.id) FROM audit a WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = a.id) \
                 AND NOT EXISTS (SELECT FROM audit_pending p WHERE p.audit_id = a.id)) AS outside, \
         (SELECT min(p.audit_id) FROM audit_pending p WHERE NOT EXISTS (SELECT FROM audit a WHERE a.id = p.audit_id)) AS gone",
    )
    .get_result(conn)?;
    Ok((outside, gone))
}

/// Which entries to list.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct AuditFilter {
    /// A user or feed.
    pub actor: Option<Uuid>,
    /// What was acted on.
    pub subject: Option<Uuid>,
    /// The action, or the part before its dot.
    pub action: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// An entry with the names that stand for its ids today, and its link.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct Named {
    #[diesel(embed)]
    pub entry: Entry,
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub subject_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub seq: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub hash: Option<Vec<u8>>,
}

/// In which order entries are listed, and after which one.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// Newest first, those before an id.
    NewestBefore(i64),
    /// Oldest first, those after an id.
    OldestAfter(i64),
}

/// Some entries.
pub fn list(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    order: Order,
    limit: i64,
) -> QueryResult<Vec<Named>> {
    let (id, direction) = match order {
        Order::NewestBefore(id) => (id, "a.id < $6 ORDER BY a.id DESC"),
        Order::OldestAfter(id) => (id, "a.id > $6 ORDER BY a.id"),
    };
    diesel::sql_query(format!(
        "SELECT a.id, a.at, a.actor_kind, a.actor_id, a.action, a.subject_kind, a.subject_id, \
         a.detail::text AS detail, a.salt, c.seq, c.hash, \
         CASE a.actor_kind WHEN 'user' THEN COALESCE((SELECT email FROM users WHERE id = a.actor_id), \
                                                      (SELECT name FROM api_keys WHERE id = a.actor_id)) \
              WHEN 'feed' THEN (SELECT name FROM feeds WHERE id = a.actor_id) END AS actor_name, \
         CASE a.subject_kind WHEN 'person' THEN (SELECT name FROM people WHERE id = a.subject_id) \
              WHEN 'user' THEN (SELECT email FROM users WHERE id = a.subject_id) \
              WHEN 'key' THEN (SELECT name FROM api_keys WHERE id = a.subject_id) \
              WHEN 'group' THEN (SELECT name FROM groups WHERE id = a.subject_id) \
              WHEN 'feed' THEN (SELECT name FROM feeds WHERE id = a.subject_id) END AS subject_name \
         FROM audit a LEFT JOIN audit_chain c ON c.audit_id = a.id \
         WHERE ($1 IS NULL OR a.actor_id = $1) AND ($2 IS NULL OR a.subject_id = $2) \
         AND ($3 IS NULL OR a.action = $3 OR starts_with(a.action, $3 || '.')) \
         AND ($4 IS NULL OR a.at >= $4) AND ($5 IS NULL OR a.at < $5) AND {direction} LIMIT $7"
    ))
    .bind::<Nullable<SqlUuid>, _>(filter.actor)
    .bind::<Nullable<SqlUuid>, _>(filter.subject)
    .bind::<Nullable<Text>, _>(filter.action.as_deref())
    .bind::<Nullable<Timestamptz>, _>(filter.from)
    .bind::<Nullable<Timestamptz>, _>(filter.to)
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(limit)
    .load(conn)
}

/// Which entries are about a person: those whose subject is the person or something that is theirs, and those that
/// name the person in their values.
const ABOUT: &str = "(subject_id = $1 OR detail::text LIKE '%' || $1::text || '%' \
     OR subject_kind = 'arrival' AND subject_id IN (SELECT id FROM arrivals WHERE person_id = $1) \
     OR subject_kind = 'mark' AND subject_id IN (SELECT id FROM marks WHERE person_id = $1) \
     OR subject_kind = 'correction' AND subject_id IN (SELECT id FROM corrections WHERE person_id = $1))";

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The entries about a person, oldest first.
pub fn about_person(conn: &mut PgConnection, person: Uuid) -> QueryResult<Vec<Entry>> {
    diesel::sql_query(format!(
        "SELECT id, at, actor_kind, actor_id, action, subject_kind, subject_id, detail::text AS detail, salt \
         FROM audit WHERE {ABOUT} ORDER BY id"
    ))
    .bind::<SqlUuid, _>(person)
    .load(conn)
}

/// The action of an erasure. Its entry names the entries that were emptied, and stays.
pub const ERASED: &str = "person.deleted";
/// The action of a nightly purge. Its entry says up to which entry values were emptied.
pub const PURGED: &str = "audit.purged";

/// Empties the values of entries about a person; says which they are. To be called before what is theirs is deleted.
pub fn empty_about_person(conn: &mut PgConnection, person: Uuid) -> QueryResult<Vec<i64>> {
    let rows: Vec<Id> = diesel::sql_query(format!(
        "UPDATE audit SET actor_id = NULL, subject_id = NULL, detail = NULL, salt = NULL \
         WHERE {ABOUT} AND action <> $2 RETURNING id"
    ))
    .bind::<SqlUuid, _>(person)
    .bind::<Text, _>(ERASED)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Empties the values of up to `limit` entries from before a time; says how many, and the newest of them.
pub fn empty_before(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Option<(usize, i64)>> {
    let rows: Vec<Id> = diesel::sql_query(
        "UPDATE audit SET actor_id = NULL, subject_id = NULL, detail = NULL, salt = NULL WHERE id IN \
         (SELECT id FROM audit WHERE at < $1 AND salt IS NOT NULL ORDER BY at LIMIT $2) RETURNING id",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    Ok(rows.iter().map(|row| row.id).max().map(|newest| (rows.len(), newest)))
}
