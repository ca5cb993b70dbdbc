//! The ways out: e-mail, SMS, webhooks. Each takes a finished message and says whether the other side took it over.

mod addresses;
mod email;
mod sms;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

pub use self::addresses::Reach;
pub use self::email::{Attachment, Mail, Mailer};
pub use self::sms::{Texter, phone};
pub use self::webhook::{SIGNATURE, post};
use crate::config::MessagesConfig;

/// How long one attempt may take.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// The most bytes of an answer that are read.
const MOST_OF_AN_ANSWER: usize = 64 * 1024;
/// The most bytes of a report that is attached, where the settings say nothing.
const ATTACHMENT: u64 = 10_000_000;

/// Why a message was not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In words for an admin, without secrets.
    pub why: String,
    /// Whether another attempt would fail like this one.
    pub lasting: bool,
}

impl Failure {
    /// One that may pass.
    pub fn passing(why: impl Into<String>) -> Self {
        Self { why: shortened(why.into()), lasting: false }
    }

    /// One that stays.
    pub fn lasting(why: impl Into<String>) -> Self {
        Self { why: shortened(why.into()), lasting: true }
    }
}

/// What another program says is bounded and holds no line breaks.
fn shortened(why: String) -> String {
    let plain = why.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(500).collect()
}

/// What this server can send by.
#[derive(Debug, Clone)]
pub struct Messengers {
    /// E-mail, where it is set up.
    pub mailer: Option<Arc<Mailer>>,
    /// Text messages, where they are set up.
    pub texter: Option<Arc<Texter>>,
    /// Where webhooks may go.
    pub reach: Reach,
    /// The most bytes of a report that is attached.
    pub attachment_bytes: u64,
}

impl Messengers {
    /// Reads the settings.
    ///
    /// # Errors
    /// When they contradict each other or lack something.
    pub fn new(config: &MessagesConfig) -> Result<Self> {
        Ok(Self {
            mailer: Mailer::new(config)?.map(Arc::new),
            texter: Texter::new(config)?.map(Arc::new),
            reach: Reach { networks: config.webhook_networks.clone(), http: config.webhook_http },
            attachment_bytes: config.attachment_bytes.unwrap_or(ATTACHMENT),
        })
    }
}

/// A setting that is there and not empty.
fn set(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|value| !value.is_empty())
}

/// Reads an answer as far as it is read.
async fn bounded(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MOST_OF_AN_ANSWER {
            bytes.truncate(MOST_OF_AN_ANSWER);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What kept a request from being answered, without its address, which may hold secrets.
fn unanswered(error: reqwest::Error) -> Failure {
    let why = error.without_url();
    if why.is_timeout() {
        return Failure::passing("There was no answer in time.");
    }
    let mut text = why.to_string();
    let mut cause = std::error::Error::source(&why);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    Failure::passing(text)
}
