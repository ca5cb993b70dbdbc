//! Stage 3: a detected face → its points, by a face mesh where the pack has one.

use models::pack::{self, LoadedPack};
use ort::environment::Environment;
use types::Landmarks;

use crate::{
    align::{Cutter, Similarity},
    decode::Frame,
    detect::Detection,
    network::{Length, Network, NetworkError},
};

/// Where the parts of a face are, in pixels of the frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// Left eye, right eye, nose, mouth left, mouth right (as seen).
    pub five: Landmarks,
    /// Every point of the mesh, with its depth (away from the camera) in pixels as well; empty where the pack
    /// has none.
    pub mesh: Vec<[f32; 3]>,
}

impl Points {
    /// What a detector without mesh knows.
    pub fn of_detection(detection: &Detection) -> Self {
        Self { five: detection.points, mesh: vec![] }
    }
}

/// The mesh network with its memory.
pub struct LandmarkFinder {
    network: Network,
    description: pack::Landmarks,
    /// Points that the mesh must have for the pack's indices.
    least_points: usize,
    picture: Vec<u8>,
}

impl LandmarkFinder {
    /// Loads the pack's mesh, if it has one.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Option<Self>, NetworkError> {
        let Some(description) = pack.pack.landmarks.clone() else { return Ok(None) };
        let network = Network::load(environment, pack, &description.model, &["mesh", "presence"])?;
        let least_points = pack.pack.mesh_points().max().map_or(0, |last| last + 1);
        Ok(Some(Self { network, description, least_points, picture: vec![] }))
    }

    /// See [`Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        let mesh = Length::AtLeast(self.least_points * 3);
        self.network.check_golden(&[("mesh", mesh), ("presence", Length::Exactly(1))])
    }

    /// Runs the network on what it last saw, for measuring the network alone.
    pub fn run_bare(&mut self) -> Result<(), NetworkError> {
        self.network.run().map(drop)
    }

    /// The face's points; None where the mesh sees no face.
    pub fn find(
        &mut self,
        frame: &Frame,
        detection: &Detection,
        cutter: &mut Cutter,
    ) -> Result<Option<Points>, NetworkError> {
        let (side, _) = self.network.size();
        let bounds = detection.bounding_box;
        let centre = [bounds.x + bounds.width / 2.0, bounds.y + bounds.height / 2.0];
        let [left, right, ..] = detection.points;
        let angle = (right[1] - left[1]).atan2(right[0] - left[0]);
        let extent = bounds.width.max(bounds.height) * self.description.crop;
        let place = Similarity::square(centre, extent, angle, side);
        cutter.cut(frame, &place, side, side, &mut self.picture);
        self.network.set_picture(&self.picture);

        let outputs = self.network.run()?;
        let presence = outputs.floats("presence")?.first().copied().unwrap_or(0.0);
        if presence < self.description.min_presence || presence.is_nan() {
            return Ok(None);
        }
        let numbers = outputs.floats("mesh")?.as_chunks::<3>().0;
        let scale = place.scale();
        let in_frame = |&[x, y, z]: &[f32; 3]| {
            let [x, y] = place.apply([x, y]);
            [x, y, z * scale]
        };
        let mesh: Vec<[f32; 3]> = numbers.iter().map(in_frame).collect();
        Ok(five(&mesh, &self.description).map(|five| Points { five, mesh }))
    }
}

/// None when the pack names a point that the mesh does not have.
fn five(mesh: &[[f32; 3]], description: &pack::Landmarks) -> Option<Landmarks> {
    let point = |&i: &usize| mesh.get(i).map(|&[x, y, _]| [x, y]);
    let mean = |indices: &[usize]| {
        let points = indices.iter().map(point).collect::<Option<Vec<_>>>()?;
        let count = points.len() as f32;
        Some([0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f32>() / count))
    };
    Some([
        mean(&description.left_eye)?,
        mean(&description.right_eye)?,
        point(&description.nose)?,
        point(&description.mouth_left)?,
        point(&description.mouth_right)?,
    ])
}
