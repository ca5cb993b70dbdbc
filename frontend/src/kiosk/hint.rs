//! What somebody who stands there is told, from what the pictures showed.

use types::{FaceState, FaceView, QualityReason};

/// How long somebody may be looked at before another way is offered, in milliseconds.
const PATIENCE_MS: f64 = 4_000.0;

/// What to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hint {
    /// Nothing.
    #[default]
    Nothing,
    /// Look at the camera.
    Look,
    /// Come closer.
    Closer,
    /// This passage is in the record already.
    Recorded,
    /// The face is not known: PIN or badge.
    Offer,
    /// Somebody at the desk has to help.
    Desk,
}

/// What was seen of the one who is nearest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watching {
    /// Since when there is a face that is not known, in milliseconds.
    doubtful_since: Option<f64>,
}

impl Watching {
    /// What to say now that a picture with these faces was answered.
    pub fn after(&mut self, faces: &[FaceView], now_ms: f64) -> Hint {
        let area = |face: &&FaceView| face.bounding_box.width * face.bounding_box.height;
        let nearest = faces.iter().max_by(|a, b| area(a).total_cmp(&area(b)));
        let Some(face) = nearest else {
            self.doubtful_since = None;
            return Hint::Nothing;
        };
        if face.state == FaceState::Known {
            self.doubtful_since = None;
            return if face.arrival_id.is_some() { Hint::Recorded } else { Hint::Look };
        }
        let since = *self.doubtful_since.get_or_insert(now_ms);
        if face.state == FaceState::Spoof {
            return Hint::Desk;
        }
        // Whoever does as a challenge asks has its own words before them.
        if face.challenge.is_some() {
            self.doubtful_since = Some(now_ms);
            return Hint::Nothing;
        }
        if now_ms - since >= PATIENCE_MS {
            Hint::Offer
        } else if face.quality.reasons.contains(&QualityReason::TooSmall) {
            Hint::Closer
        } else {
            Hint::Look
        }
    }
}

#[cfg(test)]
mod tests {
    use types::{BoundingBox, Quality};

    use super::*;

    fn face(state: FaceState, width: f32) -> FaceView {
        FaceView {
            track: "a".to_owned(),
            bounding_box: BoundingBox { x: 0.0, y: 0.0, width, height: width },
            landmarks: [[0.0; 2]; 5],
            score: 1.0,
            quality: Quality::default(),
            liveness: None,
            challenge: None,
            state,
            person: None,
            similarity: None,
            arrival_id: None,
        }
    }

    #[test]
    fn another_way_is_offered_after_a_while() {
        let mut watching = Watching::default();
        let (checked, stranger) = ([face(FaceState::Uncertain, 9.0)], [face(FaceState::Unknown, 9.0)]);
        assert_eq!(watching.after(&checked, 0.0), Hint::Look);
        assert_eq!(watching.after(&stranger, PATIENCE_MS - 1.0), Hint::Look);
        assert_eq!(watching.after(&stranger, PATIENCE_MS), Hint::Offer);
        assert_eq!(watching.after(&[], PATIENCE_MS + 1.0), Hint::Nothing);
        assert_eq!(watching.after(&stranger, PATIENCE_MS + 2.0), Hint::Look, "the next one has time too");
    }

    #[test]
    fn whoever_is_known_is_told_so() {
        let mut watching = Watching::default();
        let known = FaceView {
            arrival_id: "6f1cd2f0-4c6f-4f0e-8a52-111111111111".parse().ok(),
            ..face(FaceState::Known, 9.0)
        };
        assert_eq!(
            watching.after(&[face(FaceState::Unknown, 5.0), known], 0.0),
            Hint::Recorded,
            "the nearest counts"
        );
        assert_eq!(watching.after(&[face(FaceState::Spoof, 9.0)], 1.0), Hint::Desk);
    }

    #[test]
    fn whoever_is_far_away_comes_closer() {
        let mut far = face(FaceState::Uncertain, 9.0);
        far.quality.reasons = vec![QualityReason::TooSmall];
        assert_eq!(Watching::default().after(&[far], 0.0), Hint::Closer);
    }
}
