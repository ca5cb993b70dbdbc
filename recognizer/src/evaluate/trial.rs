//! `evaluate --clips`: enrolled from some clips, recognised in others, and every person a stranger once.
//!
//! Each clip runs through the pipeline once, as a stream of ten frames a second in which every face is embedded. Its
//! scores are then decided by the API's rule (`decision`): with everybody enrolled, and with each person left out
//! in turn. Times are of the video, not of this machine.

use std::{
    collections::HashMap,
    fmt::{self, Display},
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use decision::{Evidence, KnownPairs, Rule, Standing, judge_frame};
use gallery::Gallery;
use models::pack::Matching;
use recognizer_types::{DetectedFace, Embedding};
use types::PersonId;
use uuid::Uuid;

use super::clips::{self, Clip, FRAMES_PER_SECOND, Use};
use crate::{
    config::Models,
    decode::read_header,
    pipeline::{Options, Pipeline, Tracking},
    startup,
    tracker::Stream,
};

/// Templates of each person; so many photos does the enrolment form ask for.
const TEMPLATES: usize = 3;
/// Agreeing frames; a feed's default.
const MIN_FRAMES: usize = 3;
/// People a face is weighed against, as in the API.
const CANDIDATES: usize = 8;

/// A face of a frame.
struct Sighting {
    track: String,
    embedding: Embedding,
    /// Whether the picture is good enough to be judged without more ado.
    good: bool,
}

/// A clip that was seen.
struct Seen<'a> {
    clip: &'a Clip,
    frames: Vec<Vec<Sighting>>,
}

/// What one clip came to with one set of people enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// File name.
    pub clip: String,
    /// Who is in it.
    pub person: usize,
    /// The person who was not enrolled, if one was left out.
    pub left_out: Option<usize>,
    /// Whether it was enrolled from.
    pub used: Use,
    /// Everybody who was named, in turn, each with the number of the first frame.
    pub named: Vec<(usize, usize)>,
    /// Best score of its person's templates, and of anybody else's, over the frames.
    pub best: [f32; 2],
}

/// What the clips came to.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipReport {
    /// Id of the pack.
    pub pack: String,
    /// The rule.
    pub rule: Rule,
    /// Names.
    pub people: Vec<String>,
    /// Frames without any face, by clip, in order.
    pub frames: Vec<(String, usize, usize)>,
    /// Of every clip with everybody enrolled, then with each left out.
    pub outcomes: Vec<Outcome>,
}

/// Measures the first pack of `models` on the clips in `folder`; the rule is the pack's.
///
/// # Errors
/// When the labels, a clip or the pack cannot be read, or an enrolment clip shows no usable face.
pub fn evaluate_clips(models: &Models, folder: &Path) -> anyhow::Result<ClipReport> {
    let labels = clips::read_labels(folder)?;
    let pack = startup::open_pack(models)?;
    let environment = startup::open_runtime(&models.ort)?;
    let mut pipeline = Pipeline::load(&environment, &pack)?;
    let matching = &pack.pack.matching;
    let mut templates: Vec<Vec<Vec<f32>>> = vec![vec![]; labels.people.len()];
    let mut seen = vec![];
    for clip in &labels.clips {
        let frames = clips::frames(&folder.join(&clip.name))?;
        let faces = watch(&mut pipeline, &frames, matching).with_context(|| clip.name.clone())?;
        if clip.used == Use::Enrol {
            let found = enrolment(&faces);
            if found.is_empty() {
                bail!("{}: no frame with exactly one face that is good enough to enrol", clip.name);
            }
            templates[clip.person].extend(found);
        }
        let sighting = |face: DetectedFace| {
            Some(Sighting { track: face.track?, embedding: face.embedding?, good: face.quality.ok })
        };
        let frames = faces.into_iter().map(|frame| frame.into_iter().filter_map(sighting).collect());
        seen.push(Seen { clip, frames: frames.collect() });
    }
    let rule = Rule { threshold: matching.threshold, margin: matching.margin, min_frames: MIN_FRAMES };
    let mut outcomes = vec![];
    for left_out in std::iter::once(None).chain((0..labels.people.len()).map(Some)) {
        for clip in &seen {
            outcomes.push(decide(clip, &templates, left_out, &rule)?);
        }
    }
    let empty = |frames: &[Vec<Sighting>]| frames.iter().filter(|faces| faces.is_empty()).count();
    let frames = seen.iter().map(|s| (s.clip.name.clone(), s.frames.len(), empty(&s.frames))).collect();
    Ok(ClipReport { pack: pack.pack.id(), rule, people: labels.people.clone(), frames, outcomes })
}

/// The faces of every frame, followed as a stream.
fn watch(
    pipeline: &mut Pipeline,
    frames: &[Vec<u8>],
    matching: &Matching,
) -> anyhow::Result<Vec<Vec<DetectedFace>>> {
    let start = Instant::now();
    let mut stream = Stream::new(0, matching.same_track, start);
    let mut seen = Vec::with_capacity(frames.len());
    for (i, frame) in frames.iter().enumerate() {
        let now = start + Duration::from_secs(1) * i as u32 / FRAMES_PER_SECOND;
        let tracking = Tracking { stream: &mut stream, settled: &[], now };
        let answer = pipeline.analyse(frame, read_header(frame)?, Options::default(), Some(tracking))?;
        seen.push(answer.faces);
    }
    Ok(seen)
}

/// Templates from the frames that show one good face: the clip is cut into [`TEMPLATES`] parts, and of each the frame
/// counts whose embedding is nearest the part's mean, which passes over a blink or a blur that went unnoticed.
fn enrolment(frames: &[Vec<DetectedFace>]) -> Vec<Vec<f32>> {
    let good: Vec<&[f32]> = frames
        .iter()
        .filter_map(|faces| match &faces[..] {
            [face] if face.quality.ok => face.embedding.as_ref().map(|embedding| &embedding.0[..]),
            _ => None,
        })
        .collect();
    let parts = good.chunks(good.len().div_ceil(TEMPLATES).max(1));
    parts.filter_map(|part| typical(part).map(<[f32]>::to_vec)).collect()
}

/// The embedding nearest the mean of all.
fn typical<'a>(embeddings: &[&'a [f32]]) -> Option<&'a [f32]> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    // The sum of the scores against all is the score against the mean, but for its length.
    let central = |embedding: &[f32]| embeddings.iter().map(|other| dot(embedding, other)).sum::<f32>();
    embeddings.iter().copied().max_by(|a, b| central(a).total_cmp(&central(b)))
}

fn id(person: usize) -> PersonId {
    PersonId(Uuid::from_u128(person as u128))
}

fn decide(
    seen: &Seen,
    templates: &[Vec<Vec<f32>>],
    left_out: Option<usize>,
    rule: &Rule,
) -> anyhow::Result<Outcome> {
    let length = templates.iter().flatten().next().map_or(0, Vec::len);
    let mut gallery = Gallery::new(length);
    for (person, templates) in templates.iter().enumerate() {
        if Some(person) != left_out {
            gallery.set(id(person), templates)?;
        }
    }
    let own = id(seen.clip.person);
    let mut tracks: HashMap<&str, Evidence> = HashMap::new();
    let (mut named, mut best): (Vec<(usize, usize)>, _) = (vec![], [-1.0f32; 2]);
    for (number, faces) in seen.frames.iter().enumerate() {
        let mut candidates = vec![];
        for face in faces {
            let found = gallery.search(&face.embedding.0, CANDIDATES)?;
            for candidate in &found {
                let kind = &mut best[usize::from(candidate.person != own)];
                *kind = kind.max(candidate.score);
            }
            candidates.push(found);
        }
        let verdicts = judge_frame(&candidates, rule, &KnownPairs::default(), &[]);
        for (face, verdict) in faces.iter().zip(verdicts) {
            let verdict = if face.good { verdict } else { verdict.of_poor_picture(rule) };
            let evidence = tracks.entry(&face.track).or_default();
            evidence.observe(verdict, rule);
            let Standing::Known(found) = evidence.standing(rule) else { continue };
            let person = found.person.0.as_u128() as usize;
            if !named.iter().any(|(other, _)| *other == person) {
                named.push((person, number));
            }
        }
    }
    let Clip { name, person, used } = seen.clip;
    Ok(Outcome { clip: name.clone(), person: *person, left_out, used: *used, named, best })
}

impl Outcome {
    /// Somebody was named who is not in the clip.
    pub fn is_false_accept(&self) -> bool {
        self.named.iter().any(|(person, _)| *person != self.person)
    }

    /// The person in the clip is enrolled and was not named.
    pub fn is_false_reject(&self) -> bool {
        self.left_out != Some(self.person) && self.time_to_name().is_none()
    }

    /// Seconds of video until the clip's person was named.
    pub fn time_to_name(&self) -> Option<f64> {
        let (_, frame) = self.named.iter().find(|(person, _)| *person == self.person)?;
        Some(*frame as f64 / f64::from(FRAMES_PER_SECOND))
    }
}

impl ClipReport {
    /// The clips to recognise somebody in, with everybody enrolled.
    pub fn recognised(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.left_out.is_none() && outcome.used == Use::Recognise)
    }

    /// Every clip with each person left out in turn.
    pub fn with_one_left_out(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.left_out.is_some())
    }

    /// Writes `clips.txt` into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let path = folder.join("clips.txt");
        fs::write(&path, self.to_string()).with_context(|| format!("cannot write {}", path.display()))
    }

    fn write_false_accepts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.outcomes.iter().filter(|outcome| outcome.is_false_accept());
        for Outcome { clip, person, left_out, named, .. } in wrong {
            let enrolled = left_out.map_or("everybody enrolled".to_owned(), |person| {
                format!("{} not enrolled", self.people[person])
            });
            let names = named.iter().filter(|(other, _)| other != person);
            let names: Vec<&str> = names.map(|(other, _)| self.people[*other].as_str()).collect();
            writeln!(f, "  {clip} ({}, {enrolled}): named {}", self.people[*person], names.join(", "))?;
        }
        Ok(())
    }
}

impl Display for ClipReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { threshold, margin, min_frames } = self.rule;
        writeln!(f, "pack                  {}", self.pack)?;
        writeln!(
            f,
            "rule                  threshold {threshold:.3}, margin {margin:.3}, {min_frames} frames of {}",
            2 * min_frames - 1
        )?;
        for (clip, frames, empty) in &self.frames {
            writeln!(f, "frames                {clip}: {frames}, {empty} without a face")?;
        }
        let count = |outcomes: &mut dyn Iterator<Item = &Outcome>, wrong: fn(&Outcome) -> bool| {
            let (mut all, mut bad) = (0, 0);
            outcomes.for_each(|outcome| (all, bad) = (all + 1, bad + usize::from(wrong(outcome))));
            format!("{bad} of {all}")
        };
        writeln!(
            f,
            "all enrolled          false rejects {}, false accepts {} clips to recognise",
            count(&mut self.recognised(), Outcome::is_false_reject),
            count(&mut self.recognised(), Outcome::is_false_accept)
        )?;
        for outcome in self.recognised() {
            let time = outcome.time_to_name().map_or("never".to_owned(), |s| format!("after {s:.1} s"));
            let [own, other] = outcome.best;
            writeln!(
                f,
                "  {} ({}): named {time}; best score {own:.3}, another's {other:.3}",
                outcome.clip, self.people[outcome.person]
            )?;
        }
        writeln!(
            f,
            "each left out once    false rejects {}, false accepts {} (clip, person left out)",
            count(&mut self.with_one_left_out(), Outcome::is_false_reject),
            count(&mut self.with_one_left_out(), Outcome::is_false_accept)
        )?;
        self.write_false_accepts(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { threshold: 0.9, margin: 0.05, min_frames: MIN_FRAMES };

    fn direction(person: usize) -> Vec<f32> {
        let mut numbers = vec![0.0; 4];
        numbers[person] = 1.0;
        numbers
    }

    /// A clip of person 0 whose frames show these people on one track.
    fn outcome(people: &[usize], left_out: Option<usize>) -> Outcome {
        let clip = Clip { name: "a.mkv".into(), person: 0, used: Use::Recognise };
        let frame = |&person: &usize| {
            vec![Sighting { track: "t".into(), embedding: Embedding(direction(person)), good: true }]
        };
        let seen = Seen { clip: &clip, frames: people.iter().map(frame).collect() };
        let templates: Vec<Vec<Vec<f32>>> = (0..3).map(|person| vec![direction(person)]).collect();
        decide(&seen, &templates, left_out, &RULE).expect("one length")
    }

    #[test]
    fn a_person_is_named_at_the_third_agreeing_frame() {
        let outcome = outcome(&[3, 0, 0, 0, 0], None);
        assert_eq!(outcome.time_to_name(), Some(0.3), "the first frame looks like nobody");
        assert!(!outcome.is_false_reject() && !outcome.is_false_accept());
    }

    #[test]
    fn a_stranger_is_neither_named_nor_missed() {
        let outcome = outcome(&[0; 5], Some(0));
        assert_eq!(outcome.named, []);
        assert!(!outcome.is_false_reject() && !outcome.is_false_accept());
    }

    #[test]
    fn errors_are_told() {
        assert!(outcome(&[3; 5], None).is_false_reject());
        let wrong = outcome(&[2; 5], Some(1));
        assert!(wrong.is_false_accept() && wrong.is_false_reject());
        let report = ClipReport {
            pack: "p".into(),
            rule: RULE,
            people: vec!["ann".into(), "bo".into(), "cy".into()],
            frames: vec![],
            outcomes: vec![wrong],
        };
        let text = report.to_string();
        assert!(text.contains("a.mkv (ann, bo not enrolled): named cy"), "{text}");
    }

    #[test]
    fn the_typical_embedding_is_the_central_one() {
        let (x, y, between) = ([1.0, 0.0], [0.0, 1.0], [0.8, 0.6]);
        assert_eq!(typical(&[&x, &between, &y]), Some(&between[..]));
        assert_eq!(typical(&[]), None);
    }
}
