//! The pack's anti-spoofing networks.

use models::pack::{LivenessNetwork, LoadedPack};
use ort::environment::Environment;
use types::BoundingBox;

use crate::{
    align::{Cutter, Similarity},
    decode::Frame,
    network::{Length, Network, NetworkError},
};

/// The networks with their memory.
pub struct Networks {
    networks: Vec<(Network, LivenessNetwork)>,
    cut: Vec<u8>,
    picture: Vec<u8>,
}

impl Networks {
    /// Loads the pack's networks.
    pub fn load(
        environment: &Environment,
        pack: &LoadedPack,
        networks: &[LivenessNetwork],
    ) -> Result<Self, NetworkError> {
        let load = |network: &LivenessNetwork| {
            let loaded = Network::load(environment, pack, &network.model, &[&network.output])?;
            Ok((loaded, network.clone()))
        };
        let networks = networks.iter().map(load).collect::<Result<Vec<_>, NetworkError>>()?;
        Ok(Self { networks, cut: vec![], picture: vec![] })
    }

    /// See [`Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        self.networks.iter_mut().try_for_each(|(network, description)| {
            network.check_golden(&[(&description.output, Length::Exactly(description.classes))])
        })
    }

    /// The mean probability over the networks that the face is live, 0 to 1; None without networks.
    pub fn judge(
        &mut self,
        frame: &Frame,
        bounds: &BoundingBox,
        cutter: &mut Cutter,
    ) -> Result<Option<f32>, NetworkError> {
        let mut sum = 0.0;
        for (network, description) in &mut self.networks {
            let (width, height) = network.size();
            let area = surroundings(bounds, description.crop, frame);
            let scale = area.width / width as f32;
            let rows = ((area.height / scale).round() as usize).max(1);
            let place = Similarity { a: scale, b: 0.0, tx: area.x, ty: area.y };
            cutter.cut(frame, &place, width, rows, &mut self.cut);
            stretch(&self.cut, width, rows, height, &mut self.picture);
            network.set_picture(&self.picture);
            let outputs = network.run()?;
            sum += share(outputs.floats(&description.output)?, description.live_class);
        }
        let count = self.networks.len();
        Ok((count > 0).then(|| sum / count as f32))
    }
}

/// The face's box made `crop` times as large about its centre; where the frame ends, less large and moved into
/// it, as such networks are trained (Silent-Face-Anti-Spoofing, `CropImage`).
fn surroundings(bounds: &BoundingBox, crop: f32, frame: &Frame) -> BoundingBox {
    let (across, down) = (frame.width as f32 - 1.0, frame.height as f32 - 1.0);
    let crop = crop.min(across / bounds.width).min(down / bounds.height);
    let (width, height) = (bounds.width * crop, bounds.height * crop);
    let place =
        |start: f32, old: f32, new: f32, end: f32| (start + (old - new) / 2.0).min(end - new).max(0.0);
    BoundingBox {
        x: place(bounds.x, bounds.width, width, across),
        y: place(bounds.y, bounds.height, height, down),
        width,
        height,
    }
}

/// Makes a picture of `rows` rows one of `height`; linear.
fn stretch(from: &[u8], width: usize, rows: usize, height: usize, to: &mut Vec<u8>) {
    to.clear();
    let stride = width * 3;
    for y in 0..height {
        let at = ((y as f32 + 0.5) * rows as f32 / height as f32 - 0.5).clamp(0.0, rows as f32 - 1.0);
        let (upper, share) = (at as usize, at.fract());
        let lower = (upper + 1).min(rows - 1);
        let pairs = from[upper * stride..][..stride].iter().zip(&from[lower * stride..][..stride]);
        to.extend(pairs.map(|(&a, &b)| (f32::from(a) * (1.0 - share) + f32::from(b) * share).round() as u8));
    }
}

/// Softmax of one class.
fn share(logits: &[f32], class: usize) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let whole: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    logits.get(class).map_or(0.0, |logit| (logit - largest).exp() / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one() {
        let logits = [1.0, 3.0, -200.0];
        let sum: f32 = (0..3).map(|class| share(&logits, class)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert!(share(&logits, 1) > 0.8);
        assert_eq!(share(&logits, 7), 0.0);
    }

    #[test]
    fn the_surroundings_stay_in_the_frame() {
        let frame = Frame { width: 640, height: 480, pixels: vec![] };
        let middle = BoundingBox { x: 300.0, y: 200.0, width: 40.0, height: 60.0 };
        let wide = surroundings(&middle, 2.0, &frame);
        assert_eq!((wide.x, wide.y, wide.width, wide.height), (280.0, 170.0, 80.0, 120.0));
        let corner = BoundingBox { x: -10.0, y: 430.0, width: 40.0, height: 60.0 };
        let moved = surroundings(&corner, 4.0, &frame);
        assert_eq!((moved.x, moved.y, moved.width, moved.height), (0.0, 239.0, 160.0, 240.0));
        let large = surroundings(&BoundingBox { width: 200.0, height: 300.0, ..middle }, 4.0, &frame);
        assert!((large.height - 479.0).abs() < 0.01 && large.y >= 0.0, "{large:?}");
    }

    #[test]
    fn stretching_keeps_a_slope_and_a_picture_of_its_size() {
        let slope: Vec<u8> = (0..40u8).flat_map(|y| [y * 5; 6]).collect();
        let mut out = vec![];
        stretch(&slope, 2, 40, 40, &mut out);
        assert_eq!(out, slope);
        stretch(&slope, 2, 40, 20, &mut out);
        assert_eq!(out.len(), 20 * 6);
        assert!((1..19).all(|y| out[y * 6].abs_diff((y * 10 + 3) as u8) <= 1), "{out:?}");
    }
}
