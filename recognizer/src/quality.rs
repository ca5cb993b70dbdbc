//! Stage 6: is this face good enough to be enrolled or judged?
//!
//! Measures are taken on the frame (size, pose, cut off) and on the aligned face (sharpness, light); their
//! limits stand in the pack, because they belong to what its embedder can bear.

use models::pack::QualityLimits;
use types::{BoundingBox, Landmarks, Quality, QualityReason};

/// What is measured of a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Pixels between the centres of the eyes.
    pub eye_distance_px: f32,
    /// Share of the box that lies outside the frame.
    pub outside: f32,
    /// Distance of the nose from the middle between the eyes along the line of the eyes, in eye distances; 0
    /// is straight ahead.
    pub yaw: f32,
    /// Height of the nose between the line of the eyes (0) and the mouth (1).
    pub pitch: f32,
    /// Angle of the line through the eyes.
    pub roll_degrees: f32,
    /// Mean absolute Laplacian of the aligned face's luma, in hundredths of its standard deviation: how much
    /// of the contrast is fine detail. Independent of light and contrast.
    pub sharpness: f32,
    /// Mean luma of the aligned face, 0 to 255.
    pub brightness: f32,
}

impl Measures {
    /// Measures a face: its box (not clipped) and points in a frame of `size`, and its aligned picture (RGB,
    /// `chip_width` across).
    pub fn of(
        bounds: &BoundingBox,
        points: &Landmarks,
        size: (usize, usize),
        chip: &[u8],
        chip_width: usize,
    ) -> Self {
        let [left, right, nose, mouth_left, mouth_right] = *points;
        let across = [right[0] - left[0], right[1] - left[1]];
        let eye_distance_px = across[0].hypot(across[1]);
        // Unit vectors along the eyes and down the face.
        let along = across.map(|number| number / eye_distance_px.max(f32::MIN_POSITIVE));
        let down = [-along[1], along[0]];
        let eyes = middle(left, right);
        let from_eyes =
            |point: [f32; 2], axis: [f32; 2]| (point[0] - eyes[0]) * axis[0] + (point[1] - eyes[1]) * axis[1];
        let mouth = from_eyes(middle(mouth_left, mouth_right), down);
        let (sharpness, brightness) = texture(chip, chip_width);
        Self {
            eye_distance_px,
            outside: outside(bounds, size),
            yaw: from_eyes(nose, along) / eye_distance_px.max(f32::MIN_POSITIVE),
            pitch: from_eyes(nose, down) / mouth.max(f32::MIN_POSITIVE),
            roll_degrees: across[1].atan2(across[0]).to_degrees(),
            sharpness,
            brightness,
        }
    }

    /// What stands against the face, worst first.
    pub fn judge(&self, limits: &QualityLimits) -> Quality {
        let out_of = |value: f32, [low, high]: [f32; 2]| !(low..=high).contains(&value);
        let checks = [
            (self.outside > limits.max_outside, QualityReason::CutOff),
            (self.eye_distance_px < limits.min_eye_distance_px, QualityReason::TooSmall),
            (
                self.yaw.abs() > limits.max_yaw
                    || out_of(self.pitch, limits.pitch)
                    || self.roll_degrees.abs() > limits.max_roll_degrees,
                QualityReason::TurnedAway,
            ),
            (self.brightness < limits.brightness[0], QualityReason::TooDark),
            (self.brightness > limits.brightness[1], QualityReason::TooBright),
            (self.sharpness < limits.min_sharpness, QualityReason::Blurred),
        ];
        let reasons: Vec<_> =
            checks.into_iter().filter_map(|(found, reason)| found.then_some(reason)).collect();
        Quality { ok: reasons.is_empty(), reasons }
    }
}

fn middle(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}

fn outside(bounds: &BoundingBox, (width, height): (usize, usize)) -> f32 {
    let inside = |from: f32, length: f32, size: usize| {
        ((from + length).min(size as f32) - from.max(0.0)).max(0.0) / length.max(f32::MIN_POSITIVE)
    };
    1.0 - inside(bounds.x, bounds.width, width) * inside(bounds.y, bounds.height, height)
}

/// The part of an aligned face that is looked at: without the border, where hair and background are.
const CORE: std::ops::Range<f32> = 0.2..0.8;

/// Sharpness and brightness of the middle of `chip`; see [`Measures`].
fn texture(chip: &[u8], width: usize) -> (f32, f32) {
    let pixels = chip.as_chunks::<3>().0;
    let height = pixels.len() / width.max(1);
    let range = |size: usize| {
        let at = |share: f32| (size as f32 * share) as usize;
        at(CORE.start).max(1)..at(CORE.end).min(size.saturating_sub(1))
    };
    // Rec. 601 luma in 256ths.
    let luma = |x: usize, y: usize| {
        let [r, g, b] = pixels[y * width + x].map(i64::from);
        (77 * r + 150 * g + 29 * b) >> 8
    };
    let (mut sum, mut squares, mut detail, mut count) = (0i64, 0i64, 0i64, 0i64);
    for y in range(height) {
        for x in range(width) {
            let here = luma(x, y);
            sum += here;
            squares += here * here;
            let around = luma(x - 1, y) + luma(x + 1, y) + luma(x, y - 1) + luma(x, y + 1);
            detail += (4 * here - around).abs();
            count += 1;
        }
    }
    let count = count.max(1) as f32;
    let mean = sum as f32 / count;
    let deviation = (squares as f32 / count - mean * mean).max(0.0).sqrt();
    // A face without any contrast has no detail either: dividing by at least one grey level keeps it finite.
    (100.0 * detail as f32 / count / deviation.max(1.0), mean)
}
