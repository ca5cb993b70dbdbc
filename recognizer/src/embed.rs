//! Stage 5: an aligned face → its embedding, of unit length.

use models::pack::{self, LoadedPack};
use ort::environment::Environment;
use recognizer_types::Embedding;

use crate::{
    align::{Cutter, Similarity},
    decode::Frame,
    landmarks::Points,
    network::{Network, NetworkError},
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
}

impl Embedder {
    /// Loads the pack's embedder.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Self, NetworkError> {
        let description = pack.pack.embedder.clone();
        let network = Network::load(environment, pack, &description.model, &[&description.output])?;
        let (width, height) = network.size();
        let to_pixels = |&[x, y]: &[f32; 2]| [x * width as f32, y * height as f32];
        let template = description.template.iter().map(to_pixels).collect();
        Ok(Self { network, description, template, chip: vec![] })
    }

    /// See [`Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        self.network.check_golden()
    }

    /// Runs the network on what it last saw, for measuring the network alone.
    pub fn run_bare(&mut self) -> Result<(), NetworkError> {
        self.network.run().map(drop)
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
                let chosen: Vec<[f32; 2]> =
                    indices.iter().map(|&i| points.mesh.get(i).copied()).collect::<Option<_>>()?;
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
        self.network.set_picture(&self.chip);
        let outputs = self.network.run()?;
        let raw = outputs.floats(&self.description.output)?;
        unit(raw).map(Embedding).ok_or(EmbedError::NoDirection)
    }
}

fn unit(raw: &[f32]) -> Option<Vec<f32>> {
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt();
    (length.is_finite() && length > 0.0).then(|| raw.iter().map(|number| number / length).collect())
}
