//! The dashboard's WebSocket `/api/v1/watch`: all feeds in view over one connection.
//!
//! The browser sends a [`WatchRequest`] as text whenever the feeds in view change. The server sends, for each
//! new frame of a feed in view, one text message ([`WatchedFrame`]) followed by one binary message (the JPEG
//! as the camera sent it); frames a slow viewer cannot take are left out, newest first kept. Arrivals come
//! over `/api/v1/arrivals/events`.

use serde::{Deserialize, Serialize};

use crate::{FeedId, FrameAnswer};

/// Feeds the viewer wants to see from now on; an empty list pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRequest {
    /// The feeds.
    pub feeds: Vec<FeedId>,
}

/// Announces the binary message that follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchedFrame {
    /// Which feed.
    pub feed: FeedId,
    /// Pixels across, after EXIF rotation: boxes are in these.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The same decision that the sender was given, with names.
    pub answer: FrameAnswer,
}

/// Optional text message before a binary frame on `…/live`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameHeader {
    /// When the frame was captured; absent means now.
    #[serde(default)]
    pub captured_at: Option<chrono::DateTime<chrono::Utc>>,
}
