//! The same face over the frames of a stream.
//!
//! A face belongs to the track whose last box it overlaps most, and, whenever it is embedded, only if the
//! embedding is still that track's. A track that the caller calls settled is not embedded while its box is
//! followed without doubt, but at least once a second, so that a face which takes another's place within a
//! frame gets a track of its own. Track ids are never used again: they carry a number that is random per stream
//! and process.

use std::time::{Duration, Instant};

use recognizer_types::Embedding;
use types::{BoundingBox, Landmarks, Quality};

use crate::{align::Similarity, liveness::evidence::Evidence};

/// A stream that is silent this long has ended.
pub const STREAM_SILENCE: Duration = Duration::from_secs(10);
/// A face that is out of sight this long comes back as a new track.
pub const TRACK_SILENCE: Duration = Duration::from_secs(2);
/// A settled face is embedded at least this often.
pub const VERIFY_EVERY: Duration = Duration::from_secs(1);
/// Least overlap (intersection over union) between a face's boxes in successive frames. At 15 frames a second
/// a face that walks past moves by less than half its width.
pub const MIN_OVERLAP: f32 = 0.3;
/// Overlap at which a box is followed without doubt.
pub const STRONG_OVERLAP: f32 = 0.5;
/// Share of the newest embedding in a track's running mean.
const NEWEST_SHARE: f32 = 0.3;

/// The tracks of one stream.
#[derive(Debug)]
pub struct Stream {
    epoch: u64,
    next: u64,
    tracks: Vec<Track>,
    last_frame: Instant,
    /// Least cosine between embeddings of one track.
    same_face: f32,
}

#[derive(Debug)]
struct Track {
    number: u64,
    bounds: BoundingBox,
    /// Running mean of the embeddings, of unit length; None until the first.
    reference: Option<Embedding>,
    seen: Instant,
    verified: Instant,
    /// The last full look at the face.
    look: Option<Look>,
    /// What its frames say of its liveness, where that was asked for.
    evidence: Evidence,
}

/// What a full look at a face told that is not asked again while the face is followed without doubt.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Where the detector saw the five points.
    pub detected: Landmarks,
    /// Where they were, more exactly.
    pub landmarks: Landmarks,
    /// How good the face was.
    pub quality: Quality,
}

impl Look {
    /// The exact points as they have moved with those that the detector sees; None when these have no extent.
    pub fn landmarks_at(&self, detected: &Landmarks) -> Option<Landmarks> {
        let moved = Similarity::estimate(&self.detected, detected)?;
        Some(self.landmarks.map(|point| moved.apply(point)))
    }
}

/// What is to be done with a face, before it is embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The track that its box belongs to.
    track: Option<u64>,
    /// Whether it has to be embedded.
    pub embed: bool,
}

impl Stream {
    /// A stream without tracks; `same_face` is the least cosine between embeddings of one track.
    pub fn new(epoch: u64, same_face: f32, now: Instant) -> Self {
        Self { epoch, next: 1, tracks: vec![], last_frame: now, same_face }
    }

    /// What the frames of a track say of its liveness; None when there is no such track.
    pub fn evidence(&mut self, id: &str) -> Option<&mut Evidence> {
        let epoch = self.epoch;
        let is_it = |track: &&mut Track| id == track_id(epoch, track.number);
        self.tracks.iter_mut().find(is_it).map(|track| &mut track.evidence)
    }

    /// Whether the stream has ended by silence.
    pub fn has_ended(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_frame) > STREAM_SILENCE
    }

    /// Lays the frame's boxes on the tracks, the closest pair first. `settled` are the ids that the caller
    /// calls settled; ids that are not this stream's are ignored.
    pub fn plan(&mut self, boxes: &[BoundingBox], settled: &[String], now: Instant) -> Vec<Plan> {
        self.last_frame = now;
        self.tracks.retain(|track| now.saturating_duration_since(track.seen) <= TRACK_SILENCE);
        let mut pairs: Vec<(f32, usize, usize)> = vec![];
        for (face, bounds) in boxes.iter().enumerate() {
            for (index, track) in self.tracks.iter().enumerate() {
                let overlap = bounds.iou(&track.bounds);
                if overlap >= MIN_OVERLAP {
                    pairs.push((overlap, face, index));
                }
            }
        }
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut plans = vec![Plan { track: None, embed: true }; boxes.len()];
        let mut taken = vec![false; self.tracks.len()];
        for &(overlap, face, index) in &pairs {
            if plans[face].track.is_some() || taken[index] {
                continue;
            }
            taken[index] = true;
            let track = &self.tracks[index];
            // Two faces near one track, or two tracks near one face: their boxes may have been exchanged.
            let rivals = pairs.iter().filter(|pair| pair.1 == face || pair.2 == index).count();
            let certain = overlap >= STRONG_OVERLAP && rivals == 1 && track.reference.is_some();
            let fresh = now.saturating_duration_since(track.verified) < VERIFY_EVERY;
            let is_settled = settled.iter().any(|id| *id == self.id(track.number));
            plans[face] = Plan { track: Some(track.number), embed: !(is_settled && certain && fresh) };
        }
        plans
    }

    /// Writes the frame into the tracks and answers each face's track id, in the order of `boxes`. A face that
    /// was planned to be embedded and could not be is followed by its box alone.
    pub fn follow(
        &mut self,
        boxes: &[BoundingBox],
        plans: &[Plan],
        embeddings: &[Option<&Embedding>],
        now: Instant,
    ) -> Vec<String> {
        let mut chosen: Vec<Option<u64>> = vec![None; boxes.len()];
        for (face, plan) in plans.iter().enumerate() {
            let track = plan.track.and_then(|number| self.tracks.iter().find(|t| t.number == number));
            chosen[face] = track.filter(|track| self.fits(track, embeddings[face])).map(|track| track.number);
        }
        // Faces without a track may be those whose track jumped, or two that changed places.
        for face in 0..boxes.len() {
            if chosen[face].is_none() {
                chosen[face] = embeddings[face].and_then(|found| self.recall(found, &chosen));
            }
        }
        let mut ids = Vec::with_capacity(boxes.len());
        for (face, number) in chosen.into_iter().enumerate() {
            let number = number.unwrap_or_else(|| self.open(now));
            self.write(number, boxes[face], embeddings[face], now);
            ids.push(self.id(number));
        }
        ids
    }

    /// The last full look at the face that `plan` is for.
    pub fn look(&self, plan: &Plan) -> Option<&Look> {
        self.tracks.iter().find(|track| Some(track.number) == plan.track)?.look.as_ref()
    }

    /// Keeps a full look at the face with this track id.
    pub fn keep_look(&mut self, id: &str, look: Look) {
        let epoch = self.epoch;
        let is_it = |track: &&mut Track| id == track_id(epoch, track.number);
        if let Some(track) = self.tracks.iter_mut().find(is_it) {
            track.look = Some(look);
        }
    }

    fn id(&self, number: u64) -> String {
        track_id(self.epoch, number)
    }

    fn fits(&self, track: &Track, embedding: Option<&Embedding>) -> bool {
        match (&track.reference, embedding) {
            (Some(reference), Some(embedding)) => cosine(reference, embedding) >= self.same_face,
            _ => true,
        }
    }

    /// The most similar track that no face of this frame has.
    fn recall(&self, embedding: &Embedding, chosen: &[Option<u64>]) -> Option<u64> {
        let free = self.tracks.iter().filter(|track| !chosen.contains(&Some(track.number)));
        let similar = free.filter_map(|track| {
            let similarity = cosine(track.reference.as_ref()?, embedding);
            (similarity >= self.same_face).then_some((similarity, track.number))
        });
        similar.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, number)| number)
    }

    fn open(&mut self, now: Instant) -> u64 {
        let number = self.next;
        self.next += 1;
        let bounds = BoundingBox { x: 0.0, y: 0.0, width: 0.0, height: 0.0 };
        self.tracks.push(Track {
            number,
            bounds,
            reference: None,
            seen: now,
            verified: now,
            look: None,
            evidence: Evidence::default(),
        });
        number
    }

    fn write(&mut self, number: u64, bounds: BoundingBox, embedding: Option<&Embedding>, now: Instant) {
        let Some(track) = self.tracks.iter_mut().find(|track| track.number == number) else { return };
        track.bounds = bounds;
        track.seen = now;
        if let Some(embedding) = embedding {
            track.verified = now;
            track.reference = Some(match track.reference.take() {
                Some(reference) => blend(reference, embedding),
                None => embedding.clone(),
            });
        }
    }
}

fn track_id(epoch: u64, number: u64) -> String {
    format!("{epoch:016x}-{number}")
}

fn cosine(a: &Embedding, b: &Embedding) -> f32 {
    a.0.iter().zip(&b.0).map(|(a, b)| a * b).sum()
}

fn blend(mut reference: Embedding, newest: &Embedding) -> Embedding {
    for (old, new) in reference.0.iter_mut().zip(&newest.0) {
        *old += (new - *old) * NEWEST_SHARE;
    }
    let length = cosine(&reference, &reference).sqrt().max(f32::MIN_POSITIVE);
    reference.0.iter_mut().for_each(|number| *number /= length);
    reference
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAME_FACE: f32 = 0.9;

    fn at(x: f32) -> BoundingBox {
        BoundingBox { x, y: 50.0, width: 100.0, height: 100.0 }
    }

    /// An embedding in the direction of `person`; different people's are at right angles.
    fn of(person: usize) -> Embedding {
        let mut numbers = vec![0.0; 8];
        numbers[person] = 1.0;
        Embedding(numbers)
    }

    struct Scene {
        stream: Stream,
        start: Instant,
    }

    impl Scene {
        fn new() -> Self {
            let start = Instant::now();
            Self { stream: Stream::new(7, SAME_FACE, start), start }
        }

        /// Shows faces (position, person) at a time; answers the ids and who was embedded.
        fn show(&mut self, ms: u64, faces: &[(f32, usize)], settled: &[String]) -> (Vec<String>, Vec<bool>) {
            let now = self.start + Duration::from_millis(ms);
            let boxes: Vec<BoundingBox> = faces.iter().map(|face| at(face.0)).collect();
            let plans = self.stream.plan(&boxes, settled, now);
            let people: Vec<Embedding> = faces.iter().map(|face| of(face.1)).collect();
            let embeddings: Vec<Option<&Embedding>> =
                plans.iter().zip(&people).map(|(plan, person)| plan.embed.then_some(person)).collect();
            let ids = self.stream.follow(&boxes, &plans, &embeddings, now);
            (ids, plans.iter().map(|plan| plan.embed).collect())
        }
    }

    #[test]
    fn a_face_that_moves_keeps_its_track() {
        let mut scene = Scene::new();
        let (first, _) = scene.show(0, &[(0.0, 1)], &[]);
        for step in 1..20u8 {
            let (ids, embedded) = scene.show(u64::from(step) * 66, &[(f32::from(step) * 20.0, 1)], &[]);
            assert_eq!((ids, embedded), (first.clone(), vec![true]));
        }
    }

    #[test]
    fn a_settled_face_is_embedded_once_a_second() {
        let mut scene = Scene::new();
        let (settled, _) = scene.show(0, &[(0.0, 1)], &[]);
        let times: Vec<u64> = (1..=30)
            .map(|step| step * 100)
            .filter(|&ms| scene.show(ms, &[(0.0, 1)], &settled).1[0])
            .collect();
        assert_eq!(times, [1000, 2000, 3000]);
    }

    #[test]
    fn a_face_that_takes_anothers_place_gets_a_track_of_its_own_within_a_second() {
        let mut scene = Scene::new();
        let (first, _) = scene.show(0, &[(0.0, 1)], &[]);
        let ids: Vec<String> =
            (1..=11).map(|step| scene.show(step * 100, &[(0.0, 2)], &first).0.remove(0)).collect();
        assert_ne!(ids[10], first[0], "the swap was never seen");
    }

    #[test]
    fn a_face_that_jumps_is_recalled_by_its_embedding() {
        let mut scene = Scene::new();
        let (first, _) = scene.show(0, &[(0.0, 1)], &[]);
        let (ids, embedded) = scene.show(100, &[(900.0, 1)], &first);
        assert_eq!((ids, embedded), (first, vec![true]));
    }

    #[test]
    fn two_faces_that_change_places_keep_their_tracks() {
        let mut scene = Scene::new();
        let (ids, _) = scene.show(0, &[(0.0, 1), (45.0, 2)], &[]);
        let (swapped, embedded) = scene.show(66, &[(0.0, 2), (45.0, 1)], &ids);
        assert_eq!(embedded, [true, true], "boxes near each other are not trusted");
        assert_eq!(swapped, [ids[1].clone(), ids[0].clone()]);
    }

    #[test]
    fn unknown_and_foreign_ids_are_ignored() {
        let mut scene = Scene::new();
        scene.show(0, &[(0.0, 1)], &[]);
        let foreign = ["0000000000000008-1".to_owned(), "nonsense".to_owned(), String::new()];
        assert_eq!(scene.show(66, &[(0.0, 1)], &foreign).1, [true]);
    }

    #[test]
    fn ids_are_not_used_again() {
        let mut scene = Scene::new();
        let (first, _) = scene.show(0, &[(0.0, 1)], &[]);
        let (later, _) = scene.show(5_000, &[(0.0, 1)], &first);
        assert_ne!(first, later, "out of sight for longer than a track lives");
        assert_eq!(first[0].split_once('-').map(|(epoch, _)| epoch), Some("0000000000000007"));
    }

    #[test]
    fn a_look_is_kept_and_moves_with_the_face() {
        let mut scene = Scene::new();
        let (ids, _) = scene.show(0, &[(0.0, 1)], &[]);
        let detected = [[30.0, 90.0], [70.0, 90.0], [50.0, 110.0], [50.0, 130.0], [50.0, 130.0]];
        let landmarks = [[31.0, 91.0], [69.0, 91.0], [50.0, 108.0], [38.0, 128.0], [62.0, 128.0]];
        scene.stream.keep_look(&ids[0], Look { detected, landmarks, quality: Quality::default() });
        let now = scene.start + Duration::from_millis(66);
        let plans = scene.stream.plan(&[at(10.0), at(600.0)], &ids, now);
        assert!(!plans[0].embed && scene.stream.look(&plans[1]).is_none());
        let look = scene.stream.look(&plans[0]).expect("kept");
        // Twice as large and ten to the right.
        let seen = detected.map(|[x, y]| [2.0 * x + 10.0, 2.0 * y]);
        for (got, [x, y]) in look.landmarks_at(&seen).expect("points").iter().zip(landmarks) {
            assert!((got[0] - (2.0 * x + 10.0)).abs() < 1e-3 && (got[1] - 2.0 * y).abs() < 1e-3, "{got:?}");
        }
        assert_eq!(look.landmarks_at(&[[5.0; 2]; 5]), None, "points without extent");
    }

    #[test]
    fn silence_ends_a_stream() {
        let scene = Scene::new();
        assert!(!scene.stream.has_ended(scene.start + STREAM_SILENCE));
        assert!(scene.stream.has_ended(scene.start + STREAM_SILENCE + Duration::from_millis(1)));
    }

    proptest! {
        /// Whatever happens, the faces of one frame have different tracks, and a face that is not embedded was
        /// called settled.
        #[test]
        fn tracks_are_distinct_within_a_frame(
            frames in prop::collection::vec(
                (1u64..1500, prop::collection::vec((0.0f32..300.0, 0usize..6), 0..5)), 1..12),
        ) {
            let mut scene = Scene::new();
            let mut time = 0;
            let mut settled: Vec<String> = vec![];
            for (wait, faces) in frames {
                time += wait;
                let (ids, embedded) = scene.show(time, &faces, &settled);
                let distinct: std::collections::HashSet<_> = ids.iter().collect();
                prop_assert_eq!(distinct.len(), ids.len());
                for (id, embedded) in ids.iter().zip(embedded) {
                    prop_assert!(embedded || settled.contains(id));
                }
                settled = ids;
            }
        }
    }
}
