//! The command line.

mod backups;

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use chrono::{NaiveDate, TimeDelta, Utc};
use clap::{Args, Parser, Subcommand};
use diesel::PgConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use telemetry::LogFormat;
use types::{Invitation, Role};
use uuid::Uuid;

use self::backups::{BackupArgs, RestoreArgs};
use crate::config::{Config, DataConfig, DatabaseConfig, Secret};
use crate::db;
use crate::domain::attendance::closing;
use crate::domain::audit_chain::{self, Verdict};
use crate::domain::{audit, backup, first_admin, master_key};
use crate::keys::MasterKeys;
use crate::models::audit::AuditFilter;
use crate::models::provisioning::{self, ROLES};
use crate::startup::Application;
use crate::storage::PhotoStore;
use crate::{models, tls};

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
    /// Keep the database and the photos elsewhere, sealed; servers go on meanwhile.
    Backup(BackupArgs),
    /// Print a new pair of keys for backups.
    BackupKey,
    /// Fill an empty database and the store of photos with a backup.
    Restore(RestoreArgs),
    /// The server that the database is on.
    #[command(subcommand)]
    Database(Database),
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
    /// The audit: who did what to whom.
    #[command(subcommand)]
    Audit(Audit),
    /// The states of people's days.
    #[command(subcommand)]
    Days(Days),
    /// Admins who cannot sign in.
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Debug, Subcommand)]
enum Database {
    /// Make roles and database on a cloud's server, as its administrator; what is there stays.
    Prepare {
        /// Connection URL of the administrator, to the database `postgres`.
        #[arg(long, env = "DATABASE_ADMIN_URL", hide_env_values = true)]
        database_admin_url: Secret,
        /// The database's name.
        #[arg(long, env = "DATABASE_NAME", default_value = "attendance")]
        name: String,
        /// Whose identities sign in: `aws` or `azure`.
        #[arg(long, value_parser = ["aws", "azure"])]
        sign_in: String,
        /// Azure: the object id of the managed identity of a role, as `app=00000000-0000-0000-0000-000000000000`.
        #[arg(long)]
        identity: Vec<RoleIdentity>,
    },
}

/// Which managed identity signs in as a role.
#[derive(Debug, Clone)]
struct RoleIdentity {
    role: &'static str,
    object_id: Uuid,
}

impl FromStr for RoleIdentity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not like app=OBJECT-ID, for owner, app, stats or backup");
        let (role, object_id) = text.split_once('=').ok_or_else(wrong)?;
        let role = ROLES.into_iter().find(|known| known.strip_prefix("attendance_") == Some(role));
        Ok(Self { role: role.ok_or_else(wrong)?, object_id: object_id.parse().map_err(|_| wrong())? })
    }
}

fn prepare(admin: &Secret, name: &str, sign_in: &str, identities: &[RoleIdentity]) -> Result<()> {
    let mut conn = connect(admin)?;
    provisioning::make_roles(&mut conn).context("the roles cannot be made")?;
    provisioning::make_database(&mut conn, name).context("the database cannot be made")?;
    match sign_in {
        "aws" => ROLES.into_iter().try_for_each(|role| provisioning::trust_aws(&mut conn, role)),
        _ => identities
            .iter()
            .try_for_each(|one| provisioning::trust_azure(&mut conn, one.role, one.object_id)),
    }
    .context("the roles cannot sign in by the cloud's identities")
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Add an admin; prints a link, good for 15 minutes, by which they set their password.
    Create {
        #[command(flatten)]
        whom: Whom,
        /// Make them an owner.
        #[arg(long)]
        owner: bool,
    },
    /// Print a link, good for 15 minutes, by which an admin sets a new password.
    Reset {
        #[command(flatten)]
        whom: Whom,
        /// Take their second factor away, which is lost too.
        #[arg(long)]
        without_second_factor: bool,
    },
}

#[derive(Debug, Args)]
struct Whom {
    #[command(flatten)]
    database: DatabaseConfig,
    /// E-mail address.
    #[arg(long)]
    email: String,
    /// The address that people type, for the link.
    #[arg(long, env = "ATTENDANCE_PUBLIC_URL", default_value = "http://127.0.0.1:8080")]
    public_url: String,
}

impl Whom {
    fn origin(&self) -> &str {
        self.public_url.trim_end_matches('/')
    }
}

#[derive(Debug, Subcommand)]
enum Days {
    /// Work out the days of everybody again, from arrivals, marks and rules; servers go on meanwhile.
    Recompute {
        #[command(flatten)]
        database: DatabaseConfig,
        /// The first day, for example 2026-09-01.
        #[arg(long)]
        from: NaiveDate,
        /// The last day.
        #[arg(long)]
        to: NaiveDate,
    },
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Make `master.key` and `audit.key` in a folder, for the secret store of a cloud that new servers have them from.
    New {
        /// The folder, which is there already.
        folder: PathBuf,
    },
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

#[derive(Debug, Subcommand)]
enum Audit {
    /// Check the chain; exit code 1 and the first broken sequence where it was tampered with.
    Verify {
        #[command(flatten)]
        database: DatabaseConfig,
        #[command(flatten)]
        data: DataConfig,
    },
    /// Print all entries, oldest first, one JSON object a line.
    Export {
        #[command(flatten)]
        database: DatabaseConfig,
    },
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// When it cannot be done; the message says why.
    pub async fn run(self) -> Result<()> {
        tls::install_provider();
        let format = LogFormat::from_env();
        let readable = *format.as_ref().unwrap_or(&LogFormat::Text);
        let _spans = telemetry::start("attendance-api", env!("CARGO_PKG_VERSION"), readable);
        format?;
        match self.command {
            Command::Serve(config) => Application::build(*config).await?.run_until_stopped().await,
            Command::Migrate { database_owner_url } => migrate(&database_owner_url),
            Command::Database(Database::Prepare { database_admin_url, name, sign_in, identity }) => {
                prepare(&database_admin_url, &name, &sign_in, &identity)?;
                say(&format!("The server has the roles of Attendance and the database {name}."))
            }
            Command::Backup(args) => args.run().await,
            Command::BackupKey => {
                let (secret, recipient) = backup::new_keys();
                say(&format!("# Recipient, for ATTENDANCE_BACKUP_RECIPIENT: {recipient}"))?;
                say(
                    "# The secret, alone in the file of ATTENDANCE_BACKUP_SECRET_FILE, kept apart from the backups:",
                )?;
                say(&secret)
            }
            Command::Restore(args) => args.run().await,
            Command::Healthcheck { url } => healthcheck(&url).await,
            Command::Keys(Keys::New { folder }) => {
                let there = ["master.key", "audit.key"].into_iter().find(|name| folder.join(name).exists());
                ensure!(there.is_none(), "{} has {} already", folder.display(), there.unwrap_or_default());
                MasterKeys::create(&folder.join("master.key"))?;
                audit_chain::create(&folder.join("audit.key"))?;
                say(&format!("{} has master.key and audit.key: put each into its secret.", folder.display()))
            }
            Command::Keys(Keys::Rotate { database, data }) => {
                let mut conn = connect(&database.url)?;
                let keys = master_key::open_or_create(&mut conn, &data)?;
                let (version, count) = master_key::rotate(&mut conn, &keys)?;
                say(&format!(
                    "Master key {version} wraps {count} keys. Copy the file to its safe place beside the copy that is there: \
                     backups made until now open with the old one alone."
                ))
            }
            Command::Audit(Audit::Verify { database, data }) => {
                let mut conn = connect(&database.url)?;
                let key = audit_chain::open_or_create(&mut conn, &data)?;
                let outside = audit_chain::newest_head(&PhotoStore::open(&data.storage())?).await?;
                match audit_chain::verify(&mut conn, &key, outside.as_ref())? {
                    Verdict::Holds { entries, emptied } => say(&format!(
                        "The chain of {entries} entries holds; the values of {emptied} of them were erased."
                    )),
                    Verdict::Broken { seq, what } => bail!("the audit is broken at sequence {seq}: {what}"),
                }
            }
            Command::Audit(Audit::Export { database }) => {
                let mut conn = connect(&database.url)?;
                let mut after = 0;
                loop {
                    let (lines, last) = audit::lines_after(&mut conn, &AuditFilter::default(), after)?;
                    let Some(last) = last else { return Ok(()) };
                    after = last;
                    say(lines.trim_end())?;
                }
            }
            Command::Days(Days::Recompute { database, from, to }) => {
                ensure!(from <= to, "--to lies before --from");
                ensure!(to - from <= TimeDelta::days(3660), "at most ten years at once");
                let mut conn = connect(&database.url)?;
                let began = Instant::now();
                let people = models::attendance_days::people_of(&mut conn, None)?;
                let changed = closing::recompute_all(&mut conn, &people, (from, to), Utc::now())?;
                say(&format!(
                    "{} people: {changed} states changed, in {:.2} s.",
                    people.len(),
                    began.elapsed().as_secs_f32()
                ))
            }
            Command::User(User::Add { database, email, role }) => {
                let role = crate::domain::sessions::role(&role);
                let password = first_admin::add_user(&mut connect(&database.url)?, &email, role)?;
                say(&format!("{email} may sign in as {} with the password {password}", role.name()))
            }
            Command::Admin(Admin::Create { whom, owner }) => {
                let mut conn = connect(&whom.database.url)?;
                say_link(&whom, &first_admin::create_admin(&mut conn, &whom.email, owner, whom.origin())?)
            }
            Command::Admin(Admin::Reset { whom, without_second_factor: without }) => {
                let mut conn = connect(&whom.database.url)?;
                say_link(&whom, &first_admin::reset_admin(&mut conn, &whom.email, without, whom.origin())?)
            }
        }
    }
}

fn connect(url: &Secret) -> Result<PgConnection> {
    db::connect(url).context("the database cannot be reached")
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("the answer cannot be written")
}

fn say_link(whom: &Whom, link: &Invitation) -> Result<()> {
    say(&format!("{} sets their password at {} until {}", whom.email, link.link, link.expires_at))
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

/// Refuses a schema that is older than this program; a newer one serves it, too.
///
/// # Errors
/// When `attendance migrate` was not run, or not with this release.
pub fn require_schema(conn: &mut PgConnection) -> Result<()> {
    let own = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(|error| anyhow!("{error}"))?;
    let own = own.iter().map(|migration| migration.name().version().to_string()).max();
    let there = models::newest_migration(conn)?;
    ensure!(
        there >= own,
        "the database's schema is {}, this program wants {}: run `attendance migrate` first",
        there.as_deref().unwrap_or("not there"),
        own.unwrap_or_default()
    );
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
