//! Stage 5: an aligned face → its embedding, of unit length.
//!
//! Where the pack says `mirror`, the network sees the face and its mirror image, and the two vectors are added: what
//! light from one side and a half-turned head do to one is evened out by the other.

use models::pack::{self, LoadedPack};
use ort::environment::Environment;
use recognizer_types::Embedding;

use crate::{
    align::{Cutter, Similarity},
    decode::Frame,
    landmarks::Points,
    network::{Length, Network, NetworkError},
};

/// Why a face has no embedding.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The vector cannot be made unit: all zeros, or not numbers.
    #[error("the embedding has no direction")]
    NoDirection,
}

/// The embedding network with its memory.
pub struct Embedder {
    network: Network,
    description: pack::Embedder,
    /// The template in pixels of the input.
    template: Vec<[f32; 2]>,
    chip: Vec<u8>,
    mirrored: Vec<u8>,
}

impl Embedder {
    /// Loads the pack's embedder.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Self, NetworkError> {
        let description = pack.pack.embedder.clone();
        let network = Network::load(environment, pack, &description.model, &[&description.output])?;
        let (width, height) = network.size();
        let to_pixels = |&[x, y]: &[f32; 2]| [x * width as f32, y * height as f32];
        let template = description.template.iter().map(to_pixels).collect();
        Ok(Self { network, description, template, chip: vec![], mirrored: vec![] })
    }

    /// See [`Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        let length = Length::Exactly(self.description.dimensions);
        self.network.check_golden(&[(&self.description.output, length)])
    }

    /// Runs the network on what it last saw, as often as a face takes, for measuring the network alone.
    pub fn run_bare(&mut self) -> Result<(), NetworkError> {
        let passes = if self.description.mirror { 2 } else { 1 };
        (0..passes).try_for_each(|_| self.network.run().map(drop))
    }

    /// Pixels across and down of an aligned face.
    pub fn size(&self) -> (usize, usize) {
        self.network.size()
    }

    /// Cuts the face at `place` out of the frame.
    pub fn align(&mut self, frame: &Frame, place: &Similarity, cutter: &mut Cutter) {
        let (width, height) = self.network.size();
        cutter.cut(frame, place, width, height, &mut self.chip);
    }

    /// Where the template lies in the frame when it is laid on the face's points; None when they have no
    /// extent.
    pub fn place(&self, points: &Points) -> Option<Similarity> {
        match &self.description.mesh_points {
            Some(indices) => {
                let chosen: Vec<[f32; 2]> = indices
                    .iter()
                    .map(|&i| points.mesh.get(i).map(|&[x, y, _]| [x, y]))
                    .collect::<Option<_>>()?;
                Similarity::estimate(&self.template, &chosen)
            }
            None => Similarity::estimate(&self.template, &points.five),
        }
    }

    /// The face that was aligned last, RGB.
    pub fn chip(&self) -> &[u8] {
        &self.chip
    }

    /// The embedding of the face that was aligned last.
    pub fn embed(&mut self) -> Result<Embedding, EmbedError> {
        let mut sum = self.pass(false)?;
        if self.description.mirror {
            mirror(&self.chip, self.network.size().0, &mut self.mirrored);
            sum.iter_mut().zip(self.pass(true)?).for_each(|(sum, number)| *sum += number);
        }
        unit(sum).map(Embedding).ok_or(EmbedError::NoDirection)
    }

    fn pass(&mut self, mirrored: bool) -> Result<Vec<f32>, NetworkError> {
        self.network.set_picture(if mirrored { &self.mirrored } else { &self.chip });
        let outputs = self.network.run()?;
        outputs.floats(&self.description.output).map(<[f32]>::to_vec)
    }
}

/// Turns the rows of an RGB picture round.
fn mirror(picture: &[u8], width: usize, out: &mut Vec<u8>) {
    out.clear();
    for row in picture.as_chunks::<3>().0.chunks(width.max(1)) {
        out.extend(row.iter().rev().flatten());
    }
}

/// None where the vector has no direction.
fn unit(mut numbers: Vec<f32>) -> Option<Vec<f32>> {
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    numbers.iter_mut().for_each(|number| *number /= length);
    (length.is_finite() && length > 0.0).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_turns_rows_round_and_keeps_colours() {
        let picture = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let mut out = vec![0; 99];
        mirror(&picture, 2, &mut out);
        assert_eq!(out, [4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
    }

    #[test]
    fn a_vector_without_direction_is_none() {
        assert_eq!(unit(vec![3.0, 4.0]), Some(vec![0.6, 0.8]));
        assert_eq!(unit(vec![0.0; 4]), None);
        assert_eq!(unit(vec![f32::NAN, 1.0]), None);
    }
}
