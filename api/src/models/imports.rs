//! Imports and their rows.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::{import_rows, imports};

/// How long nobody may touch a running import before it counts as left behind.
const LEFT_BEHIND: &str = "imports.touched_at < now() - interval '1 minute'";

/// An import.
#[derive(Debug, Clone, Queryable)]
#[allow(missing_docs)]
pub struct Import {
    pub kind: String,
    pub state: String,
    pub source: Value,
    pub done: i32,
    pub total: i32,
    pub message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Whether it has not been touched for a while.
    pub left_behind: bool,
}

/// A row of an import.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = import_rows)]
#[allow(missing_docs)]
pub struct NewRow {
    pub number: i32,
    pub name: String,
    pub verdict: String,
    pub problems: Value,
    pub cells: Value,
}

/// Adds an import, which is kept for as long as the settings say.
pub fn insert(
    conn: &mut PgConnection,
    id: Uuid,
    kind: &str,
    state: &str,
    by: Uuid,
    source: Value,
    total: i32,
) -> QueryResult<()> {
    diesel::insert_into(imports::table)
        .values((
            imports::id.eq(id),
            imports::kind.eq(kind),
            imports::state.eq(state),
            imports::created_by.eq(by),
            imports::source.eq(source),
            imports::total.eq(total),
            imports::expires_at.eq(sql::<Timestamptz>(
                "now() + make_interval(days => (SELECT imports_days FROM retention))",
            )),
        ))
        .execute(conn)?;
    Ok(())
}

fn unnested(statement: &str, conn: &mut PgConnection, id: Uuid, rows: &[NewRow]) -> QueryResult<()> {
    for rows in rows.chunks(5000) {
        let numbers: Vec<i32> = rows.iter().map(|row| row.number).collect();
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let verdicts: Vec<&str> = rows.iter().map(|row| row.verdict.as_str()).collect();
        let problems: Vec<&Value> = rows.iter().map(|row| &row.problems).collect();
        let cells: Vec<&Value> = rows.iter().map(|row| &row.cells).collect();
        diesel::sql_query(statement)
            .bind::<SqlUuid, _>(id)
            .bind::<Array<Integer>, _>(numbers)
            .bind::<Array<Text>, _>(names)
            .bind::<Array<Text>, _>(verdicts)
            .bind::<Array<Jsonb>, _>(problems)
            .bind::<Array<Jsonb>, _>(cells)
            .execute(conn)?;
    }
    Ok(())
}

/// Adds rows.
pub fn insert_rows(conn: &mut PgConnection, id: Uuid, rows: &[NewRow]) -> QueryResult<()> {
    let statement = "INSERT INTO import_rows (import_id, number, name, verdict, problems, cells) \
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6)";
    unnested(statement, conn, id, rows)
}

/// Replaces the verdicts of rows, by number.
pub fn update_rows(conn: &mut PgConnection, id: Uuid, rows: &[NewRow]) -> QueryResult<()> {
    let statement = "UPDATE import_rows r SET verdict = n.verdict, problems = n.problems \
         FROM unnest($2, $3, $4, $5, $6) AS n (number, name, verdict, problems, cells) \
         WHERE r.import_id = $1 AND r.number = n.number AND (r.verdict, r.problems) <> (n.verdict, n.problems)";
    unnested(statement, conn, id, rows)
}

/// An import.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Import> {
    imports::table
        .find(id)
        .select((
            imports::kind,
            imports::state,
            imports::source,
            imports::done,
            imports::total,
            imports::message,
            imports::created_at,
            imports::expires_at,
            sql::<Bool>(LEFT_BEHIND),
        ))
        .first(conn)
}

/// How many rows have each verdict.
pub fn count_verdicts(conn: &mut PgConnection, id: Uuid) -> QueryResult<Vec<(String, i64)>> {
    import_rows::table
        .filter(import_rows::import_id.eq(id))
        .group_by(import_rows::verdict)
        .select((import_rows::verdict, count_star()))
        .load(conn)
}

/// Some rows after a number, in order; all, or those of a verdict.
pub fn rows(
    conn: &mut PgConnection,
    id: Uuid,
    verdict: Option<&str>,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<NewRow>> {
    let after = i32::try_from(after).unwrap_or(i32::MAX);
    let mut query = import_rows::table
        .filter(import_rows::import_id.eq(id))
        .filter(import_rows::number.gt(after))
        .into_boxed();
    if let Some(verdict) = verdict {
        query = query.filter(import_rows::verdict.eq(verdict.to_owned()));
    }
    query.order_by(import_rows::number).limit(limit).select(NewRow::as_select()).load(conn)
}

/// Takes an import that is not under way and not done; says whether it was to be had.
pub fn claim(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let free = imports::state
        .eq_any(["preview", "failed"])
        .or(imports::state.eq("running").and(sql::<Bool>(LEFT_BEHIND)));
    let taken = diesel::update(imports::table.find(id).filter(free))
        .set((
            imports::state.eq("running"),
            imports::done.eq(0),
            imports::message.eq(None::<String>),
            imports::touched_at.eq(diesel::dsl::now),
        ))
        .execute(conn)?;
    Ok(taken > 0)
}

/// Notes how many rows are worked off.
pub fn progress(conn: &mut PgConnection, id: Uuid, done: i32) -> QueryResult<()> {
    diesel::update(imports::table.find(id))
        .set((imports::done.eq(done), imports::touched_at.eq(diesel::dsl::now)))
        .execute(conn)?;
    Ok(())
}

/// Notes that an import is stored. What stands in people's own records now is not kept in its rows.
pub fn finish(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    let stored = import_rows::table
        .filter(import_rows::import_id.eq(id))
        .filter(import_rows::verdict.eq_any(["create", "update", "unchanged", "stored"]));
    diesel::update(stored).set(import_rows::cells.eq(Value::Object(Default::default()))).execute(conn)?;
    diesel::update(imports::table.find(id))
        .set((imports::state.eq("done"), imports::done.eq(imports::total)))
        .execute(conn)?;
    Ok(())
}

/// Notes why an import was not stored.
pub fn fail(conn: &mut PgConnection, id: Uuid, message: &str) -> QueryResult<()> {
    diesel::update(imports::table.find(id))
        .set((imports::state.eq("failed"), imports::message.eq(message)))
        .execute(conn)?;
    Ok(())
}

/// Empties the rows that import a person.
pub fn forget_person(conn: &mut PgConnection, person: Uuid) -> QueryResult<()> {
    diesel::sql_query(
        "UPDATE import_rows r SET name = '', cells = '{}' FROM people p, imports i \
         WHERE p.id = $1 AND i.id = r.import_id AND (r.name = p.external_id OR i.kind <> 'people' \
           AND starts_with(lower(regexp_replace(r.name, '^.*/', '')), lower(p.external_id))
           OR i.kind <> 'people' AND starts_with(lower(r.name), lower(p.external_id || '/')))",
    )
    .bind::<SqlUuid, _>(person)
    .execute(conn)?;
    Ok(())
}

/// Deletes imports whose time is over; says how many.
pub fn purge(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(imports::table.filter(imports::expires_at.lt(now))).execute(conn)
}
