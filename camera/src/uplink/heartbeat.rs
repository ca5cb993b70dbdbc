//! Tells the server how the camera does, and takes over what it is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use types::{Heartbeat, HeartbeatAnswer};

use super::Server;
use super::live::say_revoked;
use crate::context::Context;
use crate::health;

/// What the agent calls itself.
pub const AGENT: &str = concat!("attendance-camera ", env!("CARGO_PKG_VERSION"));
const EVERY: Duration = Duration::from_secs(10);
/// Changes of the source are told at once, but no more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(8);

/// What became of a heartbeat.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// The answer, and when it was asked for and came.
    Answered(Box<HeartbeatAnswer>, Instant, Instant),
    /// The server has no such route.
    NoRoute,
    /// The token opens this feed no more.
    Revoked,
    /// Anything else, for people.
    Failed(String),
}

/// Sends one every ten seconds, and when the source's state changes.
pub async fn beat(context: Arc<Context>, server: Server) {
    loop {
        let began = Instant::now();
        match tell(&context, &server).await {
            Told::Answered(answer, asked, answered) => {
                context.over("no route");
                let warning = answer.warning.clone();
                let shared = Arc::clone(&context);
                // It may write to the disk. A panic there is said by itself, and the next heartbeat tries again.
                let _ = tokio::task::spawn_blocking(move || shared.learn(&answer, asked, answered)).await;
                if let Some(warning) = warning {
                    let warning: String = warning.chars().filter(|c| !c.is_control()).take(500).collect();
                    context.once(&format!("warning {warning}"), || {
                        tracing::warn!(camera = %context.name, warning, "the server warns");
                    });
                }
            }
            Told::NoRoute => context.once("no route", || {
                tracing::warn!(
                    camera = %context.name,
                    "the server takes no heartbeats (it is older than this agent, or the feed was deleted): settings \
                     stay as they are, and without its key no frames are kept"
                );
            }),
            Told::Revoked => say_revoked(&context),
            Told::Failed(why) => tracing::debug!(camera = %context.name, why, "no heartbeat"),
        }
        let next = tokio::time::sleep(EVERY.saturating_sub(began.elapsed()));
        tokio::select! {
            () = next => {}
            () = context.health.changed() => tokio::time::sleep(AT_MOST_EVERY.saturating_sub(began.elapsed())).await,
        }
    }
}

/// Sends one heartbeat.
pub async fn tell(context: &Context, server: &Server) -> Told {
    let heartbeat = Heartbeat {
        device: context.device,
        agent: AGENT.to_owned(),
        sent_at: Utc::now(),
        started_at: context.health.started_at,
        source: context.health.status(),
        frames: context.health.counts(),
        backlog: context.queue().backlog(),
        temperature_c: health::temperature(),
        settings_revision: context.settings_revision(),
    };
    let asked = Instant::now();
    let answer = match server.post("heartbeat").timeout(ANSWER).json(&heartbeat).send().await {
        Ok(answer) => answer,
        Err(error) => return Told::Failed(crate::tls::root_cause(&error)),
    };
    match answer.status().as_u16() {
        200 => match answer.json::<HeartbeatAnswer>().await {
            Ok(told) => Told::Answered(Box::new(told), asked, Instant::now()),
            Err(error) => {
                Told::Failed(format!("an answer that cannot be read: {}", crate::tls::root_cause(&error)))
            }
        },
        401 | 403 => Told::Revoked,
        404 | 405 => Told::NoRoute,
        status => Told::Failed(format!("the server answers {status}")),
    }
}
