//! Keeps a source running: opens it again when it fails, falls silent, or other measures are wanted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use types::SourceState;

use super::{FrameSource, Sink, SourceError, Wanted};
use crate::context::Context;
use crate::pace::Rules;

/// Nothing for this long, and the source is opened again.
pub const SILENCE: Duration = Duration::from_secs(10);
/// The first picture may take this long: some cameras send a whole one every few seconds.
const FIRST: Duration = Duration::from_secs(20);
/// The first and the longest wait before opening again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// A source that ran for this long is opened again without a wait.
const WELL: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(500);

fn wanted(rules: &Rules) -> Wanted {
    Wanted { max_width: rules.settings.max_width, fps: rules.active_fps() }
}

/// Runs a source for ever; returns when a recording was shown to its end.
pub async fn run_source(context: Arc<Context>, mut source: Box<dyn FrameSource>, sink: Arc<Sink>) {
    let mut rules = context.rules.subscribe();
    let mut wait = AGAIN.0;
    loop {
        let measures = wanted(&rules.borrow_and_update());
        let since = Instant::now();
        let ended = tokio::select! {
            ended = source.run(measures, &sink) => ended,
            () = silence(&context, since) => {
                Err(SourceError { state: SourceState::Stalled, message: silent(since.elapsed()) })
            }
            () = changed(&mut rules, measures) => continue,
        };
        let error = match ended {
            Ok(()) => {
                context.health.set(SourceState::Ended, None);
                tracing::info!(camera = %context.name, "the recording has ended");
                return;
            }
            Err(error) => error,
        };
        if context.health.set(error.state, Some(error.message.clone())) {
            tracing::warn!(camera = %context.name, why = error.message, "the source gives no pictures");
        }
        if since.elapsed() > WELL {
            wait = AGAIN.0;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(AGAIN.1);
    }
}

fn silent(after: Duration) -> String {
    format!(
        "the camera sends nothing any more ({} s after it was opened); it is opened again: check its cable and power if \
         this stays so",
        after.as_secs()
    )
}

/// Returns when nothing came for too long.
async fn silence(context: &Context, since: Instant) {
    loop {
        tokio::time::sleep(LOOK).await;
        let last = context.health.last_frame().filter(|&last| last >= since);
        let silent = last.map_or(since.elapsed() > FIRST, |last| last.elapsed() > SILENCE);
        if silent {
            return;
        }
    }
}

/// Returns when other pictures are wanted of the source.
async fn changed(rules: &mut watch::Receiver<Rules>, measures: Wanted) {
    // The sender lives as long as the context.
    let _ = rules.wait_for(|rules| wanted(rules) != measures).await;
}
