//! The function behind a cloud's API gateway: is the database there, and how many people are enrolled.
//!
//! One program for both clouds. AWS Lambda starts it as its own runtime and hands over events of an HTTP API; Azure
//! Functions starts it as a custom handler and forwards plain HTTP to it. Behind both stands the same answer
//! (`routes.rs`), and one database connection that lives from one invocation to the next (`database.rs`).

mod database;
mod gateways;
mod roots;
mod routes;
mod settings;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use tracing_subscriber::EnvFilter;

use crate::database::Database;
use crate::settings::Settings;

// Both clouds run one process for one request at a time, or few.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
    // Clients for TLS cannot be built before there is a provider of cryptography.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error.cause = format!("{error:#}"), "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let database = Arc::new(Database::new(Settings::from_env()?));
    let port = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT").ok();
    match port {
        _ if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() => gateways::serve_aws(database).await,
        Some(port) => gateways::serve_azure(database, &port).await,
        None => bail!(
            "this program is started by AWS Lambda (AWS_LAMBDA_RUNTIME_API) or by Azure Functions \
             (FUNCTIONS_CUSTOMHANDLER_PORT)"
        ),
    }
}
