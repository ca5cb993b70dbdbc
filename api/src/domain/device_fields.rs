//! What a device may say, and how it may be told to work.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use types::{DeviceSettings, FrameCounts, Heartbeat};

use crate::domain::clock;
use crate::error::ApiError;

/// Wider or higher no camera's pictures are.
const MAX_PIXELS: u32 = 65_535;
/// More of anything no device counts; sums of many such numbers still fit.
const MAX_COUNT: u64 = 1 << 50;

/// Checks what a device says, and makes one line of its texts.
///
/// # Errors
/// 422 that names each field.
pub fn checked(mut heartbeat: Heartbeat) -> Result<Heartbeat, ApiError> {
    heartbeat.agent = one_line(&heartbeat.agent);
    heartbeat.source.message =
        heartbeat.source.message.as_deref().map(one_line).filter(|text| !text.is_empty());
    let mut problems = Problems::default();
    problems.text("agent", &heartbeat.agent, 1, 100);
    problems.text("source.message", heartbeat.source.message.as_deref().unwrap_or_default(), 0, 500);
    problems.time("sent_at", Some(heartbeat.sent_at));
    problems.time("started_at", Some(heartbeat.started_at));
    problems.time("source.last_frame_at", heartbeat.source.last_frame_at);
    problems.time("backlog.oldest_at", heartbeat.backlog.oldest_at);
    problems.number("source.width", f64::from(heartbeat.source.width), (0.0, f64::from(MAX_PIXELS)));
    problems.number("source.height", f64::from(heartbeat.source.height), (0.0, f64::from(MAX_PIXELS)));
    problems.number("source.fps", f64::from(heartbeat.source.fps), (0.0, 1000.0));
    problems.number("temperature_c", f64::from(heartbeat.temperature_c.unwrap_or_default()), (-100.0, 250.0));
    let FrameCounts { captured, corrupt, still, dropped, sent, refused, stored, replayed, lost } =
        heartbeat.frames;
    for (field, count) in [
        ("frames.captured", captured),
        ("frames.corrupt", corrupt),
        ("frames.still", still),
        ("frames.dropped", dropped),
        ("frames.sent", sent),
        ("frames.refused", refused),
        ("frames.stored", stored),
        ("frames.replayed", replayed),
        ("frames.lost", lost),
        ("backlog.frames", heartbeat.backlog.frames),
        ("backlog.bytes", heartbeat.backlog.bytes),
    ] {
        problems.count(field, count);
    }
    problems.into_result()?;
    Ok(heartbeat)
}

/// Checks how a device is to work.
///
/// # Errors
/// 422 that names each field.
pub fn check_settings(settings: &DeviceSettings) -> Result<(), ApiError> {
    let DeviceSettings { max_width, jpeg_quality, idle_fps, active_fps, motion_share, keep_mb, keep_hours } =
        *settings;
    let mut problems = Problems::default();
    problems.number("device_settings.max_width", f64::from(max_width), (320.0, 3840.0));
    problems.number("device_settings.jpeg_quality", f64::from(jpeg_quality), (40.0, 95.0));
    // As it is written: 0.1 in 32 bits lies a little above.
    problems.number("device_settings.idle_fps", f64::from(idle_fps), (f64::from(0.1f32), 5.0));
    problems.number("device_settings.active_fps", f64::from(active_fps), (1.0, 30.0));
    problems.number("device_settings.motion_share", f64::from(motion_share), (0.0, 0.5));
    problems.number("device_settings.keep_mb", f64::from(keep_mb), (10.0, 100_000.0));
    problems.number("device_settings.keep_hours", f64::from(keep_hours), (1.0, 72.0));
    problems.into_result()
}

fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.trim().to_owned()
}

#[derive(Default)]
struct Problems(BTreeMap<String, String>);

impl Problems {
    fn text(&mut self, field: &str, text: &str, least: usize, most: usize) {
        if !(least..=most).contains(&text.chars().count()) {
            self.0.insert(field.to_owned(), format!("Use {least} to {most} characters."));
        }
    }

    fn time(&mut self, field: &str, time: Option<DateTime<Utc>>) {
        if let Err(ApiError::Invalid(fields)) = clock::check_range(field, time) {
            self.0.extend(fields);
        }
    }

    fn number(&mut self, field: &str, value: f64, (least, most): (f64, f64)) {
        if !(least..=most).contains(&value) {
            // The least of `idle_fps` is 0.1 of 32 bits, which nobody would want to read in full.
            self.0.insert(field.to_owned(), format!("Give a number from {} to {most}.", least as f32));
        }
    }

    fn count(&mut self, field: &str, count: u64) {
        if count > MAX_COUNT {
            self.0.insert(field.to_owned(), format!("Give a number up to {MAX_COUNT}."));
        }
    }

    fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heartbeat() -> Heartbeat {
        serde_json::from_value(json!({
            "device": "00000000-0000-0000-0000-000000000001", "agent": "test 1",
            "sent_at": "2026-11-21T08:00:00Z", "started_at": "2026-11-21T07:00:00Z",
            "source": { "state": "running" }
        }))
        .expect("a heartbeat")
    }

    fn named(result: Result<(), ApiError>) -> Vec<String> {
        match result {
            Err(ApiError::Invalid(fields)) => fields.into_keys().collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn each_bad_field_of_a_heartbeat_is_named() {
        let mut good = heartbeat();
        good.source.message = Some(" no\nroute\0 ".to_owned());
        assert_eq!(checked(good).expect("good").source.message.as_deref(), Some("no route"));
        let far = "+12000-01-01T00:00:00Z".parse().expect("a time");
        let mut bad = heartbeat();
        bad.agent = " ".to_owned();
        bad.sent_at = far;
        bad.started_at = far;
        bad.temperature_c = Some(f32::INFINITY);
        bad.source.message = Some("x".repeat(501));
        bad.source.width = 70_000;
        bad.source.fps = -1.0;
        bad.source.last_frame_at = Some(far);
        bad.backlog.oldest_at = Some(far);
        bad.backlog.frames = u64::MAX;
        bad.frames.lost = u64::MAX;
        let wanted = [
            "agent",
            "backlog.frames",
            "backlog.oldest_at",
            "frames.lost",
            "sent_at",
            "source.fps",
            "source.last_frame_at",
            "source.message",
            "source.width",
            "started_at",
            "temperature_c",
        ];
        assert_eq!(named(checked(bad).map(|_| ())), wanted);
    }

    #[test]
    fn settings_keep_to_their_ranges() {
        assert!(check_settings(&DeviceSettings::default()).is_ok());
        let least = DeviceSettings {
            max_width: 320,
            jpeg_quality: 40,
            idle_fps: 0.1,
            active_fps: 1.0,
            motion_share: 0.0,
            keep_mb: 10,
            keep_hours: 1,
        };
        assert!(check_settings(&least).is_ok());
        let bad = DeviceSettings {
            max_width: 319,
            jpeg_quality: 96,
            idle_fps: 0.09,
            active_fps: 30.5,
            motion_share: f32::NAN,
            keep_mb: 9,
            keep_hours: 73,
        };
        assert_eq!(named(check_settings(&bad)).len(), 7);
    }
}
