//! Rows and their queries: no rules, no HTTP. Each file is named after its table and returns `QueryResult`.

pub mod arrivals;
pub mod audit;
pub mod biometrics;
pub mod feeds;
pub mod gallery;
pub mod groups;
pub mod packs;
pub mod people;
pub mod review;
pub mod scope;
pub mod sessions;
pub mod settings;
pub mod users;

/// Waits until no other session migrates; held until the connection closes.
pub fn lock_migrations(conn: &mut diesel::PgConnection) -> diesel::QueryResult<()> {
    use diesel::RunQueryDsl;
    // Any number will do, as long as every version of this program takes the same.
    diesel::sql_query("SELECT pg_advisory_lock(7206513)").execute(conn)?;
    Ok(())
}
