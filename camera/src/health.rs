//! How a camera does: its counts and its source's state, told with each heartbeat and once a minute in the log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use types::{FrameCounts, SourceState, SourceStatus};

/// Longer messages are cut.
const MAX_MESSAGE: usize = 500;

/// How a camera does.
#[derive(Debug)]
pub struct Health {
    /// When the agent took up this camera, by the device's clock.
    pub started_at: DateTime<Utc>,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug)]
struct Inner {
    counts: FrameCounts,
    status: SourceStatus,
    /// Since when pictures are counted for their rate, and how many there were then.
    measured: (Instant, u64),
    last_frame: Option<Instant>,
}

impl Default for Health {
    fn default() -> Self {
        let status = SourceStatus {
            state: SourceState::Starting,
            message: None,
            width: 0,
            height: 0,
            fps: 0.0,
            last_frame_at: None,
        };
        let counts = FrameCounts::default();
        let inner = Inner { counts, status, measured: (Instant::now(), 0), last_frame: None };
        Self { started_at: Utc::now(), inner: Mutex::new(inner), changed: Notify::new() }
    }
}

impl Health {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more of a count.
    pub fn count(&self, which: impl FnOnce(&mut FrameCounts) -> &mut u64) {
        self.count_many(which, 1);
    }

    /// So many more of a count.
    pub fn count_many(&self, which: impl FnOnce(&mut FrameCounts) -> &mut u64, more: u64) {
        let mut inner = self.inner();
        let count = which(&mut inner.counts);
        *count = count.saturating_add(more);
    }

    /// A picture came.
    pub fn captured(&self) {
        let mut inner = self.inner();
        inner.counts.captured += 1;
        inner.last_frame = Some(Instant::now());
        inner.status.last_frame_at = Some(Utc::now());
    }

    /// When the last picture came.
    pub fn last_frame(&self) -> Option<Instant> {
        self.inner().last_frame
    }

    /// A picture was read: the source runs.
    pub fn size(&self, width: u32, height: u32) {
        let mut inner = self.inner();
        (inner.status.width, inner.status.height) = (width, height);
        let before = inner.status.state;
        inner.status.state = SourceState::Running;
        inner.status.message = None;
        drop(inner);
        if before != SourceState::Running {
            self.changed.notify_one();
        }
    }

    /// The source's state changed; the message is for people, without credentials. Returns whether it is news.
    pub fn set(&self, state: SourceState, message: Option<String>) -> bool {
        let message = message.map(|text| text.chars().take(MAX_MESSAGE).collect());
        let mut inner = self.inner();
        let news = inner.status.state != state || inner.status.message != message;
        inner.status.state = state;
        inner.status.message = message;
        drop(inner);
        if news {
            self.changed.notify_one();
        }
        news
    }

    /// Waits until the source's state changes.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The counts.
    pub fn counts(&self) -> FrameCounts {
        self.inner().counts
    }

    /// How the source does; its rate is that since the last time this was asked, if that is a while ago.
    pub fn status(&self) -> SourceStatus {
        let mut inner = self.inner();
        let (since, before) = inner.measured;
        let seconds = since.elapsed().as_secs_f32();
        if seconds >= 2.0 {
            inner.status.fps = (inner.counts.captured - before) as f32 / seconds;
            inner.measured = (Instant::now(), inner.counts.captured);
        }
        inner.status.clone()
    }
}

/// The hottest thermal zone in degrees Celsius, where Linux tells.
pub fn temperature() -> Option<f32> {
    let zones = std::fs::read_dir("/sys/class/thermal").ok()?;
    let read = |folder: std::path::PathBuf| -> Option<f32> {
        let text = std::fs::read_to_string(folder.join("temp")).ok()?;
        let degrees = text.trim().parse::<f32>().ok()? / 1000.0;
        (-40.0..150.0).contains(&degrees).then_some(degrees)
    };
    zones.flatten().filter_map(|zone| read(zone.path())).reduce(f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_is_told() {
        let health = Health::default();
        assert!(health.set(SourceState::Lost, Some("x".repeat(900))));
        assert!(!health.set(SourceState::Lost, Some("x".repeat(900))));
        assert_eq!(health.status().message.map(|text| text.len()), Some(MAX_MESSAGE));
        health.size(640, 360);
        assert_eq!((health.status().state, health.status().message), (SourceState::Running, None));
        health.count_many(|frames| &mut frames.lost, 3);
        health.captured();
        assert_eq!((health.counts().lost, health.counts().captured), (3, 1));
    }
}
