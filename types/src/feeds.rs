//! Feeds: camera positions and what is demanded of a sighting there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{DeviceSettings, DeviceView, FeedId, GroupId};

/// A camera position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedView {
    /// Its id.
    pub id: FeedId,
    /// Its name, unique among feeds.
    pub name: String,
    /// What is asked of a face before it counts as a live person.
    pub liveness: Liveness,
    /// Agreeing frames before a decision.
    pub min_frames: u16,
    /// Seconds within which a second sighting of a person is the same arrival.
    pub dedup_seconds: u32,
    /// Frames a second the feed accepts.
    pub max_fps: u16,
    /// Which way people pass.
    pub direction: Direction,
    /// What the sender's answers may tell.
    pub reveals: Reveals,
    /// How far from the camera people pass.
    pub range: Range,
    /// What happens to a face whose passive liveness evidence is doubtful.
    pub on_doubt: OnDoubt,
    /// The groups that come past it; none: everybody.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// Least comparison score (cosine); null takes the model pack's.
    pub threshold: Option<f32>,
    /// Least distance to the second-best person; null takes the model pack's.
    pub margin: Option<f32>,
    /// What its device said last, where one has called within the last day.
    #[serde(default)]
    pub device: Option<DeviceView>,
    /// When the feed last sent a frame.
    pub last_frame_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// What is asked of a face before it counts as a live person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// Nothing.
    #[default]
    Off,
    /// Evidence gathered without the person's help.
    Passive,
    /// Head turns and blinks on request.
    Challenge,
}

/// Which way people pass a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// They come in.
    #[default]
    In,
    /// They go out.
    Out,
    /// Either.
    Both,
}

/// What the answers to a feed's frames may tell its sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reveals {
    /// State, name and score.
    #[default]
    All,
    /// The state alone: a stolen token is no face search.
    State,
}

/// How far from the camera people pass: how small the faces are that are looked for. Smaller faces cost more
/// time for each frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// A person at a door or a desk: the whole frame is looked at once.
    #[default]
    Near,
    /// A corridor: the frame is looked at in parts as high as itself.
    Medium,
    /// A class room or a hall: in small parts.
    Far,
}

/// What happens to a face whose passive liveness evidence is doubtful. Never a silent pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnDoubt {
    /// It goes to the review queue where that is on; nothing is logged.
    #[default]
    Review,
    /// The person is asked for an active challenge.
    Challenge,
}

/// Body of `POST /api/v1/feeds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateFeed {
    /// 1 to 100 characters.
    pub name: String,
    /// Default `off`.
    #[serde(default)]
    pub liveness: Liveness,
    /// 1 to 100, default 3.
    pub min_frames: Option<u16>,
    /// 1 to 86,400, default 300.
    pub dedup_seconds: Option<u32>,
    /// 1 to 60, default 15.
    pub max_fps: Option<u16>,
    /// Default `in`.
    #[serde(default)]
    pub direction: Direction,
    /// Default `all`.
    #[serde(default)]
    pub reveals: Reveals,
    /// Default `near`.
    #[serde(default)]
    pub range: Range,
    /// Default `review`.
    #[serde(default)]
    pub on_doubt: OnDoubt,
    /// The groups that come past it; none: everybody.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// 0 to 1; null takes the model pack's.
    pub threshold: Option<f32>,
    /// 0 to 2; null takes the model pack's.
    pub margin: Option<f32>,
}

/// Body of `PATCH /api/v1/feeds/{id}`; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateFeed {
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Liveness>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub min_frames: Option<u16>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub dedup_seconds: Option<u32>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub max_fps: Option<u16>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub reveals: Option<Reveals>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub on_doubt: Option<OnDoubt>,
    /// All groups; those not named are left.
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupId>>,
    /// How its device is to work, all of it.
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub device_settings: Option<DeviceSettings>,
    /// Null returns to the model pack's.
    #[serde(default, deserialize_with = "crate::people::present", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Option<f32>>,
    /// Null returns to the model pack's.
    #[serde(default, deserialize_with = "crate::people::present", skip_serializing_if = "Option::is_none")]
    pub margin: Option<Option<f32>>,
}

/// Answer of `POST /api/v1/feeds`: the feed, and its token this once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedCreated {
    /// The feed.
    #[serde(flatten)]
    pub feed: FeedView,
    /// The sender's token; only its hash is kept.
    pub token: String,
}

/// Answer of `POST /api/v1/feeds/{id}/token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedToken {
    /// The new token; the old one no longer opens anything.
    pub token: String,
}
