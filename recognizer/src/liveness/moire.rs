//! Periodic patterns of a screen or a print, in the spectrum of a small square.
//!
//! A camera that looks at a raster of pixels or dots sees its beat with the sensor's own raster: a few sharp
//! peaks in the spectrum, where skin, hair and cloth fall off evenly. The measure is how far the strongest peak
//! stands out of its ring of like frequencies.

use std::f32::consts::TAU;

/// Side of the square that is looked at, in pixels of the frame (it is never resampled: that would move the
/// beat or remove it).
pub const SIDE: usize = 64;
/// Frequencies (cycles per square) that are looked at: below lie the face's own shapes.
const RINGS: std::ops::Range<usize> = 8..32;

/// The spectrum's peaks; keeps its memory between faces.
pub struct Moire {
    /// Hann's window.
    window: [f32; SIDE],
    /// `exp(-2πi·k/SIDE)`.
    twiddles: [[f32; 2]; SIDE],
    grid: Vec<[f32; 2]>,
    rings: Vec<Vec<f32>>,
}

impl Default for Moire {
    fn default() -> Self {
        let share = |i: usize| i as f32 / SIDE as f32;
        Self {
            window: std::array::from_fn(|i| 0.5 - 0.5 * (TAU * share(i)).cos()),
            twiddles: std::array::from_fn(|i| [(TAU * share(i)).cos(), -(TAU * share(i)).sin()]),
            grid: vec![[0.0; 2]; SIDE * SIDE],
            rings: vec![vec![]; RINGS.end],
        }
    }
}

impl Moire {
    /// By how much (natural logarithm) the strongest peak of the spectrum of `luma` (`SIDE`², row by row) stands
    /// above the mean power of its ring.
    pub fn peak(&mut self, luma: &[f32]) -> f32 {
        let mean = luma.iter().sum::<f32>() / luma.len().max(1) as f32;
        for (i, cell) in self.grid.iter_mut().enumerate() {
            let (x, y) = (i % SIDE, i / SIDE);
            *cell = [(luma[i] - mean) * self.window[x] * self.window[y], 0.0];
        }
        for _ in 0..2 {
            self.grid.as_chunks_mut::<SIDE>().0.iter_mut().for_each(|row| transform(row, &self.twiddles));
            transpose(&mut self.grid);
        }
        self.rings.iter_mut().for_each(Vec::clear);
        for (i, [re, im]) in self.grid.iter().enumerate() {
            // A real picture's spectrum is its own mirror image: one half says all.
            let (x, y) = (i % SIDE, i / SIDE);
            if x > SIDE / 2 {
                continue;
            }
            let y = if y > SIDE / 2 { SIDE - y } else { y };
            let ring = (x as f32).hypot(y as f32).round() as usize;
            if RINGS.contains(&ring) {
                self.rings[ring].push(re * re + im * im);
            }
        }
        let peaks = self.rings[RINGS].iter().map(|ring| {
            let mean = ring.iter().sum::<f32>() / ring.len().max(1) as f32;
            let strongest = ring.iter().copied().fold(0.0, f32::max);
            // A level below which there is nothing but rounding.
            ((strongest + 1.0) / (mean + 1.0)).ln()
        });
        peaks.fold(0.0, f32::max)
    }
}

/// Cooley and Tukey's fast Fourier transform, in place.
fn transform(row: &mut [[f32; 2]; SIDE], twiddles: &[[f32; 2]; SIDE]) {
    let bits = SIDE.trailing_zeros();
    for i in 0..SIDE {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            row.swap(i, j);
        }
    }
    let mut half = 1;
    while half < SIDE {
        for start in (0..SIDE).step_by(2 * half) {
            for k in 0..half {
                let [c, s] = twiddles[k * (SIDE / (2 * half))];
                let ([ar, ai], [br, bi]) = (row[start + k], row[start + k + half]);
                let (tr, ti) = (br * c - bi * s, br * s + bi * c);
                row[start + k] = [ar + tr, ai + ti];
                row[start + k + half] = [ar - tr, ai - ti];
            }
        }
        half *= 2;
    }
}

fn transpose(grid: &mut [[f32; 2]]) {
    for y in 0..SIDE {
        for x in y + 1..SIDE {
            grid.swap(y * SIDE + x, x * SIDE + y);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::PI;

    use super::*;

    fn square(value: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        (0..SIDE * SIDE).map(|i| value((i % SIDE) as f32, (i / SIDE) as f32)).collect()
    }

    /// A cheap hash as noise, −1 to 1.
    fn noise(x: f32, y: f32) -> f32 {
        let hash = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
        let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
        ((hash ^ (hash >> 12)) & 0xffff) as f32 / 32_768.0 - 1.0
    }

    #[test]
    fn a_raster_stands_out_of_noise_and_slopes() {
        let mut moire = Moire::default();
        let plain = moire.peak(&square(|x, y| 90.0 + x + 0.5 * y + 4.0 * noise(x, y)));
        let raster = moire.peak(&square(|x, y| {
            90.0 + x + 0.5 * y + 4.0 * noise(x, y) + 3.0 * (PI * (0.47 * x + 0.11 * y)).cos()
        }));
        assert!(plain < 3.0 && raster > plain + 0.5, "{plain} {raster}");
        assert_eq!(moire.peak(&square(|_, _| 128.0)), 0.0, "nothing at all");
    }

    #[test]
    fn the_transform_finds_a_wave_where_it_is() {
        let Moire { twiddles, .. } = Moire::default();
        let mut row: [[f32; 2]; SIDE] = std::array::from_fn(|i| [(TAU * 5.0 * i as f32 / 64.0).cos(), 0.0]);
        transform(&mut row, &twiddles);
        for (i, [re, im]) in row.into_iter().enumerate() {
            let expected = if i == 5 || i == SIDE - 5 { 32.0 } else { 0.0 };
            assert!((re - expected).abs() < 1e-3 && im.abs() < 1e-3, "{i}: {re} {im}");
        }
    }
}
