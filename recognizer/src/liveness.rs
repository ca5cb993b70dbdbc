//! Stage 7, where the pack has it: is this a live face or a picture of one?

use models::pack::{LivenessNetwork, LoadedPack};
use ort::environment::Environment;
use types::BoundingBox;

use crate::{
    align::{Cutter, Similarity},
    decode::Frame,
    network::{Network, NetworkError},
};

/// The pack's anti-spoofing networks with their memory.
pub struct LivenessJudge {
    networks: Vec<(Network, LivenessNetwork)>,
    picture: Vec<u8>,
}

impl LivenessJudge {
    /// Loads the pack's networks; None when it has none.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Option<Self>, NetworkError> {
        let Some(liveness) = &pack.pack.liveness else { return Ok(None) };
        let load = |network: &LivenessNetwork| {
            let loaded = Network::load(environment, pack, &network.model, &[&network.output])?;
            Ok((loaded, network.clone()))
        };
        let networks = liveness.networks.iter().map(load).collect::<Result<Vec<_>, NetworkError>>()?;
        Ok(Some(Self { networks, picture: vec![] }))
    }

    /// See [`Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        self.networks.iter_mut().try_for_each(|(network, _)| network.check_golden())
    }

    /// The mean probability over the networks that the face is live, 0 to 1.
    pub fn judge(
        &mut self,
        frame: &Frame,
        bounds: &BoundingBox,
        cutter: &mut Cutter,
    ) -> Result<f32, NetworkError> {
        let centre = [bounds.x + bounds.width / 2.0, bounds.y + bounds.height / 2.0];
        let mut sum = 0.0;
        for (network, description) in &mut self.networks {
            let (side, height) = network.size();
            let extent = bounds.width.max(bounds.height) * description.crop;
            let place = Similarity::square(centre, extent, 0.0, side);
            cutter.cut(frame, &place, side, height, &mut self.picture);
            network.set_picture(&self.picture);
            let outputs = network.run()?;
            sum += share(outputs.floats(&description.output)?, description.live_class);
        }
        Ok(sum / self.networks.len().max(1) as f32)
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
    use super::share;

    #[test]
    fn shares_sum_to_one() {
        let logits = [1.0, 3.0, -200.0];
        let sum: f32 = (0..3).map(|class| share(&logits, class)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert!(share(&logits, 1) > 0.8);
        assert_eq!(share(&logits, 7), 0.0);
    }
}
