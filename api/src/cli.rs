//! The command line.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Parser, Subcommand};
use diesel::PgConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use types::Role;

use crate::config::{Config, DataConfig, DatabaseConfig, Secret};
use crate::db;
use crate::domain::{first_admin, master_key};
use crate::startup::Application;
use crate::{models, telemetry, tls};

/// The migrations, in the binary.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// Attendance: people pass a camera, arrivals are logged.
#[derive(Debug, Parser)]
#[command(name = "attendance", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the front end.
    Serve(Box<Config>),
    /// Bring the database's schema up to date.
    Migrate {
        /// Connection URL of the owner.
        #[arg(long, env = "DATABASE_OWNER_URL", hide_env_values = true)]
        database_owner_url: Secret,
    },
    /// Ask a running server whether it is ready.
    Healthcheck {
        /// Its address.
        #[arg(long, env = "ATTENDANCE_HEALTH_URL", default_value = "http://127.0.0.1:8080")]
        url: String,
    },
    /// Master keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Users.
    #[command(subcommand)]
    User(User),
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Wrap every person's key with a new master key; servers go on meanwhile.
    Rotate {
        #[command(flatten)]
        database: DatabaseConfig,
        #[command(flatten)]
        data: DataConfig,
    },
}

#[derive(Debug, Subcommand)]
enum User {
    /// Add somebody who may sign in; prints their password.
    Add {
        #[command(flatten)]
        database: DatabaseConfig,
        /// E-mail address.
        #[arg(long)]
        email: String,
        /// `admin`, `manager`, `guard` or `member`.
        #[arg(long, value_parser = Role::ALL.map(Role::name))]
        role: String,
    },
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// When it cannot be done; the message says why.
    pub async fn run(self) -> Result<()> {
        telemetry::init();
        tls::install_provider();
        match self.command {
            Command::Serve(config) => Application::build(*config).await?.run_until_stopped().await,
            Command::Migrate { database_owner_url } => migrate(&database_owner_url),
            Command::Healthcheck { url } => healthcheck(&url).await,
            Command::Keys(Keys::Rotate { database, data }) => {
                let mut conn = connect(&database.url)?;
                let keys = master_key::open_or_create(&mut conn, &data)?;
                let (version, count) = master_key::rotate(&mut conn, &keys)?;
                say(&format!(
                    "Master key {version} wraps the keys of {count} people. Copy the file to its safe place."
                ))
            }
            Command::User(User::Add { database, email, role }) => {
                let role = crate::domain::sessions::role(&role);
                let password = first_admin::add_user(&mut connect(&database.url)?, &email, role)?;
                say(&format!("{email} may sign in as {} with the password {password}", role.name()))
            }
        }
    }
}

fn connect(url: &Secret) -> Result<PgConnection> {
    db::connect(url).context("the database cannot be reached")
}

#[allow(clippy::print_stdout, reason = "the answer of a command")]
fn say(text: &str) -> Result<()> {
    println!("{text}");
    Ok(())
}

/// Brings the schema up to date. Several servers may start at once: one migrates, the others wait.
///
/// # Errors
/// When the database cannot be reached or a migration fails; what it had begun is rolled back.
pub fn migrate(url: &Secret) -> Result<()> {
    let mut conn = connect(url)?;
    models::lock_migrations(&mut conn)?;
    let run =
        conn.run_pending_migrations(MIGRATIONS).map_err(|error| anyhow!("a migration failed: {error}"))?;
    for version in run {
        tracing::info!(migration.version = %version, "migrated");
    }
    let moved = models::arrivals::forget_foreign_transactions(&mut conn)?;
    if moved > 0 {
        tracing::info!(arrivals = moved, "arrivals restored from another cluster");
    }
    Ok(())
}

async fn healthcheck(url: &str) -> Result<()> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(3))
        .tls_danger_accept_invalid_certs(true)
        .build()?;
    let response =
        client.get(format!("{url}/readyz")).send().await.with_context(|| format!("{url} does not answer"))?;
    ensure!(response.status().is_success(), "{url} is not ready: {}", response.status());
    Ok(())
}
