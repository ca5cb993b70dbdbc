//! What a backup asks the database.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{OptionalExtension, PgConnection, QueryResult, QueryableByName, RunQueryDsl};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Begins a transaction that sees the database as it is now, and names its sight for others. It lasts as long as the
/// connection.
pub fn export_snapshot(conn: &mut PgConnection) -> QueryResult<String> {
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let row: Named = diesel::sql_query("SELECT pg_export_snapshot() AS name").get_result(conn)?;
    Ok(row.name)
}

/// How many rows each table has.
pub fn table_counts(conn: &mut PgConnection) -> QueryResult<BTreeMap<String, i64>> {
    let tables: Vec<Named> = diesel::sql_query(
        "SELECT format('%I', relname) AS name FROM pg_class \
         WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
    )
    .load(conn)?;
    let count = |table: Named| {
        let rows: Counted = diesel::sql_query(format!("SELECT count(*) AS count FROM public.{}", table.name))
            .get_result(conn)?;
        Ok((table.name, rows.count))
    };
    tables.into_iter().map(count).collect()
}

/// Makes the roles that grants name, where they are not there yet: in a new cluster nobody has.
pub fn make_roles(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(
        "DO $$ DECLARE role text; BEGIN \
           FOREACH role IN ARRAY ARRAY['attendance_app', 'attendance_stats', 'attendance_backup'] LOOP \
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN \
               EXECUTE format('CREATE ROLE %I NOLOGIN', role); \
             END IF; \
           END LOOP; \
         END $$",
    )
}

/// What a database is before a backup comes into it.
#[derive(QueryableByName)]
pub struct State {
    /// Whether it has no table.
    #[diesel(sql_type = Bool)]
    pub empty: bool,
    /// What is noted on it.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// Who asks.
    #[diesel(sql_type = Text)]
    pub user: String,
    /// The major version of the server.
    #[diesel(sql_type = BigInt)]
    pub version: i64,
}

/// How the database is.
pub fn state(conn: &mut PgConnection) -> QueryResult<State> {
    diesel::sql_query(
        "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace) AS empty, \
         shobj_description(oid, 'pg_database') AS note, current_user::text AS user, \
         current_setting('server_version_num')::bigint / 10000 AS version \
         FROM pg_database WHERE datname = current_database()",
    )
    .get_result(conn)
}

/// Whose the tables are.
pub fn owner(conn: &mut PgConnection) -> QueryResult<Option<String>> {
    let table =
        "SELECT tableowner::text AS name FROM pg_tables WHERE schemaname = 'public' AND tablename = 'people'";
    let row: Option<Named> = diesel::sql_query(table).get_result(conn).optional()?;
    Ok(row.map(|row| row.name))
}

/// Notes something on the database; an empty text takes the note away.
pub fn note(conn: &mut PgConnection, text: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT set_config('attendance.note', $1, false)")
        .bind::<Text, _>(text)
        .execute(conn)?;
    conn.batch_execute(
        "DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), \
         nullif(current_setting('attendance.note'), '')); END $$",
    )
}
