//! Roles and the database on a server that was just made.

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl};

/// The roles; the owner migrates and makes no superuser of itself.
pub const ROLES: [&str; 4] = ["attendance_owner", "attendance_app", "attendance_stats", "attendance_backup"];

/// Connections of the public function, which must not take those of the API.
const STATS_CONNECTIONS: u32 = 10;

#[derive(QueryableByName)]
struct Quoted {
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Runs what PostgreSQL itself puts together of a pattern and two texts, quoted as `format` does.
fn run_formatted(conn: &mut PgConnection, pattern: &str, one: &str, two: &str) -> QueryResult<()> {
    let quoted: Quoted = diesel::sql_query("SELECT format($1, $2, $3) AS sql")
        .bind::<Text, _>(pattern)
        .bind::<Text, _>(one)
        .bind::<Text, _>(two)
        .get_result(conn)?;
    conn.batch_execute(&quoted.sql)
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    there: bool,
}

fn is_there(conn: &mut PgConnection, sql: &str, name: &str) -> QueryResult<bool> {
    let row: There = diesel::sql_query(sql).bind::<Text, _>(name).get_result(conn)?;
    Ok(row.there)
}

/// Makes the roles that are not there, and lets them sign in.
pub fn make_roles(conn: &mut PgConnection) -> QueryResult<()> {
    for role in ROLES {
        if !is_there(conn, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS there", role)? {
            run_formatted(conn, "CREATE ROLE %I", role, "")?;
        }
        run_formatted(conn, "ALTER ROLE %I LOGIN", role, "")?;
    }
    conn.batch_execute(&format!(
        "ALTER ROLE attendance_owner CREATEROLE; ALTER ROLE attendance_stats CONNECTION LIMIT {STATS_CONNECTIONS}"
    ))
}

/// Lets a role sign in by a machine's role in AWS.
pub fn trust_aws(conn: &mut PgConnection, role: &str) -> QueryResult<()> {
    run_formatted(conn, "GRANT rds_iam TO %I", role, "")
}

/// Lets a role sign in by a managed identity of Azure.
pub fn trust_azure(conn: &mut PgConnection, role: &str, object_id: uuid::Uuid) -> QueryResult<()> {
    let label = format!("aadauth,oid={object_id},type=service");
    run_formatted(conn, "SECURITY LABEL FOR pgaadauth ON ROLE %I IS %L", role, &label)
}

/// Makes the database where it is not there, for these roles alone.
pub fn make_database(conn: &mut PgConnection, name: &str) -> QueryResult<()> {
    // Whoever gives a database to a role must be of that role. Not for longer: on RDS whoever is of a role that signs in
    // by the machine's identity can no longer sign in by password, and this is to run again at the next release.
    conn.batch_execute("GRANT attendance_owner TO CURRENT_USER")?;
    let made = make_owned(conn, name);
    conn.batch_execute("REVOKE attendance_owner FROM CURRENT_USER")?;
    made
}

fn make_owned(conn: &mut PgConnection, name: &str) -> QueryResult<()> {
    if !is_there(conn, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS there", name)? {
        run_formatted(conn, "CREATE DATABASE %I OWNER %I", name, "attendance_owner")?;
    }
    run_formatted(conn, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name, "")?;
    for role in ROLES {
        run_formatted(conn, "GRANT CONNECT ON DATABASE %I TO %I", name, role)?;
    }
    Ok(())
}
