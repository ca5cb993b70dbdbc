//! `attendance-camera run`.

use tokio::sync::watch;

use crate::agent;
use crate::config::{Config, Flags};

/// Runs until the process is told to stop.
///
/// # Errors
/// When the configuration is wrong.
pub async fn run(flags: &Flags) -> anyhow::Result<()> {
    let config: Config = flags.config()?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        told_to_stop().await;
        tracing::info!("stopping");
        // Refused only when nothing runs any more.
        let _ = stop.send(true);
    });
    agent::run(config, stopped).await;
    Ok(())
}

#[cfg(unix)]
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}
