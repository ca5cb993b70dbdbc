//! The only door to Diesel.
//!
//! Waiting for a connection and every query happen on the blocking pool. A pool that cannot give a connection
//! in time, or a server that accepted a statement and no longer answers, is a 503. What needs a connection of its
//! own (migrations, listening, commands) has it from [`connect`].

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::{ResponseError, web};
use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, Utc};
use diesel::r2d2::{ConnectionManager, CustomizeConnection, ManageConnection, Pool};
use diesel::sql_types::{Nullable, Timestamptz};
use diesel::{Connection, ConnectionError, ConnectionResult, PgConnection, QueryResult, RunQueryDsl};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use prometheus::Histogram;
use reqwest::Url;
use sign_in::{DatabaseAuth, SignIn};
use tokio::runtime::Runtime;

use crate::config::{DatabaseConfig, Secret};
use crate::error::ApiError;
use crate::models::people::FOUND;

/// Longer than any statement may take (`statement_timeout` below), for a server that hangs instead of failing.
const HANG: Duration = Duration::from_secs(8);
const POOL_WAIT: Duration = Duration::from_millis(1500);

/// How libpq notices a server that is gone without a word, such as one whose machine died: a connection is made within
/// three seconds or not, and one in use breaks after some ten. The kernel's own patience is a quarter of an hour, for
/// which every connection of the pool would hang while the standby has long taken over.
const PATIENCE: &str =
    "connect_timeout=3&keepalives_idle=5&keepalives_interval=2&keepalives_count=3&tcp_user_timeout=10000";

/// libpq signs in with OpenSSL, which would tidy itself away at the process's exit under threads that still connect,
/// and crash. Its first caller can tell it not to, and that is this function, before any connection is made.
fn keep_openssl_until_the_end() {
    openssl_sys::init();
}

/// A connection outside the pool.
///
/// # Errors
/// When the server cannot be reached or refuses, or the cloud gives no password.
pub fn connect(url: &Secret) -> ConnectionResult<PgConnection> {
    keep_openssl_until_the_end();
    let refused = |why: String| ConnectionError::BadConnection(why);
    check(url.expose()).map_err(|why| refused(why.to_owned()))?;
    let url = with_password(url).map_err(|error| refused(format!("{error:#}")))?;
    PgConnection::establish(&with_patience(url.expose()))
}

/// What libpq would refuse in words that have a part of the password in them.
fn check(url: &str) -> Result<(), &'static str> {
    const FORM: &str = "the database's URL must look like postgresql://user:password@host:5432/database, with the \
                        password before the @ and characters such as %, / and @ in it percent-encoded";
    let rest = url.strip_prefix("postgresql://").or_else(|| url.strip_prefix("postgres://")).ok_or(FORM)?;
    let mut escapes = rest.split('%').skip(1);
    if !escapes.all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())) {
        return Err(FORM);
    }
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = address.split_once('/').unwrap_or((address, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    // The last part of a host in brackets is no port.
    let port =
        host.rsplit_once(']').map_or(host, |(_, rest)| rest).rsplit_once(':').map_or("", |(_, port)| port);
    let secret =
        parameters.split('&').any(|part| part.starts_with("password=") || part.starts_with("sslpassword="));
    let stray = path.contains('@') || user.contains('@') || host.contains(['[', ' ']) && !host.contains(']');
    if secret || stray || !port.bytes().all(|byte| byte.is_ascii_digit() || byte == b',') {
        Err(FORM)
    } else {
        Ok(())
    }
}

/// A connection URL with [`PATIENCE`]; what the URL itself says of it wins, since libpq takes the last.
fn with_patience(url: &str) -> String {
    match url.split_once('?') {
        Some((address, parameters)) => format!("{address}?{PATIENCE}&{parameters}"),
        None => format!("{url}?{PATIENCE}"),
    }
}

/// How this process signs in to databases, as `DATABASE_AUTH` says, and what it asks the cloud with.
struct Identity {
    auth: DatabaseAuth,
    sign_in: SignIn,
    runtime: Runtime,
}

impl Identity {
    fn from_env() -> Result<Self> {
        let auth = std::env::var("DATABASE_AUTH").unwrap_or_default().parse()?;
        let sign_in = SignIn::from_env(auth)?;
        // Last: one that was made must not be dropped again within another's work.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { auth, sign_in, runtime })
    }
}

/// The URL with the password of this moment, where the cloud's identity signs in.
///
/// # Errors
/// When `DATABASE_AUTH` makes no sense or the cloud gives no password.
pub fn with_password(url: &Secret) -> Result<Secret> {
    static IDENTITY: OnceLock<Result<Identity, String>> = OnceLock::new();
    let identity = IDENTITY.get_or_init(|| Identity::from_env().map_err(|error| format!("{error:#}")));
    let identity = identity.as_ref().map_err(|error| anyhow!("{error}"))?;
    if identity.auth == DatabaseAuth::Password {
        return Ok(url.clone());
    }
    let (plain, _) = without_password(url);
    let address = Url::parse(&plain).context("the database's URL cannot be read")?;
    let host = address.host_str().context("the database's URL names no host")?;
    let (port, user) = (address.port().unwrap_or(5432), address.username());
    // On a thread of its own: whoever connects may be in the middle of asynchronous work.
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| identity.runtime.block_on(identity.sign_in.password(host, port, user)));
        asking.join().unwrap_or_else(|_| Err(anyhow!("asking for a password panicked")))
    })?;
    let password = asked.context("no password")?;
    let password = utf8_percent_encode(password.expose(), NON_ALPHANUMERIC);
    Ok(Secret::new(plain.replacen('@', &format!(":{password}@"), 1)))
}

/// A connection URL without its password, which others on the machine may see, and the password.
pub fn without_password(url: &Secret) -> (String, Option<Secret>) {
    let url = url.expose();
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find(['/', '?']).map_or(url.len(), |at| authority + at);
    let Some(user) = url[authority..end].rfind('@').map(|at| authority + at) else {
        return (url.to_owned(), None);
    };
    let Some(colon) = url[authority..user].find(':').map(|at| authority + at) else {
        return (url.to_owned(), None);
    };
    let password = percent_decode_str(&url[colon + 1..user]).decode_utf8_lossy();
    (format!("{}{}", &url[..colon], &url[user..]), Some(Secret::new(password)))
}

/// Limits a connection as those of the pool are. Compiling a statement for the processor takes longer than any of ours
/// runs.
///
/// # Errors
/// When the server does not answer.
pub fn limit(conn: &mut PgConnection) -> QueryResult<()> {
    use diesel::connection::SimpleConnection;
    conn.batch_execute(&format!(
        "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s'; SET jit = off; \
         SET pg_trgm.word_similarity_threshold = {FOUND}"
    ))
}

/// Connects as [`connect`] does; the rest is Diesel's.
struct Manager {
    url: Secret,
    checks: ConnectionManager<PgConnection>,
}

impl ManageConnection for Manager {
    type Connection = PgConnection;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<PgConnection, Self::Error> {
        connect(&self.url).map_err(diesel::r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, conn: &mut PgConnection) -> Result<(), Self::Error> {
        self.checks.is_valid(conn)
    }

    fn has_broken(&self, conn: &mut PgConnection) -> bool {
        self.checks.has_broken(conn)
    }
}

/// A pool of connections; cloning shares it.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
    /// To a standby that follows the database, for reports.
    replica: Option<Pool<Manager>>,
    url: Secret,
    wait: Histogram,
}

#[derive(Debug)]
struct Limits;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Limits {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        limit(conn).map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Db {
    /// A pool that connects when it is first asked: a database that is down does not stop the start.
    /// `replica` is the URL of a standby that follows it. `wait` is told how long work waits for a connection, in
    /// seconds.
    pub fn new(config: &DatabaseConfig, replica: Option<&Secret>, wait: Histogram) -> Self {
        keep_openssl_until_the_end();
        let replica = replica.filter(|url| !url.expose().is_empty());
        Self {
            pool: pool(&config.url, config.pool_size, 1),
            replica: replica.map(|url| pool(url, config.pool_size, 0)),
            url: config.url.clone(),
            wait,
        }
    }

    /// How many connections there are, and how many of them nobody uses.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }

    /// A connection of one's own, for work that takes longer than a request may.
    ///
    /// # Errors
    /// [`ApiError::DatabaseUnavailable`].
    pub fn connect(&self) -> Result<PgConnection, ApiError> {
        connect(&self.url).map_err(|error| ApiError::DatabaseUnavailable(error.to_string()))
    }

    /// Runs `work` with a connection of its own, for as long as it takes: imports, exports.
    ///
    /// # Errors
    /// [`ApiError::DatabaseUnavailable`] without a connection, else whatever `work` fails with.
    pub async fn run_long<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, ApiError> + Send + 'static,
    {
        let task = self.clone();
        let blocking = tokio::task::spawn_blocking(move || work(&mut task.connect()?));
        blocking.await.map_err(anyhow::Error::from)?
    }

    /// Runs `work` with a connection.
    ///
    /// # Errors
    /// [`ApiError::DatabaseUnavailable`] without a connection in time, else whatever `work` fails with.
    pub async fn run<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, ApiError> + Send + 'static,
    {
        within(HANG, self.run_at_length(work)).await
    }

    /// The same for work of many rows, such as a file of a year: each statement has its limit, the whole has none.
    ///
    /// # Errors
    /// As [`Db::run`].
    pub async fn run_at_length<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, ApiError> + Send + 'static,
    {
        let (pool, wait) = (self.pool.clone(), self.wait.clone());
        blocking(move || {
            let waiting = wait.start_timer();
            let conn = pool.get();
            waiting.observe_duration();
            let mut conn = conn.map_err(unavailable)?;
            work(&mut conn)
        })
        .await
    }

    /// Runs `work`, which only reads, on the replica where there is one; what cannot be had there is read from the
    /// database itself. `work` is told of what time its data is.
    ///
    /// # Errors
    /// As [`Db::run`].
    pub async fn read<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: Fn(&mut PgConnection, DateTime<Utc>) -> Result<T, ApiError> + Clone + Send + 'static,
    {
        if let Some(read) = self.read_replica(work.clone(), Some(HANG / 2)).await {
            return Ok(read);
        }
        self.run(move |conn| work(conn, Utc::now())).await
    }

    /// The same without a limit of the whole, as [`Db::run_at_length`].
    ///
    /// # Errors
    /// As [`Db::run`].
    pub async fn read_at_length<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: Fn(&mut PgConnection, DateTime<Utc>) -> Result<T, ApiError> + Clone + Send + 'static,
    {
        if let Some(read) = self.read_replica(work.clone(), None).await {
            return Ok(read);
        }
        self.run_at_length(move |conn| work(conn, Utc::now())).await
    }

    /// None where there is no replica, or `work` fails there: it may know less than the database, such as a group of a
    /// moment ago.
    async fn read_replica<T, F>(&self, work: F, limit: Option<Duration>) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection, DateTime<Utc>) -> Result<T, ApiError> + Send + 'static,
    {
        let replica = self.replica.clone()?;
        let read = blocking(move || {
            let mut conn = replica.get().map_err(unavailable)?;
            let data_of = followed_until(&mut conn)?;
            work(&mut conn, data_of)
        });
        let read = match limit {
            Some(limit) => within(limit, read).await,
            None => read.await,
        };
        if let Err(error) = &read
            && !error.status_code().is_client_error()
        {
            tracing::warn!(error.cause = ?error, "nothing from the replica; reading the database");
        }
        read.ok()
    }
}

fn pool(url: &Secret, size: u32, idle: u32) -> Pool<Manager> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(idle))
        .connection_timeout(POOL_WAIT)
        .connection_customizer(Box::new(Limits))
        .build_unchecked(Manager { url: url.clone(), checks: ConnectionManager::new(url.expose()) })
}

fn unavailable(error: impl std::fmt::Display) -> ApiError {
    ApiError::DatabaseUnavailable(error.to_string())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    web::block(work).await.unwrap_or_else(|cancelled| Err(ApiError::Internal(anyhow::Error::new(cancelled))))
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(unavailable("no answer in time")))
}

/// Until when a standby has followed its database. One that has replayed all that it was sent is of now; if the line is
/// cut without a word, that is noticed by `wal_receiver_timeout`, a minute.
fn followed_until(conn: &mut PgConnection) -> Result<DateTime<Utc>, ApiError> {
    let until: Option<DateTime<Utc>> = diesel::select(diesel::dsl::sql::<Nullable<Timestamptz>>(
        "CASE WHEN NOT pg_is_in_recovery() THEN NULL \
         WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn() \
         THEN now() ELSE pg_last_xact_replay_timestamp() END",
    ))
    .get_result(conn)?;
    until.ok_or_else(|| unavailable("it follows no database"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_its_own_patience() {
        assert_eq!(with_patience("postgresql://a@h/db"), format!("postgresql://a@h/db?{PATIENCE}"));
        let own = with_patience("postgresql://a@h/db?sslmode=verify-full&connect_timeout=9");
        assert_eq!(own, format!("postgresql://a@h/db?{PATIENCE}&sslmode=verify-full&connect_timeout=9"));
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_it() {
        for right in [
            "postgresql://owner:p%40w@host:5432/db?sslmode=verify-full",
            "postgres://owner:pw@/db?host=/run/a:b@c",
            "postgresql://owner@[2001:db8::1]:5432/db",
            "postgresql://a,b:5432,5433/db",
            "postgresql:///db",
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in [
            "host=localhost password=S3CRET",
            "mysql://u:S3CRET@host/db",
            "postgresql://u:S3%CRET@host/db",
            "postgresql://u:S3CRE%@host/db",
            "postgresql://u:S3/CRET@host/db",
            "postgresql://u:S3@CRET@host/db",
            "postgresql://u:S3CRET@[bad/x",
            "postgresql://u@host/db?password=S3CRET",
        ] {
            let said = format!("{:?}", connect(&Secret::new(wrong)).err());
            assert!(said.contains("must look like") && !said.contains("S3"), "{wrong}: {said}");
        }
    }

    #[test]
    fn a_password_is_taken_out_of_a_url() {
        for (url, without, password) in [
            ("postgresql://owner:p%40w@host:5432/db?x=1", "postgresql://owner@host:5432/db?x=1", Some("p@w")),
            (
                "postgresql://owner:pw@/db?host=/run/a:b@c",
                "postgresql://owner@/db?host=/run/a:b@c",
                Some("pw"),
            ),
            ("postgresql://owner@host/db?passfile=/a:b", "postgresql://owner@host/db?passfile=/a:b", None),
            ("postgresql:///db", "postgresql:///db", None),
        ] {
            let (left, taken) = without_password(&Secret::new(url));
            assert_eq!((left.as_str(), taken.as_ref().map(Secret::expose)), (without, password));
        }
    }
}
