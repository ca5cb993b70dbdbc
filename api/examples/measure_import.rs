//! Measures how long a table of people takes to be read, judged and stored, and stores nothing in the end:
//! `cargo run --release -p api --example measure_import -- --rows 10000` with `DATABASE_URL`.

use std::time::Instant;

use anyhow::{Result, anyhow};
use api::config::DatabaseConfig;
use api::db;
use api::domain::people_import::{plan, rows, sheet};
use api::error::ApiError;
use clap::Parser;
use diesel::Connection;
use types::UserId;
use uuid::Uuid;

#[derive(Parser)]
struct Measure {
    #[command(flatten)]
    database: DatabaseConfig,
    /// How many people.
    #[arg(long, default_value_t = 10_000)]
    rows: usize,
}

#[allow(clippy::print_stdout, reason = "the answer of a command")]
fn main() -> Result<()> {
    let measure = Measure::parse();
    let mut conn = db::connect(&measure.database.url)?;
    let mut table = String::from("name,external_id,email,phone,branch,year,groups\n");
    for number in 0..measure.rows {
        let class = number % 250;
        table.push_str(&format!(
            "Pupil Number {number},MEASURED-{number},p{number}@example.org,+49 30 {number},Physics,{},Class {class}; Choir\n",
            1 + number % 4
        ));
    }
    let began = Instant::now();
    let stored = conn.transaction(|conn| {
        let (_, rows) = rows::rows(sheet::read(table.as_bytes())?)?;
        let planned = plan::plan(conn, &rows)?;
        println!("read and judged after {:.2} s", began.elapsed().as_secs_f64());
        plan::store(conn, UserId(Uuid::nil()), Uuid::nil(), &planned, |_| Ok(()))?;
        println!("{} rows stored after {:.2} s", planned.len(), began.elapsed().as_secs_f64());
        Err::<(), _>(ApiError::ImportNotReady)
    });
    match stored {
        Err(ApiError::ImportNotReady) => Ok(()),
        other => Err(anyhow!("{other:?}")),
    }
}
