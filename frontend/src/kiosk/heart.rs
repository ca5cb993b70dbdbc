//! The tablet's heartbeat: every ten seconds, and at once when its camera changed.

use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};
use types::{Heartbeat, SourceState, SourceStatus};

use super::keeper::Keeper;
use super::replay::is_revoked;
use super::state::{Camera, Kiosk, moment};
use crate::api::kiosk as server;
use crate::camera::Trouble;

const EVERY: Duration = Duration::from_secs(10);
const AGENT: &str = concat!("kiosk ", env!("CARGO_PKG_VERSION"));

/// Beats for as long as its owner lives.
pub fn start(kiosk: Kiosk, keeper: Rc<Keeper>) {
    let started_at = own_now();
    let beat = move || {
        let keeper = keeper.clone();
        spawn_local(async move { beat_once(kiosk, &keeper, started_at).await });
    };
    if let Ok(timer) = set_interval_with_handle(beat.clone(), EVERY) {
        on_cleanup(move || timer.clear());
    }
    Effect::new(move |_| {
        kiosk.camera.track();
        beat();
    });
}

async fn beat_once(kiosk: Kiosk, keeper: &Keeper, started_at: DateTime<Utc>) {
    let Some(camera) = kiosk.camera.try_get_untracked() else { return };
    let Some(feed) = kiosk.view.try_with_untracked(|view| view.feed) else { return };
    let (width, height) = kiosk
        .seen
        .try_with_untracked(|seen| seen.as_ref().map_or((0, 0), |seen| (seen.width, seen.height)))
        .unwrap_or_default();
    let heartbeat = Heartbeat {
        device: keeper.device(),
        agent: AGENT.to_owned(),
        sent_at: own_now(),
        started_at,
        source: SourceStatus {
            state: state_of(camera),
            message: message_of(camera).map(str::to_owned),
            width,
            height,
            fps: 0.0,
            last_frame_at: None,
        },
        frames: keeper.counts(),
        backlog: keeper.backlog(),
        temperature_c: None,
        settings_revision: 0,
    };
    keeper.remember_sequence();
    let asked = js_sys::Date::now();
    match server::heartbeat(feed, &heartbeat).await {
        Ok(answer) => {
            kiosk.set_clock(answer.now, asked, js_sys::Date::now());
            kiosk.take_settings(&answer);
        }
        Err(failure) if is_revoked(&failure) => {
            kiosk.revoked.try_set(true);
        }
        // The next one is ten seconds away.
        Err(_) => {}
    }
}

/// The present moment by this tablet's own clock, from which the server tells its drift.
fn own_now() -> DateTime<Utc> {
    moment(js_sys::Date::now())
}

fn state_of(camera: Camera) -> SourceState {
    match camera {
        Camera::Opening => SourceState::Starting,
        Camera::On => SourceState::Running,
        Camera::Trouble(_) => SourceState::Lost,
    }
}

/// What is wrong with the camera, for whoever reads it on the admin's page: in English, as the server's own messages.
fn message_of(camera: Camera) -> Option<&'static str> {
    let Camera::Trouble(trouble) = camera else { return None };
    Some(match trouble {
        Trouble::Refused => {
            "The tablet's browser does not allow the camera: allow it in the site's settings."
        }
        Trouble::Missing => "The tablet has no camera, or it was unplugged.",
        Trouble::Busy => "The tablet's camera is in use by another program, or failed.",
        Trouble::Insecure => "The kiosk must be opened over https: browsers give no camera otherwise.",
    })
}
