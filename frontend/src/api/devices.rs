//! Calls about what sends a feed's frames, and about the ways to check in without a face.

use gloo_net::http::Method;
use serde::Serialize;
use serde_json::value::RawValue;
use types::{
    BadgeCreated, CheckInMeans, FeedDevices, FeedId, FeedToken, KioskPairing, PersonId, RotateToken, SetPin,
};
use uuid::Uuid;

use super::{Api, Body, Coming, json};

/// [`types::DeviceSettings`] to send. Fractions are ready-made JSON, see [`super::FeedRequest`].
#[derive(Debug, Clone, Serialize)]
pub struct DeviceRequest {
    pub max_width: u16,
    pub jpeg_quality: u8,
    pub idle_fps: Box<RawValue>,
    pub active_fps: Box<RawValue>,
    pub motion_share: Box<RawValue>,
    pub keep_mb: u32,
    pub keep_hours: u8,
}

#[derive(Serialize)]
struct Changes<'a> {
    device_settings: &'a DeviceRequest,
}

impl Api {
    pub fn feed_devices(self, feed: FeedId) -> Coming<FeedDevices> {
        self.get(format!("feeds/{feed}/devices"))
    }

    pub fn save_device_settings(self, feed: FeedId, settings: &DeviceRequest) -> Coming<()> {
        self.done(Method::PATCH, format!("feeds/{feed}"), json(&Changes { device_settings: settings }))
    }

    /// Makes a token; the one before ends at once or once it is revoked.
    pub fn rotate_token(self, feed: FeedId, keep_old: bool) -> Coming<FeedToken> {
        self.read(Method::POST, format!("feeds/{feed}/token"), json(&RotateToken { keep_old }))
    }

    pub fn revoke_token(self, feed: FeedId, token: Uuid) -> Coming<()> {
        self.done(Method::DELETE, format!("feeds/{feed}/tokens/{token}"), Body::Nothing)
    }

    pub fn pair_kiosk(self, feed: FeedId) -> Coming<KioskPairing> {
        self.read(Method::POST, format!("feeds/{feed}/pairing"), Body::Nothing)
    }

    pub fn check_in_means(self, person: PersonId) -> Coming<CheckInMeans> {
        self.get(format!("people/{person}/check-in-means"))
    }

    pub fn set_pin(self, person: PersonId, pin: &SetPin) -> Coming<()> {
        self.done(Method::PUT, format!("people/{person}/pin"), json(pin))
    }

    pub fn remove_pin(self, person: PersonId) -> Coming<()> {
        self.done(Method::DELETE, format!("people/{person}/pin"), Body::Nothing)
    }

    pub fn create_badge(self, person: PersonId) -> Coming<BadgeCreated> {
        self.read(Method::POST, format!("people/{person}/badges"), Body::Nothing)
    }

    pub fn revoke_badge(self, person: PersonId, badge: Uuid) -> Coming<()> {
        self.done(Method::DELETE, format!("people/{person}/badges/{badge}"), Body::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::UpdateFeed;

    #[test]
    fn device_settings_are_what_the_contract_expects() {
        let number = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let settings = DeviceRequest {
            max_width: 1920,
            jpeg_quality: 75,
            idle_fps: number("0.5"),
            active_fps: number("8"),
            motion_share: number("0.005"),
            keep_mb: 2000,
            keep_hours: 48,
        };
        let text = serde_json::to_string(&Changes { device_settings: &settings }).expect("it can be written");
        let changes: UpdateFeed = serde_json::from_str(&text).expect("it changes a feed");
        let changed = changes.device_settings.expect("device settings");
        assert_eq!((changed.max_width, changed.idle_fps, changed.active_fps), (1920, 0.5, 8.0));
        assert_eq!((changed.keep_mb, changed.keep_hours), (2000, 48));
    }
}
