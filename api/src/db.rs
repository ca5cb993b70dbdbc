//! The only door to Diesel.
//!
//! Waiting for a connection and every query happen on the blocking pool. A pool that cannot give a connection
//! in time, or a server that accepted a statement and no longer answers, is a 503. What needs a connection of its
//! own (migrations, listening, commands) has it from [`connect`].

use std::time::Duration;

use actix_web::web;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::{Connection, ConnectionResult, PgConnection, QueryResult};

use crate::config::{DatabaseConfig, Secret};
use crate::error::ApiError;
use crate::models::people::FOUND;

/// Longer than any statement may take (`statement_timeout` below), for a server that hangs instead of failing.
const HANG: Duration = Duration::from_secs(8);
const POOL_WAIT: Duration = Duration::from_millis(1500);

/// libpq signs in with OpenSSL, which would tidy itself away at the process's exit under threads that still connect,
/// and crash. Its first caller can tell it not to, and that is this function, before any connection is made.
fn keep_openssl_until_the_end() {
    openssl_sys::init();
}

/// A connection outside the pool.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub fn connect(url: &Secret) -> ConnectionResult<PgConnection> {
    keep_openssl_until_the_end();
    PgConnection::establish(url.expose())
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

/// A pool of connections; cloning shares it.
#[derive(Clone)]
pub struct Db {
    pool: Pool<ConnectionManager<PgConnection>>,
    url: Secret,
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
    pub fn new(config: &DatabaseConfig) -> Self {
        keep_openssl_until_the_end();
        let pool = Pool::builder()
            .max_size(config.pool_size)
            .min_idle(Some(1))
            .connection_timeout(POOL_WAIT)
            .connection_customizer(Box::new(Limits))
            .build_unchecked(ConnectionManager::new(config.url.expose()));
        Self { pool, url: config.url.clone() }
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
        match tokio::time::timeout(HANG, self.run_at_length(work)).await {
            Ok(result) => result,
            Err(_) => Err(ApiError::DatabaseUnavailable("no answer in time".to_owned())),
        }
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
        let pool = self.pool.clone();
        let blocking = web::block(move || {
            let mut conn = pool.get().map_err(|e| ApiError::DatabaseUnavailable(e.to_string()))?;
            work(&mut conn)
        });
        blocking.await.unwrap_or_else(|cancelled| Err(ApiError::Internal(anyhow::Error::new(cancelled))))
    }
}
