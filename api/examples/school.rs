//! Fills an empty database with a school for measuring at scale: people in groups of forty, a schedule, a year of school
//! days with attendance, and arrivals four times a day:
//! `cargo run --release -p api --example school -- --people 10000`
//! with `DATABASE_URL` of the database's owner. Ten thousand people make ten million arrivals. Nobody has a face; for
//! templates see the example `seed`, for figures `measure`.

#![allow(clippy::print_stdout, reason = "a command that says how far it is")]

use std::time::Instant;

use anyhow::{Result, ensure};
use api::config::DatabaseConfig;
use api::db;
use clap::Parser;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Integer};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl};

#[derive(Parser)]
struct School {
    #[command(flatten)]
    database: DatabaseConfig,
    /// How many people.
    #[arg(long, default_value_t = 10_000)]
    people: i32,
    /// How many school days, the last of them yesterday at the latest.
    #[arg(long, default_value_t = 250)]
    days: i32,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

const SCHOOL_DAYS: &str = "CREATE TEMPORARY TABLE school_days ON COMMIT DROP AS \
    SELECT day::date AS day, row_number() OVER (ORDER BY day)::integer AS number FROM ( \
      SELECT day FROM generate_series(current_date - 2 * $1 - 7, current_date - 1, '1 day') AS day \
      WHERE extract(isodow FROM day) < 6 ORDER BY day DESC LIMIT $1) AS days";

const PEOPLE: &str = "INSERT INTO people (id, name, external_id, branch, year) \
    SELECT gen_random_uuid(), \
      (ARRAY['Ada','Ayşe','Björn','Chen','Daniel','Elena','Fatima','Giulia','Hana','Ibrahim','Jana','Karim','Lena', \
        'Mehmet','Nadia','Olga','Pedro','Quentin','Rosa','Samuel','Tomás','Ursula','Viktor','Wei','Ximena','Yusuf', \
        'Zoë'])[1 + n % 27] || ' ' || \
      (ARRAY['Andersen','Bauer','Costa','Demir','Eriksson','Fischer','García','Hoffmann','Ivanova','Jensen','Kaya', \
        'López','Meyer','Novák','Okafor','Petrov','Quispe','Rossi','Schmidt','Taylor','Ueda','Vasquez','Wagner', \
        'Xu','Yıldız','Zhang'])[1 + (n / 27) % 26] || CASE WHEN n >= 702 THEN '-' || \
      (ARRAY['Lund','Moreau','Nakamura','Olsen','Park','Quinn','Ramos','Sato','Torres','Ueno','Vogel','Weiss','Yang', \
        'Zimmer'])[1 + (n / 702) % 14] ELSE '' END, \
      'S' || lpad(n::text, 6, '0'), 'Science', 1 + n % 12 \
    FROM generate_series(0, $1 - 1) AS n";

const GROUPS: &str = "WITH numbered AS (SELECT id, (row_number() OVER (ORDER BY external_id) - 1) / 40 AS class FROM people), \
    classes AS (INSERT INTO groups (id, name) SELECT gen_random_uuid(), 'Class ' || class \
      FROM (SELECT DISTINCT class FROM numbered) AS c RETURNING id, name) \
    INSERT INTO group_members (group_id, person_id, from_day) \
    SELECT classes.id, numbered.id, current_date - 1000 FROM numbered JOIN classes ON classes.name = 'Class ' || class";

const SCHEDULES: &str = "WITH one AS (INSERT INTO schedules (id, name, kind) \
      VALUES (gen_random_uuid(), 'School day', 'period') RETURNING id) \
    INSERT INTO group_schedules (id, group_id, schedule_id, from_day) \
    SELECT gen_random_uuid(), groups.id, one.id, current_date - 1000 FROM groups, one";

/// One in ten late, one in twenty absent, some of every other state.
const ATTENDANCE: &str = "INSERT INTO attendance_days (person_id, schedule_id, day, slot, group_id, starts_at, ends_at, \
      state, first_in, last_out, late_minutes, worked_minutes) \
    SELECT person_id, schedule_id, day, 0, group_id, day + time '08:00', day + time '15:00', state, \
      CASE WHEN there THEN day + time '07:50' + make_interval(mins => late + dice % 10) END, \
      CASE WHEN there THEN day + time '15:05' END, CASE WHEN there THEN late ELSE 0 END, \
      CASE WHEN there AND dice % 50 > 0 THEN 420 - late END \
    FROM (SELECT m.person_id, gs.schedule_id, d.day, m.group_id, r.dice, \
            CASE WHEN r.dice < 100 THEN 'late' WHEN r.dice < 150 THEN 'absent' WHEN r.dice < 170 THEN 'excused' \
              WHEN r.dice < 175 THEN 'unconfirmed' WHEN r.dice < 190 THEN 'left_early' WHEN r.dice < 200 THEN 'half_day' \
              ELSE 'present' END AS state, \
            r.dice < 100 OR r.dice >= 175 AS there, CASE WHEN r.dice < 100 THEN 6 + r.dice % 40 ELSE 0 END AS late \
          FROM school_days AS d CROSS JOIN group_members m JOIN group_schedules gs ON gs.group_id = m.group_id \
          CROSS JOIN LATERAL (SELECT (hashtext(m.person_id::text || d.number) & 2147483647) % 1000 AS dice) AS r) AS days";

const FEED: &str = "INSERT INTO feeds (id, name, liveness, min_frames, dedup_seconds, max_fps, direction, reveals) \
    VALUES (gen_random_uuid(), 'Main door', 'off', 3, 300, 15, 'both', 'all')";

const ARRIVALS: &str = "INSERT INTO arrivals (id, person_id, feed_id, at, span, captured_at, received_at, recorded_at, \
      method, similarity, margin, sender_kind, sender_id, source_kind) \
    SELECT gen_random_uuid(), p.id, f.id, at, tstzrange(at, at + interval '300 s'), at, at, at, 'face', 0.7, 0.3, \
      'feed', f.id, 'live' \
    FROM school_days AS d CROSS JOIN generate_series(0, 3) AS visit CROSS JOIN feeds f CROSS JOIN people p \
    CROSS JOIN LATERAL (SELECT d.day + time '07:40' + make_interval(mins => visit * 140, \
      secs => (hashtext(p.id::text || d.number || visit) & 2147483647) % 1800) AS at) AS moment";

/// Indexes and references are made when the rows are there, which takes a tenth of the time of keeping them up to date.
const DROP_INDEXES: &str = "CREATE TEMPORARY TABLE later ON COMMIT DROP AS \
      SELECT conrelid AS of, conname AS name, \
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS statement \
      FROM pg_constraint WHERE conrelid IN ('arrivals'::regclass, 'attendance_days'::regclass) AND contype IN ('f', 'x') \
      UNION ALL SELECT indrelid, NULL, pg_get_indexdef(indexrelid) FROM pg_index \
      WHERE indrelid IN ('arrivals'::regclass, 'attendance_days'::regclass) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid); \
    DO $$ DECLARE it text; BEGIN \
      FOR it IN SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index \
        WHERE indrelid IN ('arrivals'::regclass, 'attendance_days'::regclass) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) \
        LOOP EXECUTE it; END LOOP; \
      FOR it IN SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', of::regclass, name) FROM later WHERE name IS NOT NULL \
        LOOP EXECUTE it; END LOOP; END $$";
const MAKE_INDEXES: &str = "SET LOCAL maintenance_work_mem = '1GB'; DO $$ DECLARE it text; BEGIN \
    FOR it IN SELECT statement FROM later LOOP EXECUTE it; END LOOP; END $$";

fn main() -> Result<()> {
    let load = School::parse();
    let mut conn = db::connect(&load.database.url)?;
    let there: Count = diesel::sql_query("SELECT count(*) FROM people").get_result(&mut conn)?;
    ensure!(there.count == 0, "this database has people already: give an empty one, with its migrations");
    conn.transaction(|conn| {
        step(conn, "school days", |conn| {
            diesel::sql_query(SCHOOL_DAYS.replace("$1", &load.days.to_string())).execute(conn)
        })?;
        step(conn, "people", |conn| diesel::sql_query(PEOPLE).bind::<Integer, _>(load.people).execute(conn))?;
        step(conn, "memberships", |conn| diesel::sql_query(GROUPS).execute(conn))?;
        step(conn, "schedules of groups", |conn| diesel::sql_query(SCHEDULES).execute(conn))?;
        conn.batch_execute(DROP_INDEXES)?;
        step(conn, "attendance", |conn| diesel::sql_query(ATTENDANCE).execute(conn))?;
        diesel::sql_query(FEED).execute(conn)?;
        step(conn, "arrivals", |conn| diesel::sql_query(ARRIVALS).execute(conn))?;
        step(conn, "indexes and references", |conn| conn.batch_execute(MAKE_INDEXES).map(|()| 0))?;
        Ok::<_, anyhow::Error>(())
    })?;
    step(&mut conn, "statistics", |conn| conn.batch_execute("VACUUM ANALYZE").map(|()| 0))
}

/// Does a step and says how many rows it made in what time.
fn step(
    conn: &mut PgConnection,
    what: &str,
    work: impl FnOnce(&mut PgConnection) -> diesel::QueryResult<usize>,
) -> Result<()> {
    let begun = Instant::now();
    let rows = work(conn)?;
    println!("{what}: {rows} rows, {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}
