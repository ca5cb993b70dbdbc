//! The active challenge: the person follows a random sequence of head movements while staying who they are.
//!
//! A picture cannot follow and a recording follows by chance alone: [`STEPS`] of six movements in random order
//! are 360 sequences, 336 of them with a turn. The rules that keep it at chance:
//! - Each sequence has a turn to one side or the other. A sheet can be tilted and, held aslant enough, seems to
//!   nod; it cannot turn: the mesh that is laid on it stays frontal (`recognizer/examples/liveness --sheets`).
//! - The neutral pose is learnt first, of a head that is held still; movements are measured from there.
//! - The next movement is shown only when the head is back near neutral and the face was matched there. Scores
//!   fall when a head turns, so doubt is allowed on the way, never at neutral.
//! - The first movement that is held beyond its threshold decides the step. Is it not the one asked for, the
//!   whole challenge fails; so it does on the way back, when the head goes anywhere else than to neutral.
//! - Somebody else's face, a face out of sight, a slow step and the end of the time fail it as well. Whatever
//!   the outcome, it is the last: a challenge is used once.
//!
//! Blinks are not asked for: no measurement says how well the mesh tells them from noise (`docs/BENCHMARKS.md`).
//! Pure: time, poses and the decision about the face are parameters. The caller keeps one per track.

mod attempts;
#[cfg(test)]
mod trials;

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{CryptoRng, seq::SliceRandom};
use recognizer_types::HeadPose;
use types::ChallengeAction;

pub use attempts::Attempts;

/// Movements asked for.
pub const STEPS: usize = 4;
/// Time for all of them.
pub const TIME: TimeDelta = TimeDelta::seconds(20);
/// Time for one movement, for coming back from it, and for holding still at the start.
pub const STEP_TIME: TimeDelta = TimeDelta::seconds(6);
/// A face that is out of sight for longer is lost.
pub const LOST: TimeDelta = TimeDelta::seconds(1);
/// How long a pose must be held to count, in time and in frames: one frame's noise is no movement.
const HOLD: TimeDelta = TimeDelta::milliseconds(100);
const HOLD_FRAMES: u32 = 2;
/// How long a head is held still to learn its neutral pose.
const LEARN: TimeDelta = TimeDelta::milliseconds(400);
const LEARN_FRAMES: usize = 3;
/// Largest range of an angle of a head that is held still, in degrees. Measured noise is below 1.
const STILL: f32 = 6.0;
/// Largest turn and tilt, and largest nod, of a head that looks straight at the camera, in degrees. A camera
/// below the face sees it looking up.
const STRAIGHT: [f32; 3] = [20.0, 35.0, 20.0];
/// Share of a movement's threshold below which the head is near neutral.
const NEAR: f32 = 0.5;
/// Least turn, nod and tilt from neutral that count as movements, in degrees: more than people move their heads
/// while they talk, less than they do when asked to.
const THRESHOLDS: [f32; 3] = [20.0, 12.0, 15.0];

/// The movements with axis (turn, nod, tilt) and direction.
const MOVEMENTS: [(ChallengeAction, usize, f32); 6] = [
    (ChallengeAction::TurnLeft, 0, 1.0),
    (ChallengeAction::TurnRight, 0, -1.0),
    (ChallengeAction::LookUp, 1, 1.0),
    (ChallengeAction::LookDown, 1, -1.0),
    (ChallengeAction::TiltLeft, 2, 1.0),
    (ChallengeAction::TiltRight, 2, -1.0),
];

/// What a frame says of who the face is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The person that the track was decided to be.
    Confirmed,
    /// Near that person, or not judged: neither for nor against.
    Doubtful,
    /// Another person.
    Other,
}

/// Why a challenge failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The time is over.
    Expired,
    /// One step took too long.
    TooSlow,
    /// Another movement than the one asked for.
    WrongMovement,
    /// The face was out of sight.
    FaceLost,
    /// Another person's face.
    SomebodyElse,
    /// The face was not matched while it looked straight at the camera.
    NotConfirmed,
}

/// Where a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not decided.
    UnderWay,
    /// Every movement was made.
    Passed,
    /// It was not; for good.
    Failed(Failure),
}

/// Turn, nod and tilt in degrees.
type Angles = [f32; 3];

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// The neutral pose is being learnt from these frames.
    Learning(VecDeque<(DateTime<Utc>, Angles, Identity)>),
    /// The movement of this step is asked for.
    Moving,
    /// Coming back from the movement just made.
    Returning,
}

/// What the head has been doing over the last frames.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    /// None: near neutral.
    movement: Option<ChallengeAction>,
    since: DateTime<Utc>,
    frames: u32,
    confirmed: bool,
}

/// One challenge of one track.
#[derive(Debug, Clone, PartialEq)]
pub struct Challenge {
    actions: [ChallengeAction; STEPS],
    expires_at: DateTime<Utc>,
    /// Movements made.
    done: usize,
    phase: Phase,
    phase_since: DateTime<Utc>,
    neutral: Angles,
    held: Option<Held>,
    /// Near neutral in this phase, confirmed or not.
    came_back: bool,
    last_pose: DateTime<Utc>,
    progress: Progress,
}

impl Challenge {
    /// A challenge that starts now.
    pub fn issue(random: &mut impl CryptoRng, now: DateTime<Utc>) -> Self {
        Self {
            actions: sequence(random),
            expires_at: now + TIME,
            done: 0,
            phase: Phase::Learning(VecDeque::new()),
            phase_since: now,
            neutral: [0.0; 3],
            held: None,
            came_back: false,
            last_pose: now,
            progress: Progress::UnderWay,
        }
    }

    /// What the person is told.
    pub fn view(&self) -> types::Challenge {
        let (step, action) = match self.phase {
            Phase::Moving => (self.done, self.actions[self.done]),
            Phase::Learning(_) => (0, ChallengeAction::LookStraight),
            Phase::Returning => (self.done - 1, ChallengeAction::LookStraight),
        };
        types::Challenge { step: step as u8 + 1, of: STEPS as u8, action, expires_at: self.expires_at }
    }

    /// Where it stands.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Takes in one frame: how the head is held (None where the face is not seen, or has no pose) and who the
    /// face is. `now` never goes back.
    pub fn observe(&mut self, now: DateTime<Utc>, pose: Option<&HeadPose>, identity: Identity) -> Progress {
        if self.progress == Progress::UnderWay {
            self.progress = self.judge(now, pose, identity);
        }
        self.progress
    }

    fn judge(&mut self, now: DateTime<Utc>, pose: Option<&HeadPose>, identity: Identity) -> Progress {
        if now >= self.expires_at {
            return Progress::Failed(Failure::Expired);
        }
        if now - self.last_pose > LOST {
            return Progress::Failed(Failure::FaceLost);
        }
        if identity == Identity::Other {
            return Progress::Failed(Failure::SomebodyElse);
        }
        if let Some(pose) = pose {
            self.last_pose = now;
            let outcome = self.step(now, [pose.yaw, pose.pitch, pose.roll], identity);
            if outcome != Progress::UnderWay {
                return outcome;
            }
        }
        if now - self.phase_since > STEP_TIME {
            return Progress::Failed(if self.came_back { Failure::NotConfirmed } else { Failure::TooSlow });
        }
        Progress::UnderWay
    }

    fn step(&mut self, now: DateTime<Utc>, angles: Angles, identity: Identity) -> Progress {
        if let Phase::Learning(frames) = &mut self.phase {
            frames.push_back((now, angles, identity));
            if let Some((neutral, confirmed)) = still(frames) {
                self.came_back = true;
                if confirmed {
                    self.neutral = neutral;
                    self.enter(Phase::Moving, now);
                }
            }
            return Progress::UnderWay;
        }
        let Some(held) = self.hold(now, angles, identity) else { return Progress::UnderWay };
        let asked = self.actions[self.done.min(STEPS - 1)];
        match (&self.phase, held.movement) {
            (Phase::Moving, Some(movement)) if movement == asked => {
                self.done += 1;
                self.enter(Phase::Returning, now);
            }
            // It takes time to react.
            (Phase::Moving, None) => {}
            (Phase::Returning, None) => {
                self.came_back = true;
                if held.confirmed && self.done == STEPS {
                    return Progress::Passed;
                }
                if held.confirmed {
                    self.enter(Phase::Moving, now);
                }
            }
            // Not back yet.
            (Phase::Returning, Some(movement)) if movement == self.actions[self.done - 1] => {}
            _ => return Progress::Failed(Failure::WrongMovement),
        }
        Progress::UnderWay
    }

    fn enter(&mut self, phase: Phase, now: DateTime<Utc>) {
        self.phase = phase;
        self.phase_since = now;
        self.held = None;
        self.came_back = false;
    }

    /// What the head has been doing for long enough to count.
    fn hold(&mut self, now: DateTime<Utc>, angles: Angles, identity: Identity) -> Option<Held> {
        let movement = match position(angles, self.neutral) {
            Position::Near => None,
            Position::Beyond(movement) => Some(movement),
            Position::Between => {
                self.held = None;
                return None;
            }
        };
        let confirmed = identity == Identity::Confirmed;
        let held = match self.held {
            Some(held) if held.movement == movement => {
                Held { frames: held.frames + 1, confirmed: held.confirmed || confirmed, ..held }
            }
            _ => Held { movement, since: now, frames: 1, confirmed },
        };
        self.held = Some(held);
        (held.frames >= HOLD_FRAMES && now - held.since >= HOLD).then_some(held)
    }
}

/// Different movements in random order, a turn among them.
fn sequence(random: &mut impl CryptoRng) -> [ChallengeAction; STEPS] {
    let mut actions = MOVEMENTS.map(|(action, ..)| action);
    loop {
        actions.shuffle(random);
        let [a, b, c, d, ..] = actions;
        let is_turn = |action| matches!(action, ChallengeAction::TurnLeft | ChallengeAction::TurnRight);
        if [a, b, c, d].into_iter().any(is_turn) {
            return [a, b, c, d];
        }
    }
}

enum Position {
    Near,
    Between,
    Beyond(ChallengeAction),
}

/// Where the head is: the movement that is farthest beyond its threshold, near neutral, or in between.
fn position(angles: Angles, neutral: Angles) -> Position {
    let shares = MOVEMENTS
        .map(|(action, axis, sign)| (sign * (angles[axis] - neutral[axis]) / THRESHOLDS[axis], action));
    let largest = shares.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    match largest {
        Some((share, _)) if share < NEAR => Position::Near,
        Some((share, action)) if share >= 1.0 => Position::Beyond(action),
        _ => Position::Between,
    }
}

/// The mean pose of a head that was held still and straight for long enough, and whether the face was matched
/// meanwhile. Frames that are older than needed are dropped.
fn still(frames: &mut VecDeque<(DateTime<Utc>, Angles, Identity)>) -> Option<(Angles, bool)> {
    let newest = frames.back()?.0;
    while frames.len() > LEARN_FRAMES && newest - frames[1].0 >= LEARN {
        frames.pop_front();
    }
    if frames.len() < LEARN_FRAMES || newest - frames[0].0 < LEARN {
        return None;
    }
    let axis = |axis: usize| frames.iter().map(move |(_, angles, _)| angles[axis]);
    let range = |i: usize| axis(i).fold(f32::MIN, f32::max) - axis(i).fold(f32::MAX, f32::min);
    let mean = [0, 1, 2].map(|i| axis(i).sum::<f32>() / frames.len() as f32);
    // Written so that an angle that is not a number is neither still nor straight.
    let is_still = (0..3).all(|i| range(i) <= STILL && mean[i].abs() <= STRAIGHT[i]);
    let confirmed = frames.iter().any(|(.., identity)| *identity == Identity::Confirmed);
    is_still.then_some((mean, confirmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A challenge with a known sequence and a clock that ticks ten times a second.
    struct Scene {
        challenge: Challenge,
        now: DateTime<Utc>,
    }

    use ChallengeAction::{LookDown, LookStraight, TiltRight, TurnLeft, TurnRight};

    impl Scene {
        fn new() -> Self {
            let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
            let mut challenge = Challenge::issue(&mut rand::rng(), now);
            challenge.actions = [TurnLeft, LookDown, TiltRight, TurnRight];
            Self { challenge, now }
        }

        fn show(&mut self, frames: u32, angles: Angles, identity: Identity) -> Progress {
            for _ in 0..frames {
                self.now += TimeDelta::milliseconds(100);
                let [yaw, pitch, roll] = angles;
                let pose = HeadPose { yaw, pitch, roll, ..HeadPose::default() };
                self.challenge.observe(self.now, Some(&pose), identity);
            }
            self.challenge.progress()
        }

        fn confirmed(&mut self, frames: u32, angles: Angles) -> Progress {
            self.show(frames, angles, Identity::Confirmed)
        }
    }

    const NEUTRAL: Angles = [3.0, 14.0, -4.0];

    fn from_neutral(yaw: f32, pitch: f32, roll: f32) -> Angles {
        [NEUTRAL[0] + yaw, NEUTRAL[1] + pitch, NEUTRAL[2] + roll]
    }

    #[test]
    fn every_sequence_is_of_four_different_movements() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..20_000 {
            let Challenge { actions, .. } = Challenge::issue(&mut rand::rng(), DateTime::UNIX_EPOCH);
            let different: std::collections::HashSet<_> = actions.iter().collect();
            assert_eq!(different.len(), STEPS);
            assert!(!actions.contains(&LookStraight) && !actions.contains(&ChallengeAction::Blink));
            seen.insert(actions);
        }
        assert_eq!(seen.len(), 336, "all but those without a turn");
    }

    #[test]
    fn the_right_movements_from_ones_own_neutral_pass() {
        let mut scene = Scene::new();
        assert_eq!(scene.challenge.view().action, LookStraight);
        scene.confirmed(6, NEUTRAL);
        let moves = [(25.0, 3.0, 2.0), (-5.0, -15.0, 4.0), (8.0, 0.0, -20.0), (-30.0, 6.0, 9.0)];
        for (step, (yaw, pitch, roll)) in (0u8..).zip(moves) {
            let view = scene.challenge.view();
            assert_eq!((view.step, view.of), (step + 1, 4));
            assert_eq!(view.action, scene.challenge.actions[usize::from(step)]);
            scene.show(5, from_neutral(yaw, pitch, roll), Identity::Doubtful);
            assert_eq!(scene.challenge.view().action, LookStraight, "step {step}");
            assert_eq!(scene.challenge.view().step, step + 1);
            scene.confirmed(3, NEUTRAL);
        }
        assert_eq!(scene.challenge.progress(), Progress::Passed);
        // Once only.
        assert_eq!(scene.show(1, NEUTRAL, Identity::Other), Progress::Passed);
    }

    #[test]
    fn a_wrong_movement_fails_it_for_good() {
        for wrong in [(-25.0, 0.0, 0.0), (0.0, 15.0, 0.0), (0.0, -15.0, 0.0), (0.0, 0.0, 18.0)] {
            let mut scene = Scene::new();
            scene.confirmed(6, NEUTRAL);
            let (yaw, pitch, roll) = wrong;
            let failed = Progress::Failed(Failure::WrongMovement);
            assert_eq!(scene.confirmed(3, from_neutral(yaw, pitch, roll)), failed, "{wrong:?}");
            assert_eq!(scene.confirmed(9, from_neutral(25.0, 0.0, 0.0)), failed, "{wrong:?}");
        }
        // On the way back as well.
        let mut scene = Scene::new();
        scene.confirmed(6, NEUTRAL);
        scene.confirmed(3, from_neutral(25.0, 0.0, 0.0));
        assert_eq!(
            scene.confirmed(3, from_neutral(0.0, -15.0, 0.0)),
            Progress::Failed(Failure::WrongMovement)
        );
    }

    #[test]
    fn one_frame_is_no_movement() {
        let mut scene = Scene::new();
        scene.confirmed(6, NEUTRAL);
        for _ in 0..5 {
            scene.confirmed(1, from_neutral(-40.0, 0.0, 0.0));
            scene.confirmed(2, NEUTRAL);
        }
        assert_eq!((scene.challenge.progress(), scene.challenge.done), (Progress::UnderWay, 0));
    }

    #[test]
    fn the_face_must_be_matched_at_neutral() {
        let mut scene = Scene::new();
        assert_eq!(scene.show(70, NEUTRAL, Identity::Doubtful), Progress::Failed(Failure::NotConfirmed));
        let mut scene = Scene::new();
        scene.confirmed(6, NEUTRAL);
        scene.confirmed(3, from_neutral(25.0, 0.0, 0.0));
        assert_eq!(scene.show(70, NEUTRAL, Identity::Doubtful), Progress::Failed(Failure::NotConfirmed));
        let mut scene = Scene::new();
        scene.confirmed(6, NEUTRAL);
        assert_eq!(
            scene.show(1, from_neutral(25.0, 0.0, 0.0), Identity::Other),
            Progress::Failed(Failure::SomebodyElse)
        );
    }

    #[test]
    fn a_restless_a_slow_and_a_lost_face_fail() {
        let mut scene = Scene::new();
        for step in 0..70u8 {
            scene.confirmed(1, from_neutral(if step % 4 < 2 { 9.0 } else { -9.0 }, 0.0, 0.0));
        }
        assert_eq!(scene.challenge.progress(), Progress::Failed(Failure::TooSlow));
        let mut scene = Scene::new();
        assert_eq!(scene.confirmed(80, NEUTRAL), Progress::Failed(Failure::TooSlow));
        let mut scene = Scene::new();
        scene.confirmed(6, NEUTRAL);
        scene.now += TimeDelta::milliseconds(1001);
        assert_eq!(
            scene.challenge.observe(scene.now, None, Identity::Doubtful),
            Progress::Failed(Failure::FaceLost)
        );
        let mut scene = Scene::new();
        scene.now += TIME;
        assert_eq!(scene.confirmed(1, NEUTRAL), Progress::Failed(Failure::Expired));
        assert_eq!(scene.confirmed(50, [f32::NAN; 3]), Progress::Failed(Failure::Expired));
    }
}
