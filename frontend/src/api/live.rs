//! What the live page takes of the feeds. Reading all of [`types::FeedView`] would bring 10 kB more into the page that
//! comes first.

use chrono::{DateTime, Utc};
use gloo_net::http::Method;
use serde::Deserialize;
use types::{FeedId, FeedToken, GroupId, Page, SourceState};

use super::{Api, Coming, FeedRequest, json, read};

/// A feed, as its tile needs it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LiveFeed {
    pub id: FeedId,
    pub name: String,
    /// Frames a second that it accepts.
    pub max_fps: u16,
    /// The groups that come past it.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// When it last sent a frame.
    pub last_frame_at: Option<DateTime<Utc>>,
    /// What its device said last.
    #[serde(default)]
    pub device: Option<LiveDevice>,
}

/// A feed's device, of [`types::DeviceView`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LiveDevice {
    pub heartbeat: LiveHeartbeat,
    /// Whether it called lately.
    pub online: bool,
}

/// What a device said, of [`types::Heartbeat`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LiveHeartbeat {
    pub source: LiveSource,
}

/// How a device's camera does, of [`types::SourceStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LiveSource {
    pub state: SourceState,
    /// What is wrong and what to do.
    #[serde(default)]
    pub message: Option<String>,
}

impl Api {
    pub fn live_feeds(self) -> Coming<Page<LiveFeed>> {
        self.get("feeds".to_owned())
    }

    /// Makes a feed; its token is in the answer this once.
    pub fn create_feed(self, feed: &FeedRequest) -> Coming<(LiveFeed, String)> {
        let request = self.send(Method::POST, "feeds".to_owned(), json(feed));
        Box::pin(async move {
            // Read twice: one type with both parts flattened would bring a second JSON reader into the page.
            let text = request.await?;
            Ok((read(&text)?, read::<FeedToken>(&text)?.token))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{
        Backlog, DeviceView, Direction, FeedView, FrameCounts, Heartbeat, Liveness, OnDoubt, Range, Reveals,
        SourceStatus,
    };

    #[test]
    fn a_feed_is_read_from_what_the_server_sends() {
        let at = DateTime::from_timestamp(1_000, 0).expect("in range");
        let source = SourceStatus {
            state: SourceState::Unreadable,
            message: Some("H.265".to_owned()),
            width: 0,
            height: 0,
            fps: 0.0,
            last_frame_at: None,
        };
        let heartbeat = Heartbeat {
            device: uuid::Uuid::nil(),
            agent: "attendance-camera 0.1.0".to_owned(),
            sent_at: at,
            started_at: at,
            source,
            frames: FrameCounts::default(),
            backlog: Backlog::default(),
            temperature_c: Some(51.5),
            settings_revision: 2,
        };
        let sent = FeedView {
            id: "019a0000-0000-7000-8000-000000000001".parse().expect("an id"),
            name: "Door".to_owned(),
            liveness: Liveness::Off,
            min_frames: 3,
            dedup_seconds: 300,
            max_fps: 12,
            direction: Direction::Both,
            reveals: Reveals::All,
            range: Range::Near,
            on_doubt: OnDoubt::Review,
            groups: Vec::new(),
            threshold: Some(0.9),
            margin: None,
            device: Some(DeviceView { heartbeat, received_at: at, drift_ms: 5, address: None, online: true }),
            last_frame_at: Some(at),
            created_at: at,
        };
        let text = serde_json::to_string(&sent).expect("it can be written");
        let feed: LiveFeed = serde_json::from_str(&text).expect("it can be read");
        assert_eq!((feed.id, feed.max_fps, feed.last_frame_at), (sent.id, 12, Some(at)));
        let source = feed.device.map(|device| (device.online, device.heartbeat.source));
        let expected = LiveSource { state: SourceState::Unreadable, message: Some("H.265".to_owned()) };
        assert_eq!(source, Some((true, expected)));
    }
}
