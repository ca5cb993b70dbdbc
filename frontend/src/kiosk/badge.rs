//! Badges: a QR code that is held before the camera, read from a smaller grey copy of its picture.

use std::rc::Rc;
use std::time::Duration;

use js_sys::Date;
use leptos::{ev, html, prelude::*, task::spawn_local};
use types::CheckInProof;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement};

use super::check_in::{Outcome, submit};
use super::hint::Hint;
use super::keeper::Keeper;
use super::motion::grey;
use super::state::{Kiosk, Panel};
use crate::camera;
use crate::language::say;
use crate::ui::{Icon, icons};

/// How often the picture is searched while a badge is expected, in milliseconds.
const EXPECTED_MS: u32 = 250;
/// Of so many looks, one is taken while nobody said that they have a badge, as long as something moves.
const SELDOM: u32 = 4;
/// For how long after a movement badges are looked for unasked, in milliseconds.
const STIRRED_MS: f64 = 3_000.0;
/// The picture is searched at this size along its longer side.
const WIDEST: f64 = 720.0;
/// What every badge begins with.
const PREFIX: &str = "AB1.";
/// For how long the same badge is not taken again, in milliseconds.
const AGAIN_MS: f64 = 10_000.0;
/// Seconds after which the panel closes where no badge comes.
const IDLE: Duration = Duration::from_secs(30);

/// Searches the camera's picture for badges for as long as its owner lives.
pub fn watch(kiosk: Kiosk, keeper: StoredValue<Rc<Keeper>, LocalStorage>, video: NodeRef<html::Video>) {
    let canvas = StoredValue::new_local(camera::hidden_canvas());
    let last = StoredValue::new(None::<(String, f64)>);
    let busy = StoredValue::new(false);
    let looks = StoredValue::new(0_u32);
    let look = move || {
        let count = looks.try_update_value(|looks| {
            *looks = looks.wrapping_add(1);
            *looks
        });
        let due = is_due(kiosk, count.unwrap_or_default()) && busy.try_get_value() == Some(false);
        let (Some(video), true) = (video.try_get_untracked().flatten(), due) else { return };
        let found =
            canvas.try_with_value(|canvas| canvas.as_ref().and_then(|canvas| find(&video, canvas))).flatten();
        let now = Date::now();
        let Some(badge) = found.filter(|text| is_new(&last.get_value(), text, now)) else { return };
        last.set_value(Some((badge.clone(), now)));
        busy.set_value(true);
        kiosk.stir();
        spawn_local(async move {
            let Some(keeper) = keeper.try_get_value() else { return };
            let outcome = submit(kiosk, keeper, CheckInProof::Qr { badge }).await;
            busy.try_set_value(false);
            close(kiosk);
            match outcome {
                Outcome::Welcome => {}
                Outcome::Kept => kiosk.say(say!(kiosk.kept_notice).to_owned()),
                Outcome::Refused(why) => kiosk.say(why.to_owned()),
            }
        });
    };
    if let Ok(timer) = set_interval_with_handle(look, Duration::from_millis(u64::from(EXPECTED_MS))) {
        on_cleanup(move || timer.clear());
    }
}

fn is_due(kiosk: Kiosk, count: u32) -> bool {
    if kiosk.view.try_with_untracked(|view| view.badge) != Some(true) {
        return false;
    }
    match kiosk.panel.get_untracked() {
        Panel::Badge => true,
        Panel::Nothing => {
            let offered = kiosk.hint.get_untracked() == Hint::Offer;
            offered || (count.is_multiple_of(SELDOM) && kiosk.still_ms() < STIRRED_MS)
        }
        _ => false,
    }
}

fn is_new(last: &Option<(String, f64)>, text: &str, now: f64) -> bool {
    last.as_ref().is_none_or(|(before, at)| before != text || now - at > AGAIN_MS)
}

/// The badge in the video's newest picture.
fn find(video: &HtmlVideoElement, canvas: &HtmlCanvasElement) -> Option<String> {
    if !camera::draw(video, canvas, WIDEST) {
        return None;
    }
    let pen = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
    let (width, height) = (canvas.width(), canvas.height());
    let pixels = pen.get_image_data(0.0, 0.0, f64::from(width), f64::from(height)).ok()?;
    read(&grey(&pixels.data()), width as usize, height as usize)
}

/// The badge in a grey picture; other codes are none.
fn read(grey: &[u8], width: usize, height: usize) -> Option<String> {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        grey.get(y * width + x).copied().unwrap_or(0)
    });
    let texts = picture.detect_grids().into_iter().filter_map(|grid| grid.decode().ok());
    texts.map(|(_, text)| text).find(|text| text.starts_with(PREFIX))
}

fn close(kiosk: Kiosk) {
    if kiosk.panel.try_get_untracked() == Some(Panel::Badge) {
        kiosk.panel.set(Panel::Nothing);
    }
}

/// Says where to hold the badge; the picture stays to be seen.
#[component]
pub fn BadgePanel(kiosk: Kiosk) -> impl IntoView {
    if let Ok(timer) = set_timeout_with_handle(move || close(kiosk), IDLE) {
        on_cleanup(move || timer.clear());
    }
    let key = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            close(kiosk);
        }
    });
    on_cleanup(move || key.remove());
    view! {
        <section class="kiosk-badge" role="dialog" aria-label=say!(kiosk.show_badge) data-testid="kiosk-badge">
            <span class="kiosk-aim" aria-hidden="true"></span>
            <p class="kiosk-notice">{say!(kiosk.show_badge)}</p>
            <button type="button" class="kiosk-btn" data-testid="kiosk-close" on:click=move |_| close(kiosk)>
                <Icon icon=icons::Close />
                {say!(words.cancel)}
            </button>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_badge_counts_once_in_a_while() {
        let last = Some(("AB1.a".to_owned(), 1_000.0));
        assert!(!is_new(&last, "AB1.a", 1_000.0 + AGAIN_MS));
        assert!(is_new(&last, "AB1.a", 1_001.0 + AGAIN_MS));
        assert!(is_new(&last, "AB1.b", 1_001.0) && is_new(&None, "AB1.a", 0.0));
    }

    #[test]
    fn a_picture_without_a_code_has_no_badge() {
        assert_eq!(read(&[128; 64 * 48], 64, 48), None);
        assert_eq!(read(&[], 64, 48), None, "a picture that was cut short");
    }
}
