//! The database: one connection, kept between invocations.
//!
//! A function is frozen between invocations, so its connection may have died while nobody looked. A query that fails on
//! a kept connection is asked again on a new one, which looks the server's name up anew and signs in anew; so nothing
//! has to be restarted after a failover. Everything is limited in time.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Error, anyhow};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::Settings;

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const QUERY_LIMIT: Duration = Duration::from_secs(2);
/// For one request, whatever happens: sign-in, a second connection, a second query.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
const COUNT_KEPT: Duration = Duration::from_secs(5);
/// What the server is told at the start of each connection. It stops a query that nobody waits for any more.
const OPTIONS: &str = "-c statement_timeout=2000 -c default_transaction_read_only=on";

/// Why there is no answer.
pub enum Failure {
    /// The server is away, late, or lets nobody in: it may come back.
    Unavailable(Error),
    /// It refuses this very query, as to a role without the right to it: somebody has to look.
    Refused(Error),
}

/// The database; shared by all requests.
pub struct Database {
    settings: Settings,
    connection: Mutex<Connection>,
    count: Mutex<Option<(SystemTime, i64)>>,
}

#[derive(Default)]
struct Connection {
    client: Option<Arc<Client>>,
    failed: Option<Instant>,
}

impl Database {
    /// Connects when it is first asked.
    pub fn new(settings: Settings) -> Self {
        Self { settings, connection: Mutex::default(), count: Mutex::default() }
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn check(&self) -> Result<(), Failure> {
        self.value("SELECT 1", Instant::now()).await.map(|_| ())
    }

    /// How many people there are; a number of up to five seconds ago.
    ///
    /// # Errors
    /// Why it is not known.
    pub async fn count_people(&self) -> Result<i64, Failure> {
        let came = Instant::now();
        // Held meanwhile, so that a crowd asks once. By the wall clock: others stand still in a frozen function.
        let mut kept = self.count.lock().await;
        if let Some((at, count)) = *kept
            && at.elapsed().is_ok_and(|age| age < COUNT_KEPT)
        {
            return Ok(count);
        }
        let text = self.value("SELECT count FROM people_count", came).await?;
        let count = text.parse().context("the count is no number").map_err(Failure::Refused)?;
        *kept = Some((SystemTime::now(), count));
        Ok(count)
    }

    /// The one value that a query gives to a request that came then.
    async fn value(&self, sql: &str, came: Instant) -> Result<String, Failure> {
        let asked = timeout(REQUEST_LIMIT, async {
            loop {
                let (client, kept) = self.client(came).await?;
                let answer = ask(&client, sql).await;
                if let Err(Failure::Unavailable(cause)) = &answer {
                    self.discard(&client).await;
                    if kept {
                        tracing::info!(
                            error.cause = format!("{cause:#}"),
                            "the kept connection is discarded"
                        );
                        continue;
                    }
                }
                return answer;
            }
        });
        asked.await.unwrap_or_else(|_| Err(late("no answer", REQUEST_LIMIT)))
    }

    /// The connection, and whether it was there before.
    async fn client(&self, came: Instant) -> Result<(Arc<Client>, bool), Failure> {
        let mut connection = self.connection.lock().await;
        if let Some(client) = connection.client.as_ref().filter(|client| !client.is_closed()) {
            return Ok((client.clone(), true));
        }
        // Whoever waited for a try that failed does not try again: a crowd would do so one after the other.
        if connection.failed.is_some_and(|at| at >= came) {
            return Err(Failure::Unavailable(anyhow!("no connection, as another request has just seen")));
        }
        match self.connect().await {
            Ok(client) => {
                let client = Arc::new(client);
                *connection = Connection { client: Some(client.clone()), failed: None };
                Ok((client, false))
            }
            Err(failure) => {
                *connection = Connection { client: None, failed: Some(Instant::now()) };
                Err(failure)
            }
        }
    }

    async fn discard(&self, client: &Arc<Client>) {
        let mut connection = self.connection.lock().await;
        if connection.client.as_ref().is_some_and(|held| Arc::ptr_eq(held, client)) {
            connection.client = None;
        }
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let Settings { host, port, name, user, sign_in, password, roots } = &self.settings;
        let mut config = Config::new();
        config.host(host).port(*port).dbname(name).user(user).options(OPTIONS);
        config.application_name("attendance-lambda").connect_timeout(CONNECT_LIMIT);
        match sign_in.password(host, *port, user).await.map_err(Failure::Unavailable)? {
            Some(made) => config.password(made.expose()),
            None => config.password(password.as_deref().unwrap_or_default()),
        };
        // A server on this machine, by its socket's folder; over a network there is no way without TLS.
        if host.starts_with('/') {
            return within_limit(config.connect(NoTls)).await.map(|(client, rest)| kept_alive(client, rest));
        }
        config.ssl_mode(tokio_postgres::config::SslMode::Require);
        let tls = MakeRustlsConnect::new(roots.tls().await.map_err(Failure::Unavailable)?);
        within_limit(config.connect(tls)).await.map(|(client, rest)| kept_alive(client, rest))
    }
}

async fn within_limit<T>(
    connecting: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    match timeout(CONNECT_LIMIT, connecting).await {
        Ok(done) => done.context("no connection").map_err(Failure::Unavailable),
        Err(_) => Err(late("no connection", CONNECT_LIMIT)),
    }
}

/// The part of the connection that reads and writes; it ends with the client, or when the connection breaks.
fn kept_alive<C>(client: Client, rest: C) -> Client
where
    C: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = rest.await {
            tracing::info!(error.cause = format!("{:#}", Error::from(error)), "the connection has ended");
        }
    });
    client
}

async fn ask(client: &Client, sql: &str) -> Result<String, Failure> {
    let rows = match timeout(QUERY_LIMIT, client.simple_query(sql)).await {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => {
            // Class 42: syntax and rights. Everything else may pass.
            let refused = error.code().is_some_and(|code| code.code().starts_with("42"));
            let error = Error::from(error).context("the query failed");
            return Err(if refused { Failure::Refused(error) } else { Failure::Unavailable(error) });
        }
        Err(_) => return Err(late("no answer to the query", QUERY_LIMIT)),
    };
    let mut rows = rows.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.next().ok_or_else(|| Failure::Refused(anyhow!("the query gave no row")))
}

fn late(what: &str, limit: Duration) -> Failure {
    Failure::Unavailable(anyhow!("{what} within {} s", limit.as_secs()))
}
