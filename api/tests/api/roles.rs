//! What each database role may not do.

use api::db;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;

use crate::support::TestDatabase;

fn refused(conn: &mut PgConnection, role: &str, sql: &str) -> bool {
    conn.batch_execute(&format!("SET ROLE {role}")).unwrap();
    let refused = match conn.batch_execute(sql) {
        Ok(()) => false,
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("permission denied") || text.contains("must be owner"), "{sql}: {text}");
            true
        }
    };
    conn.batch_execute("RESET ROLE").unwrap();
    refused
}

#[test]
fn each_role_can_do_its_work_and_no_more() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    let allowed = [
        ("attendance_app", "SELECT count(*) FROM people"),
        (
            "attendance_app",
            "INSERT INTO audit (actor_kind, action, subject_kind) VALUES ('system', 'test', 'test')",
        ),
        ("attendance_app", "DELETE FROM sessions"),
        ("attendance_stats", "SELECT count FROM people_count"),
        ("attendance_backup", "SELECT count(*) FROM templates"),
    ];
    for (role, sql) in allowed {
        assert!(!refused(&mut conn, role, sql), "{role}: {sql}");
    }
    let forbidden = [
        ("attendance_app", "UPDATE audit SET action = 'nothing'"),
        ("attendance_app", "DELETE FROM audit"),
        ("attendance_app", "TRUNCATE audit"),
        ("attendance_app", "CREATE TABLE mine (id int)"),
        ("attendance_app", "ALTER TABLE people ADD COLUMN x int"),
        ("attendance_app", "DROP TABLE people"),
        ("attendance_app", "DELETE FROM __diesel_schema_migrations"),
        ("attendance_stats", "SELECT count(*) FROM people"),
        ("attendance_stats", "SELECT count(*) FROM templates"),
        ("attendance_stats", "SELECT count(*) FROM users"),
        ("attendance_backup", "DELETE FROM people"),
        ("attendance_backup", "INSERT INTO groups VALUES (gen_random_uuid(), 'x')"),
    ];
    for (role, sql) in forbidden {
        assert!(refused(&mut conn, role, sql), "{role}: {sql}");
    }
}

#[test]
fn the_application_connects_as_its_own_role() {
    let database = TestDatabase::create();
    let mut conn = db::connect(&database.app_url.parse().unwrap()).unwrap();
    assert!(conn.batch_execute("UPDATE audit SET action = 'nothing'").is_err());
}

#[test]
fn migrating_again_changes_nothing() {
    let database = TestDatabase::create();
    api::migrate(&database.owner_url.parse().unwrap()).unwrap();
    assert!(database.number("SELECT count(*) FROM __diesel_schema_migrations") >= 5);
}
