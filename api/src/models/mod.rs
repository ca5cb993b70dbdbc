//! Rows and their queries: no rules, no HTTP. Each file is named after its table and returns `QueryResult`.

pub mod alert_rules;
pub mod analytics;
pub mod api_keys;
pub mod arrival_probes;
pub mod arrivals;
pub mod attendance_days;
pub mod audit;
pub mod backup;
pub mod badges;
pub mod biometrics;
pub mod corrections;
pub mod feed_devices;
pub mod feed_gaps;
pub mod feed_tokens;
pub mod feeds;
pub mod gallery;
pub mod greetings;
pub mod groups;
pub mod holidays;
pub mod imports;
pub mod invitations;
pub mod kiosk_check_ins;
pub mod kiosk_pairings;
pub mod marks;
pub mod oidc;
pub mod outbox;
pub mod packs;
pub mod people;
pub mod person_pins;
pub mod provisioning;
pub mod report_schedules;
pub mod reports;
pub mod review;
pub mod rights;
pub mod roll_call;
pub mod schedule_runs;
pub mod schedules;
pub mod scope;
pub mod seal_keys;
pub mod second_factors;
pub mod sessions;
pub mod settings;
pub mod users;
pub mod webhooks;

/// The newest migration that was run; nothing in a database that was never migrated.
pub fn newest_migration(conn: &mut diesel::PgConnection) -> diesel::QueryResult<Option<String>> {
    use diesel::RunQueryDsl;
    use diesel::dsl::{select, sql};
    use diesel::sql_types::{Bool, Nullable, Text};
    let there = sql::<Bool>("to_regclass('__diesel_schema_migrations') IS NOT NULL");
    if !select(there).get_result::<bool>(conn)? {
        return Ok(None);
    }
    let newest = sql::<Nullable<Text>>("(SELECT max(version)::text FROM __diesel_schema_migrations)");
    select(newest).get_result(conn)
}

/// Waits until no other session migrates; held until the connection closes.
pub fn lock_migrations(conn: &mut diesel::PgConnection) -> diesel::QueryResult<()> {
    use diesel::RunQueryDsl;
    // Any number will do, as long as every version of this program takes the same.
    diesel::sql_query("SELECT pg_advisory_lock(7206513)").execute(conn)?;
    Ok(())
}
