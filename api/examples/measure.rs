//! Times what people wait for on the database that the example `school` has filled, each beside the bare SQL of the same
//! run: `cargo run --release -p api --example measure`, with `DATABASE_URL`. Prints a table for docs/BENCHMARKS.md.

#![allow(clippy::print_stdout, reason = "a command that prints a table")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use api::config::DatabaseConfig;
use api::db;
use api::domain::{arrivals, people, reports};
use api::models::arrivals::ArrivalFilter;
use api::models::people::PeopleFilter;
use api::models::scope::Scope;
use chrono::NaiveDate;
use clap::Parser;
use diesel::pg::{Pg, PgRowByRowLoadingMode};
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Date, Text, Uuid as SqlUuid};
use diesel::{PgConnection, QueryableByName, RunQueryDsl};
use types::{GroupId, ReportFormat, ReportKind};
use uuid::Uuid;

#[derive(Parser)]
struct Measure {
    #[command(flatten)]
    database: DatabaseConfig,
    /// Rounds of the short ones; the workbook is made a tenth as often.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
}

/// Somebody of the school, and a month of it.
#[derive(Clone, QueryableByName)]
struct Sample {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = SqlUuid)]
    group_id: Uuid,
    #[diesel(sql_type = Date)]
    from: NaiveDate,
    #[diesel(sql_type = Date)]
    to: NaiveDate,
}

/// A row of anything: the bare statements are read to their end.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    #[allow(dead_code, reason = "read, as the other side reads it")]
    row: String,
}

const PEOPLE: &str = "SELECT p::text AS row FROM people p WHERE archived_at IS NULL \
    AND search LIKE '%' || search_text($1) || '%' ORDER BY name, id LIMIT 50";
const LAST: &str = "SELECT (a.id, a.at, p.name, f.name)::text AS row FROM arrivals a JOIN people p ON p.id = a.person_id \
    JOIN feeds f ON f.id = a.feed_id ORDER BY a.at DESC, a.id DESC LIMIT 50";
const BY_NAME: &str = "SELECT (a.id, a.at, p.name)::text AS row FROM people p CROSS JOIN LATERAL (SELECT id, at FROM arrivals \
    WHERE person_id = p.id ORDER BY at DESC, id DESC LIMIT 50) AS a WHERE p.search LIKE '%' || search_text($1) || '%' \
    ORDER BY a.at DESC LIMIT 50";
const CLASS: &str = "SELECT (p.name, d.day, d.state)::text AS row FROM attendance_days d JOIN people p ON p.id = d.person_id \
    WHERE d.group_id = $1 AND d.day >= $2 AND d.day < $3 ORDER BY p.name, d.day";
const COMPANY: &str = "SELECT (p.name, d.day, d.state)::text AS row FROM attendance_days d JOIN people p ON p.id = d.person_id \
    WHERE d.day >= $1 AND d.day < $2 ORDER BY p.name, d.day";

fn main() -> Result<()> {
    let measure = Measure::parse();
    let mut conn = db::connect(&measure.database.url)?;
    db::limit(&mut conn)?;
    let samples: Vec<Sample> = diesel::sql_query(
        "SELECT split_part(p.name, ' ', 2) AS name, m.group_id, last.day - 30 AS from, last.day + 1 AS to \
         FROM people p JOIN group_members m ON m.person_id = p.id, (SELECT max(day) AS day FROM attendance_days) AS last \
         ORDER BY md5(p.id::text) LIMIT $1",
    )
    .bind::<diesel::sql_types::BigInt, _>(i64::try_from(measure.rounds)?)
    .load(&mut conn)?;
    let mut table = Table::new(samples.clone());
    table.row(
        &mut conn,
        "people search by name",
        &|conn, sample| search(conn, sample),
        &|conn, sample| bare(conn, statement(PEOPLE).bind::<Text, _>(sample.name.clone())),
    )?;
    table.row(&mut conn, "last 50 arrivals", &|conn, _| list(conn, None), &|conn, _| {
        bare(conn, statement(LAST))
    })?;
    table.row(
        &mut conn,
        "last 50 arrivals of a name",
        &|conn, sample| list(conn, Some(sample.name.clone())),
        &|conn, sample| bare(conn, statement(BY_NAME).bind::<Text, _>(sample.name.clone())),
    )?;
    table.row(
        &mut conn,
        "month's register of a class",
        &|conn, sample| class(conn, sample),
        &|conn, sample| {
            let bound = statement(CLASS).bind::<SqlUuid, _>(sample.group_id);
            bare(conn, bound.bind::<Date, _>(sample.from).bind::<Date, _>(sample.to))
        },
    )?;
    table.samples.truncate(measure.rounds.div_ceil(10));
    forget_peak()?;
    table.row(
        &mut conn,
        "month of the company, XLSX (bare: its rows)",
        &|conn, sample| workbook(conn, sample),
        &|conn, sample| {
            let bound = statement(COMPANY).bind::<Date, _>(sample.from);
            bare(conn, bound.bind::<Date, _>(sample.to))
        },
    )?;
    let peak = peak_mb()?;
    println!("{}\nPeak resident while workbooks were made: {peak} MB", table.text);
    Ok(())
}

type Work<'a> = &'a dyn Fn(&mut PgConnection, &Sample) -> Result<()>;

struct Table {
    samples: Vec<Sample>,
    text: String,
}

impl Table {
    fn new(samples: Vec<Sample>) -> Self {
        let text = "| what | p50 | p95 | bare SQL p50 | p95 | ratio at the median |\n| --- | --- | --- | --- | --- | --- |";
        Self { samples, text: text.to_owned() }
    }

    /// Takes turns with the bare statement, so that both meet the same machine. The first round of each is not counted.
    fn row(&mut self, conn: &mut PgConnection, what: &str, ours: Work<'_>, bare: Work<'_>) -> Result<()> {
        let (mut times, mut bare_times) = (Vec::new(), Vec::new());
        for (number, sample) in self.samples.iter().take(1).chain(&self.samples).enumerate() {
            let begun = Instant::now();
            ours(conn, sample)?;
            let between = Instant::now();
            bare(conn, sample)?;
            if number > 0 {
                times.push(between - begun);
                bare_times.push(between.elapsed());
            }
        }
        let (p50, p95) = (percentile(&mut times, 50), percentile(&mut times, 95));
        let (bare50, bare95) = (percentile(&mut bare_times, 50), percentile(&mut bare_times, 95));
        write!(
            self.text,
            "\n| {what} | {p50:.2} ms | {p95:.2} ms | {bare50:.2} ms | {bare95:.2} ms | {:.1} |",
            p50 / bare50
        )?;
        Ok(())
    }
}

/// In milliseconds.
fn percentile(times: &mut [Duration], share: usize) -> f64 {
    times.sort();
    times
        .get((times.len() * share).div_ceil(100).saturating_sub(1))
        .map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

type Statement = BoxedSqlQuery<'static, Pg, SqlQuery>;

fn statement(text: &'static str) -> Statement {
    diesel::sql_query(text).into_boxed()
}

/// Reads a bare statement to its end, row by row.
fn bare(conn: &mut PgConnection, statement: Statement) -> Result<()> {
    for row in statement.load_iter::<Row, PgRowByRowLoadingMode>(conn)? {
        row?;
    }
    Ok(())
}

fn search(conn: &mut PgConnection, sample: &Sample) -> Result<()> {
    let filter =
        PeopleFilter { scope: Scope::Everyone, query: Some(sample.name.clone()), ..PeopleFilter::default() };
    ensure!(!people::list(conn, &filter, 50, None)?.items.is_empty(), "nobody is called {}", sample.name);
    Ok(())
}

fn list(conn: &mut PgConnection, query: Option<String>) -> Result<()> {
    let found = arrivals::list(
        conn,
        &ArrivalFilter { scope: Scope::Everyone, query, ..ArrivalFilter::default() },
        50,
    )?
    .0
    .len();
    ensure!(found == 50, "{found} arrivals");
    Ok(())
}

fn class(conn: &mut PgConnection, sample: &Sample) -> Result<()> {
    let request = request(sample, Some(GroupId(sample.group_id)));
    let rows = reports::page(conn, chrono::Utc::now(), &Scope::Everyone, &request, None, 50)?.rows.len();
    ensure!(rows == 40, "{rows} people in a class");
    Ok(())
}

fn workbook(conn: &mut PgConnection, sample: &Sample) -> Result<()> {
    reports::make_file(conn, &Scope::Everyone, &request(sample, None), ReportFormat::Xlsx)?;
    Ok(())
}

fn request(sample: &Sample, group: Option<GroupId>) -> reports::Request {
    let (from, to) = (sample.from.to_string(), sample.to.to_string());
    reports::Request { kind: ReportKind::Register, from, to, group, person: None }
}

/// Lets Linux count the peak of this process's memory from here.
fn forget_peak() -> Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be set back")
}

fn peak_mb() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
