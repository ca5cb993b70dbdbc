//! What a person who is being challenged is told, from one answer to the next.

use crate::language::say;
use types::{Challenge, ChallengeAction, FaceState, FaceView};

/// How long an outcome stays, in milliseconds.
pub const OUTCOME_SHOWN_MS: f64 = 3_000.0;

/// What is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Prompt {
    /// Nobody is being challenged.
    #[default]
    Nothing,
    /// A step is asked for.
    Step {
        /// Whose face.
        track: String,
        /// The step.
        challenge: Challenge,
        /// Whether a challenge before this one was not passed.
        again: bool,
    },
    /// It is over.
    Over {
        /// How it ended.
        outcome: Outcome,
        /// Since when this is shown, in milliseconds since 1970.
        since_ms: f64,
    },
}

/// How a challenge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Passed; the person, where the answer names one.
    Passed(Option<String>),
    /// The movements were not those asked for, or not one person's.
    Refused,
    /// The time was up.
    Late,
    /// The face went out of sight.
    Lost,
}

impl Prompt {
    /// What to show once an answer with these faces has come.
    pub fn after(&self, faces: &[FaceView], now_ms: f64) -> Self {
        let before = match self {
            Self::Step { track, challenge, again } => Some((track, challenge, *again)),
            _ => None,
        };
        let same = |face: &&FaceView| before.is_some_and(|(track, ..)| *track == face.track);
        let asked = |face: &&FaceView| face.challenge.is_some();
        if let Some((face, challenge)) = faces
            .iter()
            .find(|face| same(face) && asked(face))
            .or_else(|| faces.iter().find(asked))
            .and_then(|face| Some((face, face.challenge.clone()?)))
        {
            let again = before.is_some_and(|(track, old, again)| {
                *track == face.track && (again || is_another(old, &challenge))
            });
            return Self::Step { track: face.track.clone(), challenge, again };
        }
        match (self, before) {
            (_, Some((_, challenge, _))) => {
                let late = now_ms >= challenge.expires_at.timestamp_millis() as f64;
                Self::Over { outcome: ending(faces.iter().find(same), late), since_ms: now_ms }
            }
            (Self::Over { since_ms, .. }, _) if now_ms - since_ms < OUTCOME_SHOWN_MS => self.clone(),
            _ => Self::Nothing,
        }
    }
}

/// Whether a challenge began anew rather than moved on.
fn is_another(old: &Challenge, new: &Challenge) -> bool {
    let later = (new.expires_at - old.expires_at).num_seconds() > 0;
    new.step < old.step || (new.step == old.step && later)
}

fn ending(face: Option<&FaceView>, late: bool) -> Outcome {
    match face {
        Some(face) if face.state == FaceState::Known => {
            Outcome::Passed(face.person.as_ref().map(|person| person.name.clone()))
        }
        _ if late => Outcome::Late,
        Some(_) => Outcome::Refused,
        None => Outcome::Lost,
    }
}

/// What to do, as one says it to somebody who stands there.
pub fn instruction(action: ChallengeAction) -> &'static str {
    match action {
        ChallengeAction::LookStraight => say!(live.look_straight),
        ChallengeAction::TurnLeft => say!(live.turn_left),
        ChallengeAction::TurnRight => say!(live.turn_right),
        ChallengeAction::LookUp => say!(live.look_up),
        ChallengeAction::LookDown => say!(live.look_down),
        ChallengeAction::TiltLeft => say!(live.tilt_left),
        ChallengeAction::TiltRight => say!(live.tilt_right),
        ChallengeAction::Blink => say!(live.blink),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};
    use types::{BoundingBox, PersonRef, Quality};

    use super::*;

    fn face(track: &str, state: FaceState, challenge: Option<Challenge>) -> FaceView {
        FaceView {
            track: track.to_owned(),
            bounding_box: BoundingBox { x: 0.0, y: 0.0, width: 9.0, height: 9.0 },
            landmarks: [[0.0; 2]; 5],
            score: 1.0,
            quality: Quality::default(),
            liveness: None,
            challenge,
            state,
            person: None,
            similarity: None,
            arrival_id: None,
        }
    }

    fn step(step: u8, seconds: i64) -> Challenge {
        let expires_at = chrono::DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        Challenge { step, of: 4, action: ChallengeAction::TurnLeft, expires_at }
    }

    fn asked(track: &str, challenge: Challenge) -> Vec<FaceView> {
        vec![face(track, FaceState::Uncertain, Some(challenge))]
    }

    fn outcome(prompt: &Prompt) -> Option<Outcome> {
        match prompt {
            Prompt::Over { outcome, .. } => Some(outcome.clone()),
            _ => None,
        }
    }

    #[test]
    fn steps_follow_one_another_and_end_in_a_name() {
        let first = Prompt::Nothing.after(&asked("a", step(1, 20)), 0.0);
        let second = first.after(&asked("a", step(2, 20)), 1_000.0);
        assert_eq!(second, Prompt::Step { track: "a".to_owned(), challenge: step(2, 20), again: false });
        let id = "6f1cd2f0-4c6f-4f0e-8a52-111111111111".parse().expect("an id");
        let known = FaceView {
            person: Some(PersonRef { id, name: "Zoë".to_owned(), photo: None }),
            ..face("a", FaceState::Known, None)
        };
        let over = second.after(std::slice::from_ref(&known), 2_000.0);
        assert_eq!(outcome(&over), Some(Outcome::Passed(Some("Zoë".to_owned()))));
        assert_eq!(over.after(std::slice::from_ref(&known), 2_000.0 + OUTCOME_SHOWN_MS - 1.0), over);
        assert_eq!(over.after(&[known], 2_000.0 + OUTCOME_SHOWN_MS), Prompt::Nothing);
    }

    #[test]
    fn a_challenge_that_starts_anew_says_so() {
        let third = Prompt::Nothing.after(&asked("a", step(3, 20)), 0.0);
        let again = third.after(&asked("a", step(1, 30)), 0.0);
        assert!(matches!(again, Prompt::Step { again: true, .. }));
        assert!(matches!(again.after(&asked("a", step(2, 30)), 0.0), Prompt::Step { again: true, .. }));
        assert!(matches!(again.after(&asked("b", step(1, 40)), 0.0), Prompt::Step { again: false, .. }));
    }

    #[test]
    fn what_ended_it_is_named() {
        let asking = Prompt::Nothing.after(&asked("a", step(2, 20)), 0.0);
        let refused = asking.after(&[face("a", FaceState::Spoof, None)], 5_000.0);
        assert_eq!(outcome(&refused), Some(Outcome::Refused));
        let doubted = asking.after(&[face("a", FaceState::Uncertain, None)], 5_000.0);
        assert_eq!(outcome(&doubted), Some(Outcome::Refused));
        let late = asking.after(&[face("a", FaceState::Uncertain, None)], 20_000.0);
        assert_eq!(outcome(&late), Some(Outcome::Late));
        let swapped = asking.after(&[face("b", FaceState::Known, None)], 5_000.0);
        assert_eq!(outcome(&swapped), Some(Outcome::Lost));
        assert_eq!(outcome(&asking.after(&[], 5_000.0)), Some(Outcome::Lost));
    }

    #[test]
    fn the_person_who_began_is_not_talked_over() {
        let asking = Prompt::Nothing.after(&asked("a", step(1, 20)), 0.0);
        let both = [asked("b", step(1, 21)), asked("a", step(2, 20))].concat();
        assert!(matches!(asking.after(&both, 0.0), Prompt::Step { track, .. } if track == "a"));
    }
}
