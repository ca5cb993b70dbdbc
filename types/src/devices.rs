//! Devices that send a feed's frames: cameras' agents and kiosks. What they tell, and what they are told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::FeedId;

/// What a device's heartbeat tells (`POST /api/v1/feeds/{feed}/heartbeat`), every ten seconds or when something
/// changed. Counts are since the device started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// A random id that the device made at its first start: two devices with one token are told apart by it.
    pub device: Uuid,
    /// Program and version, as `attendance-camera 0.1.0`; 1 to 100 characters.
    pub agent: String,
    /// The device's clock.
    pub sent_at: DateTime<Utc>,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// How its source does.
    pub source: SourceStatus,
    /// What became of its pictures.
    #[serde(default)]
    pub frames: FrameCounts,
    /// What waits on it to be sent.
    #[serde(default)]
    pub backlog: Backlog,
    /// Of its processor or board, in degrees Celsius, where it can tell.
    #[serde(default)]
    pub temperature_c: Option<f32>,
    /// Which settings it works by.
    #[serde(default)]
    pub settings_revision: u32,
}

/// How a device's source of pictures does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceStatus {
    /// In a word.
    pub state: SourceState,
    /// What is wrong and what to do, for people; without credentials, at most 500 characters.
    #[serde(default)]
    pub message: Option<String>,
    /// Width of the pictures in pixels.
    #[serde(default)]
    pub width: u32,
    /// Height of the pictures in pixels.
    #[serde(default)]
    pub height: u32,
    /// Pictures a second that come from it.
    #[serde(default)]
    pub fps: f32,
    /// When the last one came.
    #[serde(default)]
    pub last_frame_at: Option<DateTime<Utc>>,
}

/// How a device's source of pictures does, in a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It is being opened.
    #[default]
    Starting,
    /// Pictures come.
    Running,
    /// It is open and nothing comes any more; it is opened again.
    Stalled,
    /// It cannot be opened, or went away; it is tried again.
    Lost,
    /// It sends what cannot be read, such as another codec.
    Unreadable,
    /// A recording that was shown to its end.
    Ended,
}

/// What became of a device's pictures since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct FrameCounts {
    /// Came from the source.
    pub captured: u64,
    /// Could not be decoded.
    pub corrupt: u64,
    /// Not sent, for nothing moved.
    pub still: u64,
    /// Not sent, for a newer one was there.
    pub dropped: u64,
    /// Sent and answered.
    pub sent: u64,
    /// Sent and refused.
    pub refused: u64,
    /// Kept, for the server was away.
    pub stored: u64,
    /// Kept and sent afterwards.
    pub replayed: u64,
    /// Kept and given up: too old, too many, no space, or refused for good.
    pub lost: u64,
}

/// What waits on a device to be sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Backlog {
    /// How many.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest was captured.
    pub oldest_at: Option<DateTime<Utc>>,
}

/// What a heartbeat is answered with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatAnswer {
    /// The server's clock, from which the device takes its drift.
    pub now: DateTime<Utc>,
    /// Frames a second that the feed accepts.
    pub max_fps: u16,
    /// How it is to work.
    pub settings: DeviceSettings,
    /// Of the settings; grows with each change.
    pub settings_revision: u32,
    /// What frames that wait are sealed to (X25519, base64url); it can change.
    pub seal_key: String,
    /// What the device's owner should know, such as another device that uses the same token.
    pub warning: Option<String>,
}

/// How a feed's device works: set on the admin's page, taken over with the next heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DeviceSettings {
    /// Pictures are made no wider than this, in pixels; 320 to 3840.
    pub max_width: u16,
    /// Of the JPEG; 40 to 95.
    pub jpeg_quality: u8,
    /// Pictures a second while nothing moves; 0.1 to 5.
    pub idle_fps: f32,
    /// Pictures a second while something moves; 1 to 30, never above the feed's `max_fps`.
    pub active_fps: f32,
    /// Share of the picture that must change to count as motion; 0 (everything moves) to 0.5.
    pub motion_share: f32,
    /// Megabytes that frames may take on the device while the server is away; 10 to 100,000.
    pub keep_mb: u32,
    /// Hours that they may wait; 1 to 72.
    pub keep_hours: u8,
}

impl Default for DeviceSettings {
    fn default() -> Self {
        Self {
            max_width: 1280,
            jpeg_quality: 80,
            idle_fps: 1.0,
            active_fps: 10.0,
            motion_share: 0.005,
            keep_mb: 1000,
            keep_hours: 24,
        }
    }
}

/// A device, as an admin sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// What it said last.
    pub heartbeat: Heartbeat,
    /// When that came in.
    pub received_at: DateTime<Utc>,
    /// By how many milliseconds its clock is ahead of the server's.
    pub drift_ms: i64,
    /// Where it calls from.
    pub address: Option<String>,
    /// Whether its last heartbeat is recent.
    pub online: bool,
}

/// A token of a feed, as an admin sees it: never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenView {
    /// Its id.
    pub id: Uuid,
    /// An agent's or script's token, or a paired kiosk.
    pub kind: TokenKind,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was used last.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From where.
    pub last_address: Option<String>,
}

/// Who holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// An agent or a script.
    Device,
    /// A tablet that was paired.
    Kiosk,
}

/// Answer of `GET /api/v1/feeds/{feed}/devices`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedDevices {
    /// The devices that called within the last day, the latest first. More than one online is a mistake: a token
    /// is for one device.
    pub devices: Vec<DeviceView>,
    /// What opens the feed; at most two of an agent, so that one can be exchanged without a gap.
    pub tokens: Vec<TokenView>,
    /// How its device is to work.
    pub settings: DeviceSettings,
    /// Of the settings.
    pub settings_revision: u32,
}

/// Body of `POST /api/v1/feeds/{feed}/token`; it may be left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RotateToken {
    /// The newest token before goes on working until it is revoked or a third one is made, so that the device can
    /// be given the new one without a gap. Otherwise it ends at once.
    pub keep_old: bool,
}

/// Answer of `POST /api/v1/feeds/{feed}/pairing`: what a tablet shows itself with, once, within ten minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KioskPairing {
    /// Eight letters and digits, for typing.
    pub code: String,
    /// The kiosk's address with the code behind `#`, for the tablet's camera.
    pub url: String,
    /// That address as a QR code (SVG).
    pub qr_svg: String,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
}

/// Body of `POST /api/v1/kiosk/pairing`: the tablet becomes a kiosk of the feed, by a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PairKiosk {
    /// The code; case, blanks and dashes do not count.
    pub code: String,
}

/// What a kiosk is (`GET /api/v1/kiosk`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KioskView {
    /// Its feed.
    pub feed: FeedId,
    /// The feed's name.
    pub name: String,
    /// Which way people pass.
    pub direction: crate::Direction,
    /// What is asked of a face.
    pub liveness: crate::Liveness,
    /// The site's time zone.
    pub timezone: String,
    /// Frames a second that the feed accepts.
    pub max_fps: u16,
    /// Whether people may come in with staff number and PIN.
    pub pin: bool,
    /// Whether people may come in with a badge.
    pub badge: bool,
    /// What waits is sealed to this (X25519, base64url).
    pub seal_key: String,
    /// The server's clock.
    pub now: DateTime<Utc>,
}

/// Body of `POST /api/v1/kiosk/check-ins`: somebody whose face was not recognised. With the type
/// `application/vnd.attendance.sealed` it is this JSON sealed for the purpose `check-in`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckIn {
    /// A random id: the same check-in sent again is the same arrival.
    pub id: Uuid,
    /// What the person showed.
    #[serde(flatten)]
    pub proof: CheckInProof,
    /// When, for one that waited; default now.
    #[serde(default)]
    pub captured_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for CheckIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckIn").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a person shows instead of a face.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum CheckInProof {
    /// Staff or roll number and PIN.
    Pin {
        /// The person's `external_id`.
        number: String,
        /// Four to eight digits.
        pin: String,
    },
    /// The text of a badge's QR code.
    Qr {
        /// `AB1.` and the rest.
        badge: String,
    },
}

/// What a kiosk greets with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KioskGreeting {
    /// The arrival.
    pub arrival_id: crate::ArrivalId,
    /// The name that the person is greeted by.
    pub name: String,
    /// Whether they come or go.
    pub passage: Passage,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether there is a photo at `…/kiosk/arrivals/{id}/photo`.
    pub photo: bool,
    /// It waited on the tablet, and counts once somebody has looked at it.
    pub provisional: bool,
}

/// Whether somebody comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// Checked in.
    In,
    /// Checked out.
    Out,
}

/// Body of `PUT /api/v1/people/{person}/pin`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetPin {
    /// Four to eight digits, not all the same and not counting up or down.
    pub pin: String,
}

impl std::fmt::Debug for SetPin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SetPin(…)")
    }
}

/// How a person may come in without a face (`GET /api/v1/people/{person}/check-in-means`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckInMeans {
    /// When the PIN was set; none: there is none.
    pub pin_set_at: Option<DateTime<Utc>>,
    /// Whether it is stopped after five wrong tries, until it is set anew.
    pub pin_stopped: bool,
    /// Their badges, the newest first.
    pub badges: Vec<BadgeView>,
}

/// A badge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BadgeView {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was shown last.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Answer of `POST /api/v1/people/{person}/badges`: the badge, to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BadgeCreated {
    /// Its id.
    pub id: Uuid,
    /// The text of its QR code: signed, and of no use once it is revoked.
    pub text: String,
    /// The QR code (SVG).
    pub qr_svg: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_in_is_read_as_it_is_written_and_takes_nothing_else() {
        let id = "00000000-0000-0000-0000-000000000001";
        let pin = format!(r#"{{"id":"{id}","method":"pin","number":"E1","pin":"1357"}}"#);
        let read: CheckIn = serde_json::from_str(&pin).expect("a PIN");
        let proof = CheckInProof::Pin { number: "E1".to_owned(), pin: "1357".to_owned() };
        assert!(read.proof == proof && read.captured_at.is_none());
        let again: CheckIn = serde_json::from_value(serde_json::json!(read)).expect("again");
        assert!(again == read);
        assert!(!format!("{read:?}").contains("1357"), "a PIN is not printed");
        let badge =
            format!(r#"{{"id":"{id}","method":"qr","badge":"AB1.x","captured_at":"2026-11-20T08:00:00Z"}}"#);
        let read: CheckIn = serde_json::from_str(&badge).expect("a badge");
        assert!(read.proof == CheckInProof::Qr { badge: "AB1.x".to_owned() });
        for wrong in [
            format!(r#"{{"id":"{id}","method":"pin","number":"E1"}}"#),
            format!(r#"{{"id":"{id}","method":"face"}}"#),
            format!(r#"{{"id":"{id}","method":"qr","badge":"x","colour":"red"}}"#),
            r#"{"method":"qr","badge":"x"}"#.to_owned(),
        ] {
            assert!(serde_json::from_str::<CheckIn>(&wrong).is_err(), "{wrong}");
        }
    }
}
