//! The decision rule: from comparison scores to "this is that person", pure.
//!
//! Each frame gives each face a [`Verdict`]; a person goes to one face of a frame at most. A track is settled
//! when enough of its last frames agree on one person and none names another. Everything between "sure" and
//! "nobody" is *uncertain* and logs nothing.

use std::collections::{HashSet, VecDeque};

use gallery::Candidate;
use types::PersonId;

/// What a feed demands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Least comparison score (cosine).
    pub threshold: f32,
    /// Least distance to the second-best person (cosine).
    pub margin: f32,
    /// Agreeing frames.
    pub min_frames: usize,
}

/// Pairs of people that an admin enrolled knowingly although they look alike.
#[derive(Debug, Clone, Default)]
pub struct KnownPairs(HashSet<(PersonId, PersonId)>);

impl KnownPairs {
    /// Adds a pair, in either order.
    pub fn insert(&mut self, one: PersonId, other: PersonId) {
        self.0.insert(if one < other { (one, other) } else { (other, one) });
    }

    /// Forgets the pairs of a person.
    pub fn remove(&mut self, person: PersonId) {
        self.0.retain(|(a, b)| *a != person && *b != person);
    }

    fn contains(&self, one: PersonId, other: PersonId) -> bool {
        self.0.contains(&if one < other { (one, other) } else { (other, one) })
    }
}

/// A person found in a frame, with what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Who.
    pub person: PersonId,
    /// Comparison score.
    pub similarity: f32,
    /// Distance to the second-best person that was weighed against this one; none where there was none.
    pub margin: Option<f32>,
    /// The best other person, also one of a known pair.
    pub runner_up: Option<Candidate<PersonId>>,
}

/// What one frame says of one face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// This person.
    Match(Match),
    /// Near somebody, but not near enough or too near somebody else.
    Doubt,
    /// Nobody enrolled.
    Stranger,
}

impl Verdict {
    /// The same verdict on a face in a picture that is not good enough: it has to be surer by a margin to name
    /// somebody. Such a picture fits many a face a little.
    pub fn of_poor_picture(self, rule: &Rule) -> Self {
        match self {
            Self::Match(found) if found.similarity < rule.threshold + rule.margin => Self::Doubt,
            verdict => verdict,
        }
    }
}

/// Judges one face. `taken` are people that other faces of this frame already are.
pub fn judge(
    candidates: &[Candidate<PersonId>],
    rule: &Rule,
    pairs: &KnownPairs,
    taken: &[PersonId],
) -> Verdict {
    // Less than a margin below the threshold is no proof of a stranger either: the margin is how far scores of
    // this pack stray.
    let near = candidates.iter().any(|c| c.score >= rule.threshold - rule.margin);
    let otherwise = if near { Verdict::Doubt } else { Verdict::Stranger };
    let Some(best) = candidates.iter().find(|c| !taken.contains(&c.person)) else { return otherwise };
    if best.score < rule.threshold {
        return otherwise;
    }
    let others = || candidates.iter().filter(|c| c.person != best.person);
    let weighed = others().find(|other| !pairs.contains(best.person, other.person));
    let margin = weighed.map(|other| best.score - other.score);
    if margin.is_some_and(|margin| margin < rule.margin) {
        return Verdict::Doubt;
    }
    Verdict::Match(Match {
        person: best.person,
        similarity: best.score,
        margin,
        runner_up: others().next().copied(),
    })
}

/// Judges all faces of a frame so that no person goes to two of them: the better score wins. `faces` holds the
/// candidates of each face, best first; `taken` the people of faces that are settled.
pub fn judge_frame(
    faces: &[Vec<Candidate<PersonId>>],
    rule: &Rule,
    pairs: &KnownPairs,
    taken: &[PersonId],
) -> Vec<Verdict> {
    let mut taken = taken.to_vec();
    let mut open: Vec<usize> = (0..faces.len()).collect();
    let mut verdicts = vec![Verdict::Stranger; faces.len()];
    loop {
        for &face in &open {
            verdicts[face] = judge(&faces[face], rule, pairs, &taken);
        }
        let similarity = |face: usize| match verdicts[face] {
            Verdict::Match(found) => Some(found.similarity),
            _ => None,
        };
        let winner = open
            .iter()
            .copied()
            .filter(|&face| similarity(face).is_some())
            .max_by(|&a, &b| similarity(a).unwrap_or(-1.0).total_cmp(&similarity(b).unwrap_or(-1.0)));
        let Some(winner) = winner else { return verdicts };
        if let Verdict::Match(found) = verdicts[winner] {
            taken.push(found.person);
        }
        open.retain(|&face| face != winner);
    }
}

/// Where a track stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// Settled on a person.
    Known(Match),
    /// Not settled.
    Uncertain,
    /// Settled on nobody.
    Unknown,
}

/// The evidence of one track, over its last frames.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    recent: VecDeque<Verdict>,
    decision: Option<Match>,
}

impl Evidence {
    /// Takes in what one more frame says.
    ///
    /// A track is settled when `min_frames` of its last `2 × min_frames − 1` frames name one person and none
    /// names another; so a stranger who is mistaken now and then over a long stay never adds up to a match.
    /// It is unsettled by one frame that names somebody else, or when `min_frames` pass without its person.
    pub fn observe(&mut self, verdict: Verdict, rule: &Rule) {
        let window = 2 * rule.min_frames.max(1) - 1;
        self.recent.push_back(verdict);
        while self.recent.len() > window {
            self.recent.pop_front();
        }
        if let Some(decided) = self.decision {
            let other = matches!(verdict, Verdict::Match(found) if found.person != decided.person);
            let missing = self.recent.len() >= rule.min_frames
                && !self.last(rule.min_frames).any(|v| names(v, decided.person));
            if other || missing {
                self.decision = None;
                self.recent.clear();
                self.recent.push_back(verdict);
            }
        }
        if self.decision.is_none() {
            self.decision = self.agreed(rule);
        }
    }

    /// Where the track stands.
    pub fn standing(&self, rule: &Rule) -> Standing {
        let strangers = self.last(rule.min_frames).filter(|v| matches!(v, Verdict::Stranger)).count();
        match self.decision {
            Some(decided) => Standing::Known(decided),
            None if strangers >= rule.min_frames => Standing::Unknown,
            None => Standing::Uncertain,
        }
    }

    /// The person that the track is settled on.
    pub fn person(&self) -> Option<PersonId> {
        self.decision.map(|decided| decided.person)
    }

    fn last(&self, count: usize) -> impl Iterator<Item = &Verdict> {
        self.recent.iter().rev().take(count)
    }

    /// The best sighting of the one person that the recent frames agree on.
    fn agreed(&self, rule: &Rule) -> Option<Match> {
        let matches: Vec<Match> = self
            .recent
            .iter()
            .filter_map(|verdict| match verdict {
                Verdict::Match(found) => Some(*found),
                _ => None,
            })
            .collect();
        let first = matches.first()?;
        let agree = matches.len() >= rule.min_frames && matches.iter().all(|m| m.person == first.person);
        agree.then(|| matches.iter().copied().max_by(|a, b| a.similarity.total_cmp(&b.similarity)))?
    }
}

fn names(verdict: &Verdict, person: PersonId) -> bool {
    matches!(verdict, Verdict::Match(found) if found.person == person)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: Rule = Rule { threshold: 0.5, margin: 0.1, min_frames: 3 };

    fn person(n: u128) -> PersonId {
        PersonId(uuid::Uuid::from_u128(n))
    }

    fn scores(list: &[(u128, f32)]) -> Vec<Candidate<PersonId>> {
        list.iter().map(|&(n, score)| Candidate { person: person(n), score }).collect()
    }

    fn verdict(list: &[(u128, f32)]) -> Verdict {
        judge(&scores(list), &RULE, &KnownPairs::default(), &[])
    }

    fn who(verdict: Verdict) -> Option<PersonId> {
        match verdict {
            Verdict::Match(found) => Some(found.person),
            _ => None,
        }
    }

    #[test]
    fn one_frame_is_judged_by_threshold_and_margin() {
        assert_eq!(who(verdict(&[(1, 0.9), (2, 0.2)])), Some(person(1)));
        assert_eq!(who(verdict(&[(1, 0.5)])), Some(person(1)), "the threshold itself is enough");
        assert_eq!(verdict(&[(1, 0.9), (2, 0.85)]), Verdict::Doubt, "too near the second");
        assert_eq!(verdict(&[(1, 0.47)]), Verdict::Doubt, "just below");
        assert_eq!(verdict(&[(1, 0.3)]), Verdict::Stranger);
        assert_eq!(verdict(&[]), Verdict::Stranger, "nobody is enrolled");
    }

    #[test]
    fn a_poor_picture_has_to_be_surer_by_a_margin() {
        let judged = |score| verdict(&[(1, score)]).of_poor_picture(&RULE);
        assert_eq!(judged(0.59), Verdict::Doubt);
        assert_eq!(who(judged(0.61)), Some(person(1)));
        assert_eq!(judged(0.1), Verdict::Stranger, "and nobody is nobody");
    }

    #[test]
    fn a_known_pair_asks_no_margin_and_keeps_both_scores() {
        let mut pairs = KnownPairs::default();
        pairs.insert(person(2), person(1));
        let Verdict::Match(found) = judge(&scores(&[(1, 0.9), (2, 0.88)]), &RULE, &pairs, &[]) else {
            panic!("the better score of a known pair wins");
        };
        assert_eq!(found.person, person(1));
        assert_eq!(found.runner_up, Some(Candidate { person: person(2), score: 0.88 }));
        assert_eq!(
            judge(&scores(&[(1, 0.9), (2, 0.88), (3, 0.87)]), &RULE, &pairs, &[]),
            Verdict::Doubt,
            "a third person still has to be far enough"
        );
    }

    #[test]
    fn a_track_settles_after_three_agreeing_frames_of_five() {
        let (match_1, match_2) = (verdict(&[(1, 0.9)]), verdict(&[(2, 0.9)]));
        let cases: &[(&[Verdict], Standing)] = &[
            (&[match_1, match_1], Standing::Uncertain),
            (&[match_1, Verdict::Doubt, match_1, Verdict::Stranger, match_1], known(match_1)),
            (&[match_1, match_1, match_2, match_1], Standing::Uncertain),
            (&[Verdict::Stranger; 2], Standing::Uncertain),
            (&[Verdict::Stranger; 3], Standing::Unknown),
            (&[match_1, match_1, match_1, match_2], Standing::Uncertain),
            (
                &[match_1, match_1, match_1, Verdict::Doubt, Verdict::Stranger, Verdict::Doubt],
                Standing::Uncertain,
            ),
            (&[match_1, match_1, match_1, Verdict::Stranger, match_1, Verdict::Stranger], known(match_1)),
        ];
        for (frames, expected) in cases {
            let mut evidence = Evidence::default();
            for frame in *frames {
                evidence.observe(*frame, &RULE);
            }
            assert_eq!(evidence.standing(&RULE), *expected, "{frames:?}");
        }
    }

    fn known(verdict: Verdict) -> Standing {
        match verdict {
            Verdict::Match(found) => Standing::Known(found),
            _ => panic!("not a match"),
        }
    }

    #[test]
    fn a_stranger_who_is_mistaken_now_and_then_is_never_named() {
        let mut evidence = Evidence::default();
        for frame in 0..1000 {
            evidence.observe(if frame % 3 == 0 { verdict(&[(1, 0.9)]) } else { Verdict::Stranger }, &RULE);
            assert!(!matches!(evidence.standing(&RULE), Standing::Known(_)), "frame {frame}");
        }
    }

    #[test]
    fn one_frame_is_enough_where_the_feed_says_so() {
        let rule = Rule { min_frames: 1, ..RULE };
        let mut evidence = Evidence::default();
        evidence.observe(verdict(&[(1, 0.9)]), &rule);
        assert_eq!(evidence.standing(&rule), known(verdict(&[(1, 0.9)])));
        evidence.observe(verdict(&[(2, 0.9)]), &rule);
        assert_eq!(evidence.standing(&rule), known(verdict(&[(2, 0.9)])));
    }

    proptest! {
        /// Two faces of a frame never share a name, and nobody below the threshold gets one.
        #[test]
        fn no_two_faces_of_a_frame_share_a_name(
            faces in prop::collection::vec(prop::collection::vec((0u128..6, 0.0f32..1.0), 0..6), 0..8),
            pairs in prop::collection::vec((0u128..6, 0u128..6), 0..4),
            settled in prop::collection::vec(0u128..6, 0..3),
        ) {
            let faces: Vec<Vec<Candidate<PersonId>>> = faces.iter().map(|list| {
                let mut seen = HashSet::new();
                let mut list = scores(list);
                list.retain(|c| seen.insert(c.person));
                list.sort_by(|a, b| b.score.total_cmp(&a.score));
                list
            }).collect();
            let mut known = KnownPairs::default();
            for (a, b) in pairs { if a != b { known.insert(person(a), person(b)); } }
            let settled: Vec<PersonId> = settled.into_iter().map(person).collect();
            let verdicts = judge_frame(&faces, &RULE, &known, &settled);
            let mut named: HashSet<PersonId> = settled.into_iter().collect();
            for (verdict, candidates) in verdicts.iter().zip(&faces) {
                if let Verdict::Match(found) = verdict {
                    prop_assert!(named.insert(found.person), "{:?} was named twice", found.person);
                    prop_assert!(found.similarity >= RULE.threshold);
                    prop_assert!(candidates.iter().any(|c| c.person == found.person));
                }
            }
        }
    }
}
