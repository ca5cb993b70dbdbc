//! Stage 7, where it is asked for: is this a live face or a picture of one?
//!
//! [`LivenessJudge`] looks at a face in one frame by the cues that the pack has a calibration for: its
//! [`networks`], [`moire`], [`bezel`], and the face itself for [`planarity`]. What the frames of a track say
//! together is [`evidence`]. A cue without a measured calibration is not computed.

pub mod bezel;
pub mod evidence;
pub mod moire;
pub mod networks;
pub mod planarity;

use models::pack::{LivenessCues, LoadedPack};
use ort::environment::Environment;
use types::BoundingBox;

use crate::{
    align::{Cutter, Similarity},
    decode::Frame,
    network::NetworkError,
};
use bezel::Bezel;
use moire::Moire;
use networks::Networks;
use planarity::Patch;

/// What one frame tells of a face; None where the pack does not use the cue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sighting {
    /// See [`Networks::judge`].
    pub network: Option<f32>,
    /// See [`Moire::peak`].
    pub moire: Option<f32>,
    /// See [`Bezel::strength`].
    pub bezel: Option<f32>,
    /// The face, for [`planarity`].
    pub face: Option<Patch>,
}

/// The pack's cues with their memory.
pub struct LivenessJudge {
    cues: LivenessCues,
    networks: Option<Networks>,
    moire: Moire,
    bezel: Bezel,
    picture: Vec<u8>,
    luma: Vec<f32>,
}

impl LivenessJudge {
    /// Loads what the pack's cues need; None when it has no cues.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Option<Self>, NetworkError> {
        let Some(liveness) = &pack.pack.liveness else { return Ok(None) };
        let networks = match liveness.cues.network {
            Some(_) => Some(Networks::load(environment, pack, &liveness.networks)?),
            None => None,
        };
        Ok(Some(Self {
            cues: liveness.cues.clone(),
            networks,
            moire: Moire::default(),
            bezel: Bezel::default(),
            picture: vec![],
            luma: vec![],
        }))
    }

    /// See [`crate::network::Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        self.networks.as_mut().map_or(Ok(()), Networks::check_golden)
    }

    /// What the cues' measures mean.
    pub fn cues(&self) -> &LivenessCues {
        &self.cues
    }

    /// Looks at the face at `bounds`.
    pub fn look(
        &mut self,
        frame: &Frame,
        bounds: &BoundingBox,
        cutter: &mut Cutter,
    ) -> Result<Sighting, NetworkError> {
        let network = match &mut self.networks {
            Some(networks) => networks.judge(frame, bounds, cutter)?,
            None => None,
        };
        let moire = self.cues.moire.is_some().then(|| {
            self.read_luma(frame, bounds, moire::SIDE as f32, moire::SIDE, cutter);
            self.moire.peak(&self.luma)
        });
        let bezel = self.cues.bezel.is_some().then(|| self.bezel.strength(frame, bounds, cutter));
        let face = self.cues.planarity.is_some().then(|| {
            self.read_luma(frame, bounds, bounds.width.max(bounds.height), planarity::SIDE, cutter);
            self.luma.clone()
        });
        Ok(Sighting { network, moire, bezel, face })
    }

    /// The brightness of a square of `side`² pixels that covers `extent` pixels of the frame about the face's
    /// centre.
    fn read_luma(
        &mut self,
        frame: &Frame,
        bounds: &BoundingBox,
        extent: f32,
        side: usize,
        cutter: &mut Cutter,
    ) {
        let centre = [bounds.x + bounds.width / 2.0, bounds.y + bounds.height / 2.0];
        cutter.cut(frame, &Similarity::square(centre, extent, 0.0, side), side, side, &mut self.picture);
        self.luma.clear();
        self.luma.extend(self.picture.as_chunks::<3>().0.iter().map(luma));
    }
}

/// Brightness, 0 to 255 (Rec. 601).
fn luma(&[red, green, blue]: &[u8; 3]) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}
