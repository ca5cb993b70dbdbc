//! The devices of feeds: what they say every few seconds, what they are told, and what follows when frames wait on them.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use ipnetwork::IpNetwork;
use types::{
    DeviceSettings, DeviceView, FeedDevices, FeedId, FrameCounts, Heartbeat, HeartbeatAnswer, SourceState,
    TokenKind, TokenView,
};
use uuid::Uuid;

use crate::domain::attendance::{closing, days};
use crate::domain::device_fields::checked;
use crate::domain::feeds::missing;
use crate::domain::sealed;
use crate::error::ApiError;
use crate::models;
use crate::models::feed_devices::FeedDevice;
use crate::models::feed_tokens::Token;
use crate::models::feeds::Feed;
use crate::state::App;

/// For so long a device that does not call is still shown, and what waits on it still expected.
pub const KNOWN: TimeDelta = TimeDelta::days(1);
/// A device calls every ten seconds: after three calls that did not come it is away.
const ONLINE: TimeDelta = TimeDelta::seconds(30);
/// Two devices that both called within this time use one token at once.
const AT_ONCE: TimeDelta = TimeDelta::seconds(60);
/// Frames that wait for less are only late.
const WAITING: TimeDelta = TimeDelta::seconds(15);
/// A device that says it runs for longer than this runs for this long.
const RUNNING: TimeDelta = TimeDelta::days(365);
/// Most devices of a feed that are kept: who makes up ids fills no database.
const MOST: i64 = 20;
/// Of what a device reports, an alert has so many characters.
const REPORTED: usize = 120;

impl Feed {
    /// How its device is to work.
    pub fn device_settings(&self) -> DeviceSettings {
        serde_json::from_value(self.device_settings.clone()).unwrap_or_default()
    }

    /// The revision of those settings.
    pub fn settings_revision(&self) -> u32 {
        u32::try_from(self.settings_revision).unwrap_or_default()
    }
}

/// Takes what a device of a feed says, and tells it how to work. A trial is answered and not noted.
///
/// # Errors
/// 422 that names each field, 429 for calls too often, 503.
pub async fn call(
    app: &App,
    feed: &Feed,
    heartbeat: Heartbeat,
    address: Option<IpNetwork>,
    trial: bool,
) -> Result<HeartbeatAnswer, ApiError> {
    let id = FeedId(feed.id);
    app.hearing.admit_call(id)?;
    let heartbeat = checked(heartbeat)?;
    let now = Utc::now();
    let seal_key = sealed::public_key(app).await?;
    let two = if trial { false } else { note(app, id, heartbeat, address, now).await? };
    app.metrics.heartbeats.inc();
    let max_fps = u16::try_from(feed.max_fps).unwrap_or(u16::MAX);
    let mut settings = feed.device_settings();
    settings.active_fps = settings.active_fps.min(f32::from(max_fps));
    Ok(HeartbeatAnswer {
        now,
        max_fps,
        settings,
        settings_revision: feed.settings_revision(),
        seal_key,
        warning: two.then(|| {
            "Two devices use this token: give each a feed, or a token of its own, and revoke the old one."
                .to_owned()
        }),
    })
}

/// Notes a call; says whether another device called with the feed's token at the same time.
async fn note(
    app: &App,
    feed: FeedId,
    heartbeat: Heartbeat,
    address: Option<IpNetwork>,
    now: DateTime<Utc>,
) -> Result<bool, ApiError> {
    if heartbeat.source.state == SourceState::Running {
        app.hearing.heard(feed, now);
    }
    let task = app.clone();
    app.db
        .run(move |conn| {
            closing::write_silences(conn, &task, Some(feed), now)?;
            conn.transaction(|conn| {
                let two = models::feed_devices::another(conn, feed.0, heartbeat.device, now - AT_ONCE)?;
                keep(conn, feed, heartbeat, address, now)?;
                Ok(two)
            })
        })
        .await
}

fn keep(
    conn: &mut PgConnection,
    feed: FeedId,
    heartbeat: Heartbeat,
    address: Option<IpNetwork>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let before = models::feed_devices::lock(conn, feed.0, heartbeat.device)?;
    let kept_before = before.as_ref().and_then(|before| before.backlog_from);
    let kept = kept_since(kept_before, &heartbeat, now);
    let since = counts_since(before.as_ref(), &heartbeat);
    let lost = since.lost > 0 || before.as_ref().is_some_and(|before| before.backlog_lost);
    let row = FeedDevice {
        feed_id: feed.0,
        device_id: heartbeat.device,
        received_at: now,
        drift_ms: (heartbeat.sent_at - now).num_milliseconds(),
        address,
        backlog_from: kept,
        backlog_lost: kept.is_some() && lost,
        heartbeat: serde_json::to_value(&heartbeat).context("a heartbeat")?,
    };
    models::feed_devices::put(conn, &row, MOST)?;
    let complete = !lost && heartbeat.source.state == SourceState::Running;
    // By how long it runs: its clock may be wrong.
    let running_since = now - (heartbeat.sent_at - heartbeat.started_at).min(RUNNING);
    let fill = |conn: &mut PgConnection, from| {
        if !complete {
            return Ok::<_, ApiError>(0);
        }
        Ok(models::feed_gaps::fill(conn, feed.0, from, running_since, now)?)
    };
    match (kept_before, kept, before) {
        (None, Some(from), _) => ask(conn, feed, from),
        (Some(from), None, _) => {
            fill(conn, from)?;
            ask(conn, feed, from)
        }
        // All that it kept has come between two calls.
        (None, None, Some(before)) if since.stored > 0 && fill(conn, before.received_at)? > 0 => {
            ask(conn, feed, before.received_at)
        }
        _ => Ok(()),
    }
}

/// Since when the oldest frame waits that a device has told of since it began to keep some.
fn kept_since(
    before: Option<DateTime<Utc>>,
    heartbeat: &Heartbeat,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if heartbeat.backlog.frames == 0 {
        return None;
    }
    let oldest = heartbeat.backlog.oldest_at.map_or(now, |oldest| oldest.clamp(now - KNOWN * 3, now));
    match before {
        Some(before) => Some(before.min(oldest)),
        None => Some(oldest).filter(|oldest| now - *oldest >= WAITING),
    }
}

/// How many frames a device has kept, and given up, since it called before.
fn counts_since(before: Option<&FeedDevice>, heartbeat: &Heartbeat) -> FrameCounts {
    let before = before.and_then(|before| read(&before.heartbeat));
    let same_run = before.filter(|before| before.started_at == heartbeat.started_at);
    let (before, now) = (same_run.map(|before| before.frames).unwrap_or_default(), heartbeat.frames);
    FrameCounts {
        stored: now.stored.saturating_sub(before.stored),
        lost: now.lost.saturating_sub(before.lost),
        ..FrameCounts::default()
    }
}

/// Asks for the days from a moment on of whoever comes past a feed.
fn ask(conn: &mut PgConnection, feed: FeedId, from: DateTime<Utc>) -> Result<(), ApiError> {
    let first = from.with_timezone(&days::site_zone(conn)?).date_naive();
    let groups = models::feeds::groups_of(conn, &[feed.0])?;
    if groups.is_empty() {
        return days::ask(conn, None, first, None);
    }
    groups.into_iter().try_for_each(|(_, group)| days::ask(conn, Some(group), first, None))
}

fn read(heartbeat: &serde_json::Value) -> Option<Heartbeat> {
    serde_json::from_value(heartbeat.clone()).ok()
}

fn view(device: FeedDevice, addresses: bool, now: DateTime<Utc>) -> Option<DeviceView> {
    Some(DeviceView {
        heartbeat: read(&device.heartbeat)?,
        received_at: device.received_at,
        drift_ms: device.drift_ms,
        address: device.address.filter(|_| addresses).map(|network| network.ip().to_string()),
        online: now - device.received_at < ONLINE,
    })
}

/// The device of each of some feeds that called last within the last day; where it calls from only where `addresses`
/// may be seen.
///
/// # Errors
/// When the database fails.
pub fn latest(
    conn: &mut PgConnection,
    feeds: &[Uuid],
    addresses: bool,
) -> Result<HashMap<Uuid, DeviceView>, ApiError> {
    let now = Utc::now();
    let mut latest = HashMap::new();
    for device in models::feed_devices::since(conn, feeds, now - KNOWN)? {
        let feed = device.feed_id;
        if !latest.contains_key(&feed)
            && let Some(view) = view(device, addresses, now)
        {
            latest.insert(feed, view);
        }
    }
    Ok(latest)
}

/// The devices of a feed, what opens it, and how a device is to work.
///
/// # Errors
/// 404, 503.
pub async fn list(app: &App, id: FeedId) -> Result<FeedDevices, ApiError> {
    app.db
        .run(move |conn| {
            let now = Utc::now();
            let feed = models::feeds::find(conn, id.0).map_err(missing)?;
            let devices = models::feed_devices::since(conn, &[id.0], now - KNOWN)?;
            let tokens = models::feed_tokens::list(conn, id.0)?;
            Ok(FeedDevices {
                devices: devices.into_iter().filter_map(|device| view(device, true, now)).collect(),
                tokens: tokens.into_iter().map(token_view).collect(),
                settings: feed.device_settings(),
                settings_revision: feed.settings_revision(),
            })
        })
        .await
}

fn token_view(token: Token) -> TokenView {
    TokenView {
        id: token.id,
        kind: if token.kind == "kiosk" { TokenKind::Kiosk } else { TokenKind::Device },
        created_at: token.created_at,
        last_used_at: token.last_used_at,
        last_address: token.last_address.map(|network| network.ip().to_string()),
    }
}

/// What a feed's device that still calls says is wrong with its source, in a line.
pub fn trouble(devices: &[FeedDevice], feed: Uuid, now: DateTime<Utc>) -> Option<String> {
    let calls = |device: &&FeedDevice| device.feed_id == feed && now - device.received_at < ONLINE;
    let device = devices.iter().find(calls)?;
    let source = read(&device.heartbeat)?.source;
    if source.state == SourceState::Running {
        return None;
    }
    let state = match source.state {
        SourceState::Starting => "that its source is being opened",
        SourceState::Stalled => "that its source stalled",
        SourceState::Lost => "that its source is lost",
        SourceState::Unreadable => "that its source is unreadable",
        SourceState::Ended | SourceState::Running => "that its recording is over",
    };
    Some(match source.message {
        Some(message) => format!("{state} ({})", message.chars().take(REPORTED).collect::<String>()),
        None => state.to_owned(),
    })
}

/// When a device last called with pictures coming.
pub fn heard_at(device: &FeedDevice) -> Option<DateTime<Utc>> {
    let state = read(&device.heartbeat)?.source.state;
    (state == SourceState::Running).then_some(device.received_at)
}

/// Brings the metrics of devices up to date.
pub fn measure(app: &App, devices: &[FeedDevice], now: DateTime<Utc>) {
    let online = devices.iter().filter(|device| now - device.received_at < ONLINE).count();
    let backlogs = devices.iter().filter_map(|device| Some(read(&device.heartbeat)?.backlog.frames));
    let waiting = backlogs.fold(0, u64::saturating_add);
    app.metrics.devices_online.set(i64::try_from(online).unwrap_or(i64::MAX));
    app.metrics.backlog_frames.set(i64::try_from(waiting).unwrap_or(i64::MAX));
}
