//! How a feed's device is to work, and what that takes of the network and of the device's disk.

use std::ops::RangeInclusive;

use leptos::{ev, prelude::*, task::spawn_local};
use serde_json::value::RawValue;
use types::{DeviceSettings, FeedId};

use crate::api::{DeviceRequest, use_api};
use crate::language::say;
use crate::numbers::{fixed, short, thousandths};
use crate::ui::{Problem, SaveButton, TextField, use_toasts};

/// The fields and what each may be: whole numbers in units, fractions in thousandths.
const WIDTH: RangeInclusive<i64> = 320..=3840;
const QUALITY: RangeInclusive<i64> = 40..=95;
const IDLE: RangeInclusive<i64> = 100..=5_000;
const ACTIVE: RangeInclusive<i64> = 1_000..=30_000;
const MOTION: RangeInclusive<i64> = 0..=500;
const KEEP_MB: RangeInclusive<i64> = 10..=100_000;
const KEEP_HOURS: RangeInclusive<i64> = 1..=72;
const FIELDS: [&str; 7] =
    ["max_width", "jpeg_quality", "idle_fps", "active_fps", "motion_share", "keep_mb", "keep_hours"];

/// The fields as they are being typed.
#[derive(Clone, Copy)]
struct Form {
    max_width: RwSignal<String>,
    jpeg_quality: RwSignal<String>,
    idle_fps: RwSignal<String>,
    active_fps: RwSignal<String>,
    /// In per cent, as people think of it.
    motion_percent: RwSignal<String>,
    keep_mb: RwSignal<String>,
    keep_hours: RwSignal<String>,
    problems: RwSignal<Vec<(&'static str, String)>>,
}

impl Form {
    fn new(settings: &DeviceSettings) -> Self {
        let fraction = |value: f32, scale: f64| RwSignal::new(short(f64::from(value) * scale, 3));
        Self {
            max_width: RwSignal::new(settings.max_width.to_string()),
            jpeg_quality: RwSignal::new(settings.jpeg_quality.to_string()),
            idle_fps: fraction(settings.idle_fps, 1.0),
            active_fps: fraction(settings.active_fps, 1.0),
            motion_percent: fraction(settings.motion_share, 100.0),
            keep_mb: RwSignal::new(settings.keep_mb.to_string()),
            keep_hours: RwSignal::new(settings.keep_hours.to_string()),
            problems: RwSignal::new(Vec::new()),
        }
    }

    /// What is typed in thousandths and units, each where it is in its range.
    fn values(self) -> [Option<i64>; 7] {
        let whole = |text: RwSignal<String>, range: RangeInclusive<i64>| {
            text.with(|text| text.trim().parse().ok()).filter(|value| range.contains(value))
        };
        let thousandth = |text: RwSignal<String>, range: RangeInclusive<i64>| {
            text.with(|text| thousandths(text)).filter(|value| range.contains(value))
        };
        [
            whole(self.max_width, WIDTH),
            whole(self.jpeg_quality, QUALITY),
            thousandth(self.idle_fps, IDLE),
            thousandth(self.active_fps, ACTIVE),
            // Thousandths of a per cent; the share itself has five digits then.
            thousandth(self.motion_percent, *MOTION.start() * 100..=*MOTION.end() * 100),
            whole(self.keep_mb, KEEP_MB),
            whole(self.keep_hours, KEEP_HOURS),
        ]
    }

    /// The request, or the problems at their fields.
    fn checked(self) -> Option<DeviceRequest> {
        let values = untrack(|| self.values());
        let ranges = ["320–3840", "40–95", "0.1–5", "1–30", "0–50", "10–100,000", "1–72"];
        let problem = |at: usize| (FIELDS[at], say!(devices.out_of_range, range = ranges[at]));
        self.problems.set((0..7).filter(|at| values[*at].is_none()).map(problem).collect());
        let [Some(width), Some(quality), Some(idle), Some(active), Some(motion), Some(mb), Some(hours)] =
            values
        else {
            return None;
        };
        let fraction = |value: f64, places: u32| RawValue::from_string(fixed(value, places)).ok();
        Some(DeviceRequest {
            max_width: width.try_into().ok()?,
            jpeg_quality: quality.try_into().ok()?,
            idle_fps: fraction(idle as f64 / 1000.0, 3)?,
            active_fps: fraction(active as f64 / 1000.0, 3)?,
            motion_share: fraction(motion as f64 / 100_000.0, 5)?,
            keep_mb: mb.try_into().ok()?,
            keep_hours: hours.try_into().ok()?,
        })
    }

    fn problem(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.problems.with(|problems| {
                problems.iter().find(|(name, _)| *name == field).map(|(_, text)| text.clone())
            })
        })
    }
}

/// About how many bytes a JPEG of a camera's picture takes, 16:9 and of that quality: an estimate for rooms and entrances; a
/// busy picture takes up to twice that.
fn picture_bytes(width: i64, quality: i64) -> f64 {
    const BYTES_A_PIXEL: [(f64, f64); 5] =
        [(40.0, 0.055), (60.0, 0.075), (80.0, 0.12), (90.0, 0.19), (95.0, 0.29)];
    let quality = quality as f64;
    let above =
        BYTES_A_PIXEL.iter().position(|(at, _)| *at >= quality).unwrap_or(BYTES_A_PIXEL.len() - 1).max(1);
    let ((low, few), (high, many)) = (BYTES_A_PIXEL[above - 1], BYTES_A_PIXEL[above]);
    let share = ((quality - low) / (high - low)).clamp(0.0, 1.0);
    let width = width as f64;
    width * width * 9.0 / 16.0 * (few + (many - few) * share)
}

/// Megabytes in words, two digits of them.
fn size(megabytes: f64) -> String {
    if megabytes >= 1000.0 {
        say!(devices.gigabytes, number = short(megabytes / 1000.0, 1))
    } else {
        say!(devices.megabytes, number = fixed(megabytes, 0))
    }
}

/// What settings come to, as a sentence.
fn meaning(values: [Option<i64>; 7], max_fps: u16) -> Option<String> {
    let [Some(width), Some(quality), Some(idle), Some(active), _, Some(mb), Some(hours)] = values else {
        return None;
    };
    let picture = picture_bytes(width, quality);
    let per_hour = |fps: f64| picture * fps * 3600.0 / 1e6;
    let active = (active as f64 / 1000.0).min(f64::from(max_fps));
    let (still, moving) = (per_hour(idle as f64 / 1000.0), per_hour(active));
    let room = (mb as f64 / moving.max(0.001)).min(hours as f64);
    Some(say!(
        devices.meaning,
        picture = fixed(picture / 1000.0, 0),
        still = size(still),
        moving = size(moving),
        hours = short(room, 1)
    ))
}

/// The form.
#[component]
pub fn RulesForm(
    feed: FeedId,
    settings: DeviceSettings,
    revision: u32,
    max_fps: u16,
    read: Callback<()>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let form = Form::new(&settings);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let Some(request) = form.checked().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        spawn_local(async move {
            match api.save_device_settings(feed, &request).await {
                Ok(()) => {
                    toasts.show(say!(devices.settings_saved));
                    read.run(());
                }
                Err(failure) => {
                    let named = |name: &&'static str| {
                        let at =
                            failure.field(name).or_else(|| failure.field(&format!("device_settings.{name}")));
                        at.map(|text| (*name, text))
                    };
                    let named: Vec<_> = FIELDS.iter().filter_map(named).collect();
                    if named.is_empty() {
                        problem.try_set(Some(failure.message()));
                    }
                    form.problems.try_set(named);
                }
            }
            busy.try_set(false);
        });
    };
    let means = move || meaning(form.values(), max_fps);
    view! {
        <section>
            <h3 class="part-title">{say!(devices.settings)}</h3>
            <p class="note">{say!(devices.settings_about, revision = revision)}</p>
            <form class="form" on:submit=submit novalidate data-testid="device-settings">
                <div class="field-pair">
                    <TextField id="device-width" label=say!(devices.max_width) value=form.max_width problem=form.problem("max_width") inputmode="numeric" required=true hint=say!(devices.max_width_hint) />
                    <TextField id="device-quality" label=say!(devices.quality) value=form.jpeg_quality problem=form.problem("jpeg_quality") inputmode="numeric" required=true hint=say!(devices.quality_hint) />
                </div>
                <div class="field-pair">
                    <TextField id="device-active" label=say!(devices.active_fps) value=form.active_fps problem=form.problem("active_fps") inputmode="decimal" required=true hint=say!(devices.active_hint, most = max_fps) />
                    <TextField id="device-idle" label=say!(devices.idle_fps) value=form.idle_fps problem=form.problem("idle_fps") inputmode="decimal" required=true hint=say!(devices.idle_hint) />
                </div>
                <TextField id="device-motion" label=say!(devices.motion) value=form.motion_percent problem=form.problem("motion_share") inputmode="decimal" required=true hint=say!(devices.motion_hint) />
                <div class="field-pair">
                    <TextField id="device-mb" label=say!(devices.keep_mb) value=form.keep_mb problem=form.problem("keep_mb") inputmode="numeric" required=true hint=say!(devices.keep_mb_hint) />
                    <TextField id="device-hours" label=say!(devices.keep_hours) value=form.keep_hours problem=form.problem("keep_hours") inputmode="numeric" required=true hint=say!(devices.keep_hours_hint) />
                </div>
                <p class="device-meaning" data-testid="device-meaning">{means}</p>
                <Problem text=problem />
                <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy testid="device-save" />
            </form>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_and_finer_pictures_take_more() {
        let usual = picture_bytes(1280, 80);
        assert!((80_000.0..120_000.0).contains(&usual), "{usual}");
        assert!(picture_bytes(1920, 80) > 2.0 * usual);
        assert!(picture_bytes(1280, 40) < picture_bytes(1280, 41));
        assert!(picture_bytes(1280, 95) > 2.0 * usual);
    }

    #[test]
    fn settings_are_told_as_what_they_take() {
        let values = [1280, 80, 1_000, 10_000, 500, 1000, 24].map(Some);
        let told = meaning(values, 15).expect("all is in range");
        assert!(told.contains("111 kB") && told.contains("398 MB") && told.contains("4 GB"), "{told}");
        let capped = meaning(values, 5).expect("all is in range");
        assert!(capped.contains("2 GB"), "the feed's own limit counts: {capped}");
        let mut wrong = values;
        wrong[0] = None;
        assert_eq!(meaning(wrong, 15), None);
    }
}
