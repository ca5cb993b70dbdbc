//! Putting the server together and running it.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use anyhow::{Context, Result};
use tokio::sync::watch;
use tracing_actix_web::TracingLogger;

use crate::config::{Config, HttpConfig};
use crate::db::{self, Db};
use crate::domain::messengers::Messengers;
use crate::domain::peers::{self, Peers};
use crate::domain::recognizer::Recognizer;
use crate::domain::{
    alerts, audit_chain, erasure, feeds, first_admin, master_key, oidc, reembedding, retention,
};
use crate::metrics::Metrics;
use crate::state::{App, Parts, Site};
use crate::storage::PhotoStore;
use crate::{background, cli, routes, tls};

/// The server, bound to its port and not yet running.
pub struct Application {
    app: App,
    config: Config,
    server: Server,
    metrics_server: Option<Server>,
    address: SocketAddr,
}

impl Application {
    /// Checks keys, makes the first admin of an empty system, binds the port.
    ///
    /// # Errors
    /// When the configuration is wrong, the database cannot be reached, the master key does not fit, or the port
    /// is taken.
    pub async fn build(config: Config) -> Result<Self> {
        tls::install_provider();
        config.data.create()?;
        let listener = TcpListener::bind((config.http.host, config.http.port)).with_context(|| {
            let HttpConfig { host, port, .. } = &config.http;
            format!("port {port} of {host} cannot be used: is another server running there? ATTENDANCE_PORT sets another")
        })?;
        let address = listener.local_addr()?;
        let prepared = config.clone();
        let (keys, audit_key) = tokio::task::spawn_blocking(move || {
            let mut conn = db::connect(&prepared.database.url)
                .context("the database of DATABASE_URL cannot be reached")?;
            cli::require_schema(&mut conn)?;
            let keys = master_key::open_or_create(&mut conn, &prepared.data)?;
            let audit_key = audit_chain::open_or_create(&mut conn, &prepared.data)?;
            first_admin::ensure(&mut conn, &prepared.data.folder)?;
            anyhow::Ok((keys, audit_key))
        })
        .await??;
        let origins = config.http.origins(address)?;
        let https = origins.iter().any(|origin| origin.starts_with("https://"));
        let oidc =
            oidc::Provider::new(&config.oidc, origins.first().map(String::as_str).unwrap_or_default())?;
        let metrics = Metrics::new()?;
        let app = App::new(Parts {
            db: Db::new(&config.database, config.replica.as_ref(), metrics.pool_wait_seconds.clone()),
            keys,
            audit_key,
            photos: PhotoStore::open(&config.data.storage())?,
            data: config.data.folder.clone(),
            backup_days: config.backup_days,
            recognizer: Recognizer::new(&config.recognizer)?,
            gallery: Default::default(),
            streams: Default::default(),
            traffic: Default::default(),
            hearing: Default::default(),
            replays: Default::default(),
            hub: Default::default(),
            peers: Peers::new(config.http.peer_url.as_deref())?,
            events: Default::default(),
            review: Default::default(),
            challenges: Default::default(),
            seal_keys: Default::default(),
            messengers: Messengers::new(&config.messages)?,
            oidc,
            metrics,
            site: Site { origins, https, trusted_proxies: config.http.trusted_proxies.clone() },
            stopping: watch::channel(false).0,
        });
        erasure::replay(&app).await.context("the ledger of erasures cannot be replayed")?;
        feeds::recall(&app).await.context("it cannot be read when feeds were last heard")?;
        let server = server(app.clone(), &config, listener)?;
        let metrics_server = metrics_server(&app, &config.http)?;
        Ok(Self { app, config, server, metrics_server, address })
    }

    /// The port it is bound to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What handlers share.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// A handle that stops the server: streams close, requests under way finish.
    pub fn stopper(&self) -> Stopper {
        Stopper { app: self.app.clone(), server: self.server.handle() }
    }

    /// Serves until it is stopped, by a signal too.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run_until_stopped(self) -> Result<()> {
        tracing::info!(url = self.app.site.origins.first(), "listening");
        background::follow_database(self.app.clone(), self.config.database.url.clone());
        background::keep_attendance(self.app.clone(), self.config.database.url.clone());
        let recognizer = tokio::spawn(background::follow_recognizer(self.app.clone()));
        let heads = tokio::spawn(background::keep_audit_heads(self.app.clone()));
        let purge = tokio::spawn(retention::run(self.app.clone()));
        let peers = tokio::spawn(peers::run(self.app.clone()));
        let messages = tokio::spawn(alerts::sending::run(self.app.clone()));
        let templates = tokio::spawn(reembedding::run(self.app.clone(), self.config.database.url.clone()));
        if let Some(server) = self.metrics_server {
            tokio::spawn(server);
        }
        let stopper = Stopper { app: self.app.clone(), server: self.server.handle() };
        tokio::spawn(async move {
            signalled().await;
            tracing::info!("stopping");
            stopper.stop().await;
        });
        self.server.await?;
        self.app.stopping.send_replace(true);
        recognizer.await?;
        templates.await?;
        heads.await?;
        purge.await?;
        messages.await?;
        peers.await?;
        Ok(())
    }
}

/// Stops a running server.
#[derive(Clone)]
pub struct Stopper {
    app: App,
    server: ServerHandle,
}

impl Stopper {
    /// Closes streams, lets requests under way finish, and returns.
    pub async fn stop(&self) {
        self.app.stopping.send_replace(true);
        self.server.stop(true).await;
    }
}

fn server(app: App, config: &Config, listener: TcpListener) -> Result<Server> {
    let spa = config.http.spa.as_deref().filter(|folder| !folder.as_os_str().is_empty());
    let spa = spa.map(routes::Spa::read).transpose()?;
    let server = HttpServer::new(move || {
        let spa = spa.clone();
        ActixApp::new()
            .app_data(web::Data::new(app.clone()))
            .wrap(from_fn(routes::security_headers))
            .wrap(from_fn(routes::request_ids))
            .wrap(TracingLogger::<routes::RequestSpans>::new())
            .configure(routes::configure)
            .configure(|config| {
                if let Some(spa) = spa {
                    routes::configure_spa(config, spa);
                }
            })
    })
    .disable_signals()
    .shutdown_timeout(20);
    let server = if config.http.tls_self() {
        let tls = tls::self_signed(&config.data.folder.join("tls"), config.http.host)?;
        server.listen_rustls_0_23(listener, tls)?
    } else {
        server.listen(listener)?
    };
    Ok(server.run())
}

/// `/metrics` away from the public port, by default on loopback alone.
fn metrics_server(app: &App, config: &HttpConfig) -> Result<Option<Server>> {
    let (host, port) = (config.metrics_host, config.metrics_port);
    if port == 0 {
        return Ok(None);
    }
    let app = app.clone();
    let server = HttpServer::new(move || {
        let app = app.clone();
        ActixApp::new().route("/metrics", web::get().to(move || std::future::ready(app.metrics_text())))
    })
    .workers(1)
    .disable_signals()
    .bind((host, port))
    .with_context(|| {
        format!("port {port} of {host} cannot be used for metrics: ATTENDANCE_METRICS_PORT sets another")
    })?;
    Ok(Some(server.run()))
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
