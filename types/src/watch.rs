//! The dashboard's WebSocket `/api/v1/watch`: all feeds in view over one connection.
//!
//! The browser sends a [`WatchRequest`] as text whenever the feeds in view change. The server sends, for each
//! new frame of a feed in view, one text message ([`WatchedFrame`]) followed by one binary message (the JPEG
//! as the camera sent it); frames a slow viewer cannot take are left out, newest first kept. A viewer that asks for
//! arrivals gets each as a text message ([`WatchedArrival`]) on the same connection.

use serde::{Deserialize, Serialize};

use crate::{ArrivalView, FeedId, FrameAnswer};

/// Feeds the viewer wants to see from now on; an empty list pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRequest {
    /// The feeds.
    pub feeds: Vec<FeedId>,
    /// Most pictures a second of each feed, 1 to 30; absent: as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<u8>,
    /// Whether arrivals are wanted too: `""` for those from now on, else the cursor of the last one that came. Absent
    /// leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<String>,
}

/// An arrival, for a viewer that asked for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchedArrival {
    /// What arrived.
    pub arrival: ArrivalView,
    /// What to ask with after the connection broke, to miss nothing.
    pub cursor: String,
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
    /// For how many milliseconds the server has had it; absent: it has just come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u32>,
    /// The same decision that the sender was given, with names.
    pub answer: FrameAnswer,
}

/// Optional text message before a binary frame on `…/live`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameHeader {
    /// When the frame was captured; absent means now.
    #[serde(default)]
    pub captured_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Which device took it; with `sequence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<uuid::Uuid>,
    /// The frame's number on that device; grows from frame to frame, also over restarts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The trace that the frame is part of, as W3C's header of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}
