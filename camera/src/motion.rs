//! Whether something moves: a small blurred copy of the luma against a background that is learned.
//!
//! Cells of about 8 × 8 pixels are compared with their running mean. A camera that changes its exposure makes all cells
//! lighter or darker by one factor: the median of cell over background is that factor, and is taken out first. What
//! stays becomes background: quickly where nothing changed, in about a quarter of a minute where something did.

use std::time::Duration;

use crate::picture::Luma;

/// The copy's width in cells, about.
pub const CELLS_ACROSS: usize = 160;
/// By how many levels of 255 a cell must differ: about eight times what a camera's noise leaves after averaging.
const CHANGED_BY: f32 = 10.0;
/// How fast unchanged cells follow, as a time constant.
const FOLLOW: Duration = Duration::from_secs(3);
/// How fast changed ones do.
const FORGET: Duration = Duration::from_secs(15);
/// Keeps factors of dark cells near one: the sensor's black level.
const BLACK: f32 = 8.0;
/// Values this bright are cut off by the sensor, so a factor says nothing about them.
const WHITE: f32 = 250.0;

/// Learns the background of one source.
#[derive(Debug, Default)]
pub struct MotionGate {
    background: Vec<f32>,
    width: usize,
}

impl MotionGate {
    /// The share of the picture that changed, 0 to 1, `since` the picture before. The first picture, and the first
    /// of another size, changes everything: who stands there is to be seen.
    pub fn changed(&mut self, luma: &Luma, since: Duration) -> f32 {
        let cells = blurred(luma);
        if self.width != luma.width || self.background.len() != cells.len() {
            self.width = luma.width;
            self.background = cells;
            return 1.0;
        }
        let factor = exposure(&cells, &self.background);
        let mut changed = 0_usize;
        let (follow, forget) = (share_of(since, FOLLOW), share_of(since, FORGET));
        for (background, &cell) in self.background.iter_mut().zip(&cells) {
            let expected = ((*background + BLACK) * factor - BLACK).clamp(0.0, 255.0);
            let differs = (cell - expected).abs() > CHANGED_BY && (cell < WHITE || expected < WHITE);
            changed += usize::from(differs);
            *background += (cell - *background) * if differs { forget } else { follow };
        }
        changed as f32 / cells.len().max(1) as f32
    }
}

fn share_of(since: Duration, constant: Duration) -> f32 {
    1.0 - (-since.as_secs_f32() / constant.as_secs_f32()).exp()
}

/// The median factor between cells and background, 1/4 to 4, in steps of about one percent.
fn exposure(cells: &[f32], background: &[f32]) -> f32 {
    const STEPS: usize = 256;
    let mut histogram = [0_usize; STEPS];
    let mut counted = 0;
    for (&cell, &behind) in cells.iter().zip(background) {
        if cell < WHITE && behind < WHITE {
            let octaves = ((cell + BLACK) / (behind + BLACK)).log2().clamp(-2.0, 1.99);
            histogram[((octaves + 2.0) * 64.0) as usize % STEPS] += 1;
            counted += 1;
        }
    }
    let mut below = 0;
    let median = histogram.iter().position(|count| {
        below += count;
        below * 2 > counted
    });
    // The middle of the step; the step around one is one.
    median.map_or(1.0, |step| ((step as f32 + 0.5) / 64.0 - 2.0).exp2())
}

/// Each cell becomes the mean of itself and its eight neighbours.
fn blurred(luma: &Luma) -> Vec<f32> {
    let (width, height) = (luma.width, luma.height);
    let mut across = vec![0_u16; width * height];
    for (row, out) in luma.pixels.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for x in 0..width {
            let (left, right) = (row[x.saturating_sub(1)], row[(x + 1).min(width - 1)]);
            out[x] = u16::from(left) + u16::from(row[x]) + u16::from(right);
        }
    }
    let mut cells = vec![0.0; width * height];
    for y in 0..height {
        let (above, below) = (y.saturating_sub(1) * width, (y + 1).min(height - 1) * width);
        for x in 0..width {
            let sum = across[above + x] + across[y * width + x] + across[below + x];
            cells[y * width + x] = f32::from(sum) / 9.0;
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(100);

    /// A scene with light and dark parts, times `gain`, with noise of `noise` levels.
    fn scene(gain: f32, noise: f32, seed: u32) -> Luma {
        let (width, height) = (160, 90);
        let mut state = seed.wrapping_mul(2_654_435_761).max(1);
        let pixels = (0..width * height)
            .map(|at| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                let random = (state % 2001) as f32 / 1000.0 - 1.0;
                let base = 40.0 + (at % width) as f32 + ((at / width) % 9) as f32 * 4.0;
                (base * gain + random * noise).clamp(0.0, 255.0) as u8
            })
            .collect();
        Luma { width, height, pixels }
    }

    fn with_block(mut luma: Luma, left: usize) -> Luma {
        for y in 30..60 {
            for x in left..left + 15 {
                luma.pixels[y * 160 + x] = 230;
            }
        }
        luma
    }

    fn learned() -> MotionGate {
        let mut gate = MotionGate::default();
        for seed in 0..50 {
            gate.changed(&scene(1.0, 0.0, seed), STEP);
        }
        gate
    }

    #[test]
    fn the_first_picture_is_motion_and_a_still_scene_is_not() {
        let mut gate = MotionGate::default();
        assert_eq!(gate.changed(&scene(1.0, 0.0, 1), STEP), 1.0);
        assert_eq!(gate.changed(&scene(1.0, 0.0, 1), STEP), 0.0);
    }

    #[test]
    fn noise_is_no_motion() {
        let mut gate = learned();
        for seed in 100..200 {
            let share = gate.changed(&scene(1.0, 12.0, seed), STEP);
            assert!(share < 0.001, "{share}");
        }
    }

    #[test]
    fn a_changed_exposure_is_no_motion() {
        for gain in [0.5, 0.7, 0.9, 1.2, 1.25] {
            let share = learned().changed(&scene(gain, 2.0, 3), STEP);
            assert!(share < 0.005, "gain {gain}: {share}");
        }
    }

    #[test]
    fn a_moving_block_is_motion_also_while_the_exposure_changes() {
        for gain in [0.7, 1.0, 1.2] {
            let share = learned().changed(&with_block(scene(gain, 4.0, 4), 60), STEP);
            assert!((0.02..0.06).contains(&share), "gain {gain}: {share}");
        }
    }

    #[test]
    fn what_stays_becomes_background_and_what_moves_does_not() {
        let mut gate = learned();
        for _ in 0..900 {
            gate.changed(&with_block(scene(1.0, 0.0, 5), 60), STEP);
        }
        assert!(gate.changed(&with_block(scene(1.0, 0.0, 5), 60), STEP) < 0.001);
        for step in 0..20 {
            assert!(gate.changed(&with_block(scene(1.0, 0.0, 5), 80 + step * 3), STEP) > 0.005);
        }
    }

    #[test]
    fn another_size_begins_anew() {
        let mut gate = learned();
        let small = Luma { width: 10, height: 10, pixels: vec![0; 100] };
        assert_eq!(gate.changed(&small, STEP), 1.0);
        assert_eq!(gate.changed(&small, STEP), 0.0);
    }
}
