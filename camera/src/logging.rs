//! The log: text or JSON lines on standard error; `RUST_LOG` chooses what is in it.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// Crates that write requests with their tokens, or frames, at finer levels: whatever `RUST_LOG` says, they do not.
const TELL_TALES: [&str; 7] =
    ["tungstenite", "tokio_tungstenite", "hyper", "hyper_util", "reqwest", "rustls", "h2"];

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Begins to log.
pub fn start(format: LogFormat) {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    for crate_name in TELL_TALES {
        if let Ok(directive) = format!("{crate_name}=info").parse() {
            filter = filter.add_directive(directive);
        }
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Refused only when a log was begun already.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
