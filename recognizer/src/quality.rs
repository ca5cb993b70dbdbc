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
    /// Mean absolute Laplacian of the aligned face's luma in blocks of a fiftieth of its width, in hundredths of
    /// their standard deviation: how much of the contrast is detail. Independent of light and contrast.
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

/// Blocks across the whole aligned face. Detail of this size is what an embedding looks at; finer detail is
/// mostly noise and compression, which a blurred picture has as well.
const BLOCKS_ACROSS: usize = 50;

/// Sharpness and brightness of the middle of `chip`; see [`Measures`].
fn texture(chip: &[u8], width: usize) -> (f32, f32) {
    let pixels = chip.as_chunks::<3>().0;
    let height = pixels.len() / width.max(1);
    let side = (width / BLOCKS_ACROSS).max(1);
    let start = |size: usize| (size as f32 * CORE.start) as usize;
    let count = |size: usize| (size as f32 * (CORE.end - CORE.start)) as usize / side;
    let (columns, rows) = (count(width), count(height));
    let mut blocks = vec![0u32; columns * rows];
    for y in 0..rows * side {
        let row = &pixels[(start(height) + y) * width + start(width)..][..columns * side];
        for (x, [r, g, b]) in row.iter().map(|pixel| pixel.map(u32::from)).enumerate() {
            // Rec. 601 luma in 256ths.
            blocks[y / side * columns + x / side] += (77 * r + 150 * g + 29 * b) >> 8;
        }
    }
    let area = (side * side) as f32;
    let total = blocks.len().max(1) as f32;
    let mean = blocks.iter().map(|&block| block as f32).sum::<f32>() / total;
    let variance = blocks.iter().map(|&block| (block as f32 - mean).powi(2)).sum::<f32>() / total;
    let mut detail = 0.0;
    for y in 1..rows.saturating_sub(1) {
        for x in 1..columns.saturating_sub(1) {
            let at = |x: usize, y: usize| i64::from(blocks[y * columns + x]);
            let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
            detail += (4 * at(x, y) - around).abs() as f32;
        }
    }
    let inner = (rows.saturating_sub(2) * columns.saturating_sub(2)).max(1) as f32;
    // A face without any contrast has no detail either: dividing by at least one grey level keeps it finite.
    (100.0 * detail / inner / variance.sqrt().max(area), mean / area)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (640, 480);
    const FRONTAL: Landmarks =
        [[280.0, 200.0], [360.0, 200.0], [320.0, 240.0], [290.0, 280.0], [350.0, 280.0]];
    const BOX: BoundingBox = BoundingBox { x: 240.0, y: 150.0, width: 160.0, height: 170.0 };
    const SIDE: usize = 60;

    fn limits() -> QualityLimits {
        QualityLimits {
            min_eye_distance_px: 24.0,
            max_outside: 0.1,
            max_yaw: 0.35,
            pitch: [0.2, 0.8],
            max_roll_degrees: 30.0,
            min_sharpness: 3.0,
            brightness: [40.0, 220.0],
            measured: String::new(),
        }
    }

    /// Stripes of three pixels, so that there is both contrast and detail.
    fn chip(low: u8, high: u8) -> Vec<u8> {
        (0..SIDE * SIDE)
            .flat_map(|i| [if ((i % SIDE) / 3).is_multiple_of(2) { low } else { high }; 3])
            .collect()
    }

    fn reasons(bounds: &BoundingBox, points: &Landmarks, chip: &[u8]) -> Vec<QualityReason> {
        Measures::of(bounds, points, SIZE, chip, SIDE).judge(&limits()).reasons
    }

    fn turned(points: &Landmarks, degrees: f32) -> Landmarks {
        let (sin, cos) = degrees.to_radians().sin_cos();
        points.map(|[x, y]| {
            [320.0 + (x - 320.0) * cos - (y - 240.0) * sin, 240.0 + (x - 320.0) * sin + (y - 240.0) * cos]
        })
    }

    #[test]
    fn a_good_face_passes() {
        assert_eq!(reasons(&BOX, &FRONTAL, &chip(80, 160)), []);
        assert_eq!(reasons(&BOX, &turned(&FRONTAL, 20.0), &chip(80, 160)), []);
    }

    #[test]
    fn each_fault_is_named() {
        let good = chip(80, 160);
        let outside = BoundingBox { x: -60.0, ..BOX };
        assert_eq!(reasons(&outside, &FRONTAL, &good), [QualityReason::CutOff]);
        let small = FRONTAL.map(|[x, y]| [320.0 + (x - 320.0) * 0.25, 240.0 + (y - 240.0) * 0.25]);
        assert_eq!(reasons(&BOX, &small, &good), [QualityReason::TooSmall]);
        let mut aside = FRONTAL;
        aside[2][0] = 355.0;
        assert_eq!(reasons(&BOX, &aside, &good), [QualityReason::TurnedAway]);
        let mut down = FRONTAL;
        down[2][1] = 275.0;
        assert_eq!(reasons(&BOX, &down, &good), [QualityReason::TurnedAway]);
        assert_eq!(reasons(&BOX, &turned(&FRONTAL, 45.0), &good), [QualityReason::TurnedAway]);
        assert_eq!(reasons(&BOX, &FRONTAL, &chip(0, 60)), [QualityReason::TooDark]);
        assert_eq!(reasons(&BOX, &FRONTAL, &chip(200, 255)), [QualityReason::TooBright]);
        assert_eq!(reasons(&BOX, &FRONTAL, &vec![120; SIDE * SIDE * 3]), [QualityReason::Blurred]);
    }

    #[test]
    fn blur_lowers_sharpness_and_light_does_not() {
        let sharpness = |chip: &[u8]| Measures::of(&BOX, &FRONTAL, SIZE, chip, SIDE).sharpness;
        // A face has large light and dark parts besides its detail: the detail goes first.
        let mut sharp = chip(80, 160);
        sharp.iter_mut().skip(SIDE * SIDE * 3 / 2).for_each(|value| *value -= 70);
        let blurred: Vec<u8> = (0..sharp.len())
            .map(|i| {
                let around = (i.saturating_sub(9)..(i + 10).min(sharp.len())).step_by(3);
                let (sum, count) = around.fold((0u32, 0u32), |(s, n), j| (s + u32::from(sharp[j]), n + 1));
                (sum / count) as u8
            })
            .collect();
        assert!(sharpness(&blurred) < sharpness(&sharp) * 0.5);
        let dimmer: Vec<u8> = sharp.iter().map(|value| value / 2).collect();
        assert!((sharpness(&dimmer) / sharpness(&sharp) - 1.0).abs() < 0.1);
    }

    #[test]
    fn degenerate_points_are_finite() {
        let measures = Measures::of(&BOX, &[[1.0, 1.0]; 5], SIZE, &[], 0);
        assert!(measures.yaw.is_finite() && measures.sharpness.is_finite());
        assert!(!measures.judge(&limits()).ok);
    }
}
