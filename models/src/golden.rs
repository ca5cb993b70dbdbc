//! Golden vectors: a picture that every part of the system can compute, and what a network answers to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a network answers to [`picture`], sampled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Largest permitted difference, as a share of the output's largest sample (or of [`LEAST_SCALE`]).
    pub tolerance: f32,
    /// Samples by the output's name.
    pub outputs: BTreeMap<String, Samples>,
}

/// Some numbers of one output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// How many numbers the output has.
    pub length: usize,
    /// Places, in the output's own order.
    pub at: Vec<usize>,
    /// The numbers there.
    pub values: Vec<f32>,
}

/// An output that is not what it should be.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Mismatch {
    /// The output has another length.
    #[error("it has {got} numbers instead of {expected}")]
    Length {
        /// Numbers there are.
        got: usize,
        /// Numbers there should be.
        expected: usize,
    },
    /// A number differs by more than the tolerance.
    #[error("number {at} is {got} instead of {expected} (tolerance {tolerance})")]
    Value {
        /// Where.
        at: usize,
        /// What it is.
        got: f32,
        /// What it should be.
        expected: f32,
        /// The largest permitted difference.
        tolerance: f32,
    },
}

/// Outputs all of whose samples are smaller are compared as if one had this size: a sigmoid's 1e-9 need not be
/// met to three digits.
pub const LEAST_SCALE: f32 = 0.1;

/// Numbers that are sampled of each output.
const SAMPLES: usize = 24;

impl Samples {
    /// Evenly spaced samples of `output`.
    pub fn of(output: &[f32]) -> Self {
        let count = SAMPLES.min(output.len());
        let at: Vec<usize> = (0..count).map(|i| i * output.len() / count).collect();
        Self { length: output.len(), values: at.iter().map(|&i| output[i]).collect(), at }
    }

    /// Compares `output` with the samples; not-a-number never matches.
    pub fn compare(&self, output: &[f32], tolerance: f32) -> Result<(), Mismatch> {
        if output.len() != self.length {
            return Err(Mismatch::Length { got: output.len(), expected: self.length });
        }
        let largest = self.values.iter().fold(LEAST_SCALE, |largest, value| largest.max(value.abs()));
        let tolerance = tolerance * largest;
        for (&at, &expected) in self.at.iter().zip(&self.values) {
            let got = output.get(at).copied().unwrap_or(f32::NAN);
            let close = (got - expected).abs() <= tolerance;
            if !close {
                return Err(Mismatch::Value { at, got, expected, tolerance });
            }
        }
        Ok(())
    }
}

/// The golden picture, RGB, row by row: integer arithmetic alone, so that it is the same everywhere. Smooth
/// slopes with a coarse pattern, because noise tells little about a network made for photographs.
pub fn picture(width: usize, height: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x * 256 / width, y * 256 / height);
            let block = if (u / 32 + v / 32) % 2 == 0 { 40 } else { 0 };
            let values = [(u * 3 / 4) + block, (v * 3 / 4) + block, (u * v / 340) + block];
            pixels.extend(values.map(|value| value.min(255) as u8));
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_match_their_source_and_nothing_else() {
        let output: Vec<f32> = (0..100u8).map(f32::from).collect();
        let samples = Samples::of(&output);
        assert_eq!(samples.compare(&output, 0.0), Ok(()));
        let mut other = output.clone();
        other[samples.at[3]] += 1.0;
        assert!(matches!(samples.compare(&other, 1e-3), Err(Mismatch::Value { .. })));
        assert_eq!(samples.compare(&other, 0.02), Ok(()));
        other[samples.at[3]] = f32::NAN;
        assert!(matches!(samples.compare(&other, 1.0), Err(Mismatch::Value { .. })));
        assert_eq!(samples.compare(&[], 1.0), Err(Mismatch::Length { got: 0, expected: 100 }));
    }

    #[test]
    fn the_picture_never_changes() {
        assert_eq!(
            crate::sha256_hex(&picture(256, 256)),
            "5c44b3507d3ce56715bc29a8e229d8f5fe05c8dcac382dc64e873e3a8180e90d"
        );
    }
}
