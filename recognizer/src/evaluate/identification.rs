//! One picture enrolled of each identity that has several; the others and those of strangers are looked for.

use std::collections::BTreeMap;

use gallery::{Candidate, Gallery};

/// Margins that are tried.
const MARGINS: [f32; 4] = [0.0, 0.005, 0.01, 0.02];

/// What an identification by single pictures gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Enrolled identities, one template each.
    pub enrolled: usize,
    /// Other pictures of them.
    pub probes: usize,
    /// Pictures of identities that are not enrolled.
    pub strangers: usize,
    /// Least score.
    pub threshold: f32,
    /// By margin.
    pub rows: Vec<Row>,
}

/// Counts at one margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Least distance to the second-best person.
    pub margin: f32,
    /// Probes found to be themselves.
    pub right: usize,
    /// Probes found to be somebody else.
    pub wrong: usize,
    /// Strangers taken for somebody.
    pub strangers: usize,
}

/// Tries `embeddings` (of unit length, each with its identity); None when nobody has two pictures.
pub fn identify(embeddings: &[(usize, &[f32])], threshold: f32) -> Option<Trial> {
    let mut by_identity: BTreeMap<usize, Vec<&[f32]>> = BTreeMap::new();
    for &(identity, embedding) in embeddings {
        by_identity.entry(identity).or_default().push(embedding);
    }
    let mut gallery = Gallery::new(embeddings.first()?.1.len());
    let (several, single): (BTreeMap<_, _>, BTreeMap<_, _>) =
        by_identity.into_iter().partition(|(_, pictures)| pictures.len() > 1);
    for (&identity, pictures) in &several {
        gallery.set(identity, &[pictures[0].to_vec()]).ok()?;
    }
    let search = |probe: &[f32]| gallery.search(probe, 2).unwrap_or_default();
    let probes = several.iter().flat_map(|(identity, list)| list[1..].iter().map(move |p| (*identity, *p)));
    let known: Vec<_> = probes.map(|(identity, probe)| (identity, search(probe))).collect();
    let strangers: Vec<_> = single.values().map(|pictures| search(pictures[0])).collect();
    let rows = MARGINS.map(|margin| {
        let named = |found: &[Candidate<usize>]| accepted(found, threshold, margin);
        let names = || known.iter().filter_map(|(identity, found)| Some(named(found)? == *identity));
        Row {
            margin,
            right: names().filter(|right| *right).count(),
            wrong: names().filter(|right| !*right).count(),
            strangers: strangers.iter().filter(|found| named(found).is_some()).count(),
        }
    });
    let (probes, strangers) = (known.len(), strangers.len());
    (probes > 0).then(|| Trial { enrolled: several.len(), probes, strangers, threshold, rows: rows.to_vec() })
}

/// The best candidate, when it scores enough and the second is far enough behind.
fn accepted(found: &[Candidate<usize>], threshold: f32, margin: f32) -> Option<usize> {
    let best = found.first()?;
    let clear = found.get(1).is_none_or(|second| best.score - second.score >= margin);
    (best.score >= threshold && clear).then_some(best.person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_must_be_a_margin_behind() {
        let found = [Candidate { person: 1, score: 0.75 }, Candidate { person: 2, score: 0.5 }];
        assert_eq!(accepted(&found, 0.75, 0.25), Some(1));
        assert_eq!(accepted(&found, 0.75, 0.26), None);
        assert_eq!(accepted(&found, 0.76, 0.0), None);
        assert_eq!(accepted(&found[..1], 0.75, 0.26), Some(1), "nobody else is enrolled");
    }

    #[test]
    fn probes_and_strangers_are_counted() {
        let (x, y): ([f32; 2], [f32; 2]) = ([1.0, 0.0], [0.0, 1.0]);
        // Identity 0 looks like itself, 1 like 0 in its second picture; 2 is a stranger who looks like 1.
        let list: [(usize, &[f32]); 5] = [(0, &x), (0, &x), (1, &y), (1, &x), (2, &y)];
        let trial = identify(&list, 0.9).expect("two people with two pictures");
        assert_eq!((trial.enrolled, trial.probes, trial.strangers), (2, 2, 1));
        assert_eq!((trial.rows[0].right, trial.rows[0].wrong, trial.rows[0].strangers), (1, 1, 1));
        assert_eq!(identify(&list[3..], 0.9), None);
    }
}
