//! How often the challenge is right: honest people against replays, a thousand trials each, seeded.
//!
//! A scripted person follows the prompts with a reaction time, smooth movements (minimum jerk: Flash and Hogan
//! 1985), an amplitude per axis that is their own, movements that spill over into other axes, sway, and the
//! noise of the pose that was measured on clips (at most 0.73° turn, 0.83° nod, 0.50° tilt; here 1°). What a
//! pose says of a mesh that is turned by known angles is the recognizer's test (`pose.rs`).

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use recognizer_types::HeadPose;
use types::ChallengeAction;

use super::{Angles, Challenge, Identity, MOVEMENTS, Progress, THRESHOLDS};

const TRIALS: usize = 1000;
const NOISE: f32 = 1.0;
const FRAME_RATES: [f32; 6] = [5.0, 8.0, 10.0, 15.0, 25.0, 30.0];

/// A frame: seconds from the start, the pose where the face was found, and who it was.
type Sighting = (f32, Option<Angles>, Identity);

fn at(seconds: f32) -> DateTime<Utc> {
    let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    start + TimeDelta::milliseconds((seconds * 1000.0) as i64)
}

fn show(challenge: &mut Challenge, (seconds, angles, identity): Sighting) -> Progress {
    let pose = angles.map(|[yaw, pitch, roll]| HeadPose { yaw, pitch, roll, ..HeadPose::default() });
    challenge.observe(at(seconds), pose.as_ref(), identity)
}

/// Somebody in front of a camera.
struct Person {
    random: StdRng,
    neutral: Angles,
    amplitude: Angles,
    reaction: f32,
    duration: f32,
    /// Share of a movement that goes into other axes.
    spill: f32,
    /// Where the movement under way began and ends, and when it began.
    from: Angles,
    to: Angles,
    began: f32,
}

impl Person {
    fn new(mut random: StdRng) -> Self {
        let neutral = [(-8.0, 8.0), (-8.0, 25.0), (-6.0, 6.0)].map(|(a, b)| random.random_range(a..b));
        let amplitude = [(26.0, 55.0), (16.0, 32.0), (20.0, 38.0)].map(|(a, b)| random.random_range(a..b));
        Self {
            neutral,
            amplitude,
            reaction: random.random_range(0.25..1.0),
            duration: random.random_range(0.35..0.9),
            spill: random.random_range(0.0..0.2),
            from: neutral,
            to: neutral,
            began: 0.0,
            random,
        }
    }

    /// Standard normal (Box and Muller).
    fn normal(&mut self) -> f32 {
        let (a, b): (f32, f32) = (self.random.random_range(1e-6..1.0), self.random.random());
        (-2.0 * a.ln()).sqrt() * (std::f32::consts::TAU * b).cos()
    }

    fn angles(&self, seconds: f32) -> Angles {
        let t = ((seconds - self.began) / self.duration).clamp(0.0, 1.0);
        let share = t * t * t * (10.0 + t * (6.0 * t - 15.0));
        [0, 1, 2].map(|i| self.from[i] + (self.to[i] - self.from[i]) * share)
    }

    /// Begins to follow a prompt after the time to react.
    fn follow(&mut self, action: ChallengeAction, seconds: f32) {
        let began = seconds + self.reaction * self.random.random_range(0.8..1.2);
        self.from = self.angles(began);
        self.began = began;
        let mut to = self.neutral;
        to.iter_mut().for_each(|angle| *angle += self.random.random_range(-2.5..2.5));
        for (_, axis, sign) in MOVEMENTS.iter().filter(|(movement, ..)| *movement == action) {
            let reach = self.amplitude[*axis] * self.random.random_range(0.85..1.15);
            for (i, angle) in to.iter_mut().enumerate() {
                let spill = self.spill * self.random.random_range(-1.0..1.0);
                *angle += reach * if i == *axis { *sign } else { spill };
            }
        }
        self.to = to;
    }

    /// What a frame shows, or nothing where it was dropped.
    fn seen(&mut self, seconds: f32) -> Option<Sighting> {
        if self.random.random_bool(0.03) {
            return None;
        }
        let true_angles = self.angles(seconds);
        let turned =
            (0..3).map(|i| (true_angles[i] - self.neutral[i]).abs() / THRESHOLDS[i]).fold(0.0, f32::max);
        let matched = self.random.random_bool(if turned < 0.5 { 0.9 } else { 0.4 });
        let sway = (seconds * 1.7).sin();
        let angles = true_angles.map(|angle| angle + sway + NOISE * self.normal());
        let found = self.random.random_bool(if turned < 1.0 { 0.99 } else { 0.95 });
        let identity = if matched && found { Identity::Confirmed } else { Identity::Doubtful };
        Some((seconds, found.then_some(angles), identity))
    }
}

/// A person who follows a challenge; answers how it ended and what the camera saw.
fn follow(seed: u64) -> (Challenge, Vec<Sighting>) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut challenge = Challenge::issue(&mut random, at(0.0));
    let rate = *FRAME_RATES.choose(&mut random).expect("rates");
    let mut person = Person::new(random);
    let (mut prompt, mut film, mut seconds) = (ChallengeAction::LookStraight, vec![], 0.0);
    loop {
        seconds += 1.0 / rate;
        let Some(sighting) = person.seen(seconds) else { continue };
        film.push(sighting);
        if show(&mut challenge, sighting) != Progress::UnderWay {
            return (challenge, film);
        }
        let asked = challenge.view().action;
        if asked != prompt {
            prompt = asked;
            person.follow(asked, seconds);
        }
    }
}

/// Whether a film passes a fresh challenge, shown from `offset` on, over and over. The picture is always taken
/// for the person.
fn replay(random: &mut StdRng, film: &[Sighting], offset: usize) -> Progress {
    let mut challenge = Challenge::issue(random, at(0.0));
    let (mut seconds, mut i) = (0.0, offset % film.len());
    loop {
        let next = (i + 1) % film.len();
        seconds += if next == 0 { 0.04 } else { film[next].0 - film[i].0 };
        i = next;
        let outcome = show(&mut challenge, (seconds, film[i].1, Identity::Confirmed));
        if outcome != Progress::UnderWay {
            return outcome;
        }
    }
}

fn passes(trials: impl Iterator<Item = Progress>) -> usize {
    trials.filter(|progress| *progress == Progress::Passed).count()
}

#[test]
fn scripted_honest_people_pass() {
    let outcomes: Vec<Progress> = (0..TRIALS as u64).map(|seed| follow(seed).0.progress()).collect();
    let passed = passes(outcomes.iter().copied());
    eprintln!("scripted honest sequences: {passed} of {TRIALS} pass");
    for failure in outcomes.iter().filter(|outcome| **outcome != Progress::Passed).take(40) {
        eprintln!("  {failure:?}");
    }
    assert!(passed * 100 >= TRIALS * 95, "{passed} of {TRIALS}");
}

#[test]
fn replays_of_passed_challenges_pass_by_chance_alone() {
    let mut random = StdRng::seed_from_u64(1);
    let films = (10_000u64..).map(follow).filter(|(c, _)| c.progress() == Progress::Passed);
    let films: Vec<Vec<Sighting>> = films.take(TRIALS).map(|(_, film)| film).collect();
    let aligned = passes(films.iter().map(|film| replay(&mut random, film, 0)));
    eprintln!("replays of passed challenges, from their start: {aligned} of {TRIALS} pass");
    let looped = passes(films.iter().map(|film| {
        let offset = random.random_range(0..film.len());
        replay(&mut random, film, offset)
    }));
    eprintln!("replays of passed challenges, looped from anywhere: {looped} of {TRIALS} pass");
    assert!(aligned * 100 <= TRIALS && looped * 100 <= TRIALS, "{aligned} and {looped} of {TRIALS}");
}

/// Poses of real people who talk with their hands, as `recognizer evaluate` measures them: CSV files with the
/// columns `seconds,yaw,pitch,roll` in the folder ATTENDANCE_POSES.
#[test]
fn replays_of_real_clips_do_not_pass() {
    let Some(folder) = std::env::var_os("ATTENDANCE_POSES") else {
        eprintln!("skipped: ATTENDANCE_POSES names no folder of pose series (docs/BENCHMARKS.md says how)");
        return;
    };
    let mut films: Vec<Vec<Sighting>> = vec![];
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let text = std::fs::read_to_string(entry.expect("a file").path()).expect("a text");
        let film = text.lines().skip(1).map(|line| {
            let numbers: Vec<f32> = line.split(',').map(|n| n.parse().expect("a number")).collect();
            let [seconds, yaw, pitch, roll] = numbers[..] else { panic!("four columns: {line}") };
            (seconds, Some([yaw, pitch, roll]), Identity::Confirmed)
        });
        films.push(film.collect());
    }
    let mut random = StdRng::seed_from_u64(2);
    let passed = passes((0..TRIALS).map(|trial| {
        let film = &films[trial % films.len()];
        let offset = random.random_range(0..film.len());
        replay(&mut random, film, offset)
    }));
    eprintln!("replays of {} clips of real people: {passed} of {TRIALS} pass", films.len());
    assert!(passed * 100 <= TRIALS, "{passed} of {TRIALS}");
}
