//! What the frames of a track say together about whether the face is live.
//!
//! Each cue's measure is averaged over the last [`WINDOW`] frames and turned into a probability by the pack's
//! calibration. The cue that speaks most against a live person counts: a picture gives itself away by one trace
//! (paper has no raster, a display is not flat in time), while a trace that is missing proves nothing.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use models::pack::{self, Calibration};
use recognizer_types::LivenessCues;

use super::{
    Sighting,
    planarity::{self, Difference, Patch},
};

/// Frames that are averaged: a second at ten frames a second.
pub const WINDOW: usize = 10;
/// Fewer frames are no evidence.
pub const LEAST_FRAMES: usize = 5;
/// Two views that are compared for planarity lie at most this far apart; the farthest earlier one is taken.
const GAP: Duration = Duration::from_millis(550);
/// Views are kept at this distance at least.
const KEEP_EVERY: Duration = Duration::from_millis(90);
/// Views so close that there was no time to move.
const LEAST_GAP: Duration = Duration::from_millis(250);
/// A face that moved less, in pixels of the patch, tells nothing about its shape.
const LEAST_MOTION: f32 = 0.5;

/// A frame's measures.
#[derive(Debug, Clone, Copy, Default)]
struct Measures {
    network: Option<f32>,
    planarity: Option<f32>,
    moire: Option<f32>,
    bezel: Option<f32>,
}

/// Averages over a track's last frames, in each cue's own unit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Averages {
    /// Mean probability by the networks.
    pub network: Option<f32>,
    /// Mean unexplained motion in pixels of the patch.
    pub planarity: Option<f32>,
    /// Mean height of the strongest peak.
    pub moire: Option<f32>,
    /// Mean strength of the weakest edge.
    pub bezel: Option<f32>,
}

/// The evidence of one track.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Frames that were looked at.
    frames: u32,
    recent: VecDeque<Measures>,
    faces: VecDeque<(Instant, Patch)>,
}

impl Evidence {
    /// Takes in what a frame showed.
    pub fn observe(&mut self, sighting: Sighting, now: Instant) {
        let Sighting { network, moire, bezel, face } = sighting;
        let planarity = face.and_then(|face| self.unexplained(face, now));
        self.frames = self.frames.saturating_add(1);
        self.recent.push_back(Measures { network, planarity, moire, bezel });
        while self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
    }

    /// Motion of the face that no homography explains, against an earlier view; None without such a view or
    /// without motion.
    fn unexplained(&mut self, face: Patch, now: Instant) -> Option<f32> {
        self.faces.retain(|(at, _)| now.saturating_duration_since(*at) <= GAP);
        let earlier = self.faces.front().filter(|(at, _)| now.saturating_duration_since(*at) >= LEAST_GAP);
        let difference = earlier.and_then(|(_, before)| planarity::compare(before, &face));
        if self.faces.back().is_none_or(|(at, _)| now.saturating_duration_since(*at) >= KEEP_EVERY) {
            self.faces.push_back((now, face));
        }
        let Difference { motion, unexplained } = difference?;
        (motion >= LEAST_MOTION).then_some(unexplained)
    }

    /// Averages over the last frames; None before there are [`LEAST_FRAMES`] of them.
    pub fn averages(&self) -> Option<Averages> {
        let mean = |of: fn(&Measures) -> Option<f32>| {
            let (sum, count) =
                self.recent.iter().filter_map(of).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
            (count > 0.0).then(|| sum / count)
        };
        (self.recent.len() >= LEAST_FRAMES).then(|| Averages {
            network: mean(|m| m.network),
            planarity: mean(|m| m.planarity),
            moire: mean(|m| m.moire),
            bezel: mean(|m| m.bezel),
        })
    }

    /// The evidence of a live person, 0 to 1, and what it is made of; None before there is any.
    pub fn judge(&self, calibrations: &pack::LivenessCues) -> Option<(f32, LivenessCues)> {
        let averages = self.averages()?;
        let cues = LivenessCues {
            frames: self.frames,
            network: probability_of_live(averages.network, calibrations.network.as_ref()),
            planarity: probability_of_live(averages.planarity, calibrations.planarity.as_ref()),
            moire: probability_of_live(averages.moire, calibrations.moire.as_ref()),
            bezel: probability_of_live(averages.bezel, calibrations.bezel.as_ref()),
        };
        let present = [cues.network, cues.planarity, cues.moire, cues.bezel].into_iter().flatten();
        present.reduce(f32::min).map(|least| (least, cues))
    }
}

/// The probability of a live face by one cue; None without measure or calibration.
pub fn probability_of_live(measure: Option<f32>, calibration: Option<&Calibration>) -> Option<f32> {
    let Calibration { middle, slope } = calibration?;
    measure.map(|measure| 1.0 / (1.0 + (-slope * (measure - middle)).exp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibrations() -> pack::LivenessCues {
        let rising = Calibration { middle: 0.5, slope: 10.0 };
        let falling = Calibration { middle: 0.5, slope: -10.0 };
        pack::LivenessCues {
            network: Some(rising.clone()),
            planarity: Some(rising),
            moire: None,
            bezel: Some(falling),
        }
    }

    fn seen(network: f32, bezel: f32) -> Sighting {
        Sighting { network: Some(network), bezel: Some(bezel), moire: Some(9.0), face: None }
    }

    fn after(sightings: impl IntoIterator<Item = Sighting>) -> Evidence {
        let (mut evidence, mut now) = (Evidence::default(), Instant::now());
        for sighting in sightings {
            now += Duration::from_millis(100);
            evidence.observe(sighting, now);
        }
        evidence
    }

    #[test]
    fn a_few_frames_are_no_evidence() {
        assert_eq!(after(vec![seen(0.9, 0.0); LEAST_FRAMES - 1]).judge(&calibrations()), None);
        let unused = pack::LivenessCues::default();
        assert_eq!(after(vec![seen(0.9, 0.0); 9]).judge(&unused), None, "no calibration, no evidence");
    }

    #[test]
    fn the_cue_against_a_live_person_counts() {
        let (evidence, cues) = after(vec![seen(0.9, 0.8); 7]).judge(&calibrations()).expect("evidence");
        assert!(evidence < 0.1, "{evidence}");
        assert!(cues.network.is_some_and(|p| p > 0.9) && cues.bezel == Some(evidence), "{cues:?}");
        assert_eq!((cues.frames, cues.moire, cues.planarity), (7, None, None));
    }

    #[test]
    fn what_is_long_past_does_not_count() {
        let changed = (0..2 * WINDOW).map(|i| seen(if i < WINDOW { 0.9 } else { 0.1 }, 0.0));
        let averages = after(changed).averages().expect("frames");
        assert!(averages.network.is_some_and(|mean| (mean - 0.1).abs() < 1e-6), "{averages:?}");
    }

    #[test]
    fn a_face_that_only_shifts_is_flat_and_one_that_stands_still_tells_nothing() {
        let face = |shift: f32| {
            let side = planarity::SIDE;
            let value = |i: usize| {
                let (x, y) = ((i % side) as f32 + shift, (i / side) as f32);
                120.0 + 60.0 * (0.2 * x).sin() * (0.15 * y).cos()
            };
            Sighting { face: Some((0..side * side).map(value).collect()), ..Sighting::default() }
        };
        let moved = after((0..8u8).map(|i| face(f32::from(i) * 0.6))).averages().expect("frames");
        assert!(moved.planarity.is_some_and(|unexplained| unexplained < 0.1), "{moved:?}");
        let still = after((0..8).map(|_| face(0.0))).averages().expect("frames");
        assert_eq!(still.planarity, None);
    }
}
