//! In-memory template search, exact.
//!
//! Templates are unit vectors in one row-major block; a search is one pass of dot products (cosine, since the
//! rows are of unit length) that keeps the best template of each person, then a partial sort for the best
//! people. Nothing is approximated and nothing does I/O. The inner loop is written over fixed-size chunks with
//! independent sums, which the compiler turns into SIMD.

use std::collections::HashMap;
use std::hash::Hash;

const LANES: usize = 16;

/// A person whose best template scored `score` against the probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<P> {
    /// Who.
    pub person: P,
    /// Comparison score: cosine, -1 to 1.
    pub score: f32,
}

/// A template whose length is not the gallery's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongLength {
    /// The gallery's length.
    pub expected: usize,
    /// The template's.
    pub found: usize,
}

impl std::fmt::Display for WrongLength {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a template of {} numbers in a gallery of {}", self.found, self.expected)
    }
}

impl std::error::Error for WrongLength {}

/// The templates of everybody who can be recognised, of one model pack.
#[derive(Clone)]
pub struct Gallery<P> {
    dimensions: usize,
    /// Row `r` is `values[r * dimensions..][..dimensions]`.
    values: Vec<f32>,
    /// Slot of the person that row `r` belongs to.
    slot_of_row: Vec<u32>,
    /// The person in each slot; slots of people who were removed are used again.
    people: Vec<Option<P>>,
    free: Vec<u32>,
    slot_of_person: HashMap<P, u32>,
}

impl<P> std::fmt::Debug for Gallery<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gallery({} people, {} templates)", self.slot_of_person.len(), self.slot_of_row.len())
    }
}

impl<P: Copy + Eq + Hash> Gallery<P> {
    /// An empty gallery for templates of `dimensions` numbers.
    pub fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            values: Vec::new(),
            slot_of_row: Vec::new(),
            people: Vec::new(),
            free: Vec::new(),
            slot_of_person: HashMap::new(),
        }
    }

    /// How many people can be recognised.
    pub fn people(&self) -> usize {
        self.slot_of_person.len()
    }

    /// How many templates there are.
    pub fn templates(&self) -> usize {
        self.slot_of_row.len()
    }

    /// Whether a person can be recognised.
    pub fn contains(&self, person: P) -> bool {
        self.slot_of_person.contains_key(&person)
    }

    /// Makes `templates` (each of unit length) all that is known of a person; none removes them.
    ///
    /// # Errors
    /// When a template is not of the gallery's length; nothing has changed then.
    pub fn set(&mut self, person: P, templates: &[Vec<f32>]) -> Result<(), WrongLength> {
        if let Some(wrong) = templates.iter().find(|template| template.len() != self.dimensions) {
            return Err(WrongLength { expected: self.dimensions, found: wrong.len() });
        }
        self.remove(person);
        if templates.is_empty() {
            return Ok(());
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.people.push(None);
            u32::try_from(self.people.len() - 1).expect("fewer than four billion people")
        });
        self.people[slot as usize] = Some(person);
        self.slot_of_person.insert(person, slot);
        for template in templates {
            self.values.extend_from_slice(template);
            self.slot_of_row.push(slot);
        }
        Ok(())
    }

    /// Removes a person; says whether they were there.
    pub fn remove(&mut self, person: P) -> bool {
        let Some(slot) = self.slot_of_person.remove(&person) else { return false };
        self.people[slot as usize] = None;
        self.free.push(slot);
        let mut row = 0;
        while row < self.slot_of_row.len() {
            if self.slot_of_row[row] == slot {
                self.remove_row(row);
            } else {
                row += 1;
            }
        }
        true
    }

    fn remove_row(&mut self, row: usize) {
        self.slot_of_row.swap_remove(row);
        let last = self.slot_of_row.len();
        let (start, last_start) = (row * self.dimensions, last * self.dimensions);
        if row != last {
            self.values.copy_within(last_start..last_start + self.dimensions, start);
        }
        self.values.truncate(last_start);
    }

    /// The `count` people nearest to `probe` (of unit length), best first.
    ///
    /// # Errors
    /// When the probe is not of the gallery's length.
    pub fn search(&self, probe: &[f32], count: usize) -> Result<Vec<Candidate<P>>, WrongLength> {
        if probe.len() != self.dimensions {
            return Err(WrongLength { expected: self.dimensions, found: probe.len() });
        }
        let mut best = vec![f32::NEG_INFINITY; self.people.len()];
        for (row, slot) in self.values.chunks_exact(self.dimensions).zip(&self.slot_of_row) {
            // Rounding can carry a perfect match a little past one.
            let score = dot(probe, row).clamp(-1.0, 1.0);
            let best = &mut best[*slot as usize];
            *best = best.max(score);
        }
        let mut found: Vec<Candidate<P>> = self
            .people
            .iter()
            .zip(best)
            .filter_map(|(person, score)| person.map(|person| Candidate { person, score }))
            .collect();
        let by_score = |a: &Candidate<P>, b: &Candidate<P>| b.score.total_cmp(&a.score);
        if found.len() > count && count > 0 {
            found.select_nth_unstable_by(count - 1, by_score);
        }
        found.truncate(count);
        found.sort_by(by_score);
        Ok(found)
    }
}

/// Dot product of two vectors of the same length.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(values: Vec<f32>) -> Vec<f32> {
        let length = values.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
        values.into_iter().map(|v| v / length).collect()
    }

    #[test]
    fn the_best_template_of_a_person_counts() {
        let mut gallery = Gallery::new(2);
        gallery.set(1, &[vec![1.0, 0.0], vec![0.0, 1.0]]).expect("set");
        gallery.set(2, &[unit(vec![1.0, 1.0])]).expect("set");
        let found = gallery.search(&[0.0, 1.0], 5).expect("search");
        assert_eq!(found.iter().map(|c| c.person).collect::<Vec<_>>(), [1, 2]);
        assert!((found[0].score - 1.0).abs() < 1e-6);
        assert_eq!((gallery.people(), gallery.templates()), (2, 3));
    }

    #[test]
    fn a_wrong_length_changes_nothing() {
        let mut gallery = Gallery::new(3);
        gallery.set('a', &[vec![1.0, 0.0, 0.0]]).expect("set");
        assert_eq!(gallery.set('a', &[vec![1.0]]), Err(WrongLength { expected: 3, found: 1 }));
        assert!(gallery.contains('a'));
        assert!(gallery.search(&[1.0], 1).is_err());
    }

    /// Puts (a person and their templates) or removes (a person).
    type Step = (u8, Vec<Vec<f32>>);

    proptest! {
        /// Whatever is put and removed, a search finds what a plain scan over the same templates finds.
        #[test]
        fn search_agrees_with_a_plain_scan(
            steps in prop::collection::vec((0u8..12, prop::collection::vec(prop::collection::vec(-1.0f32..1.0, 19), 0..3)), 1..40),
            probe in prop::collection::vec(-1.0f32..1.0, 19),
            count in 1usize..6,
        ) {
            let steps: Vec<Step> = steps;
            let probe = unit(probe);
            let mut gallery = Gallery::new(19);
            let mut plain: HashMap<u8, Vec<Vec<f32>>> = HashMap::new();
            for (person, templates) in steps {
                let templates: Vec<Vec<f32>> = templates.into_iter().map(unit).collect();
                gallery.set(person, &templates).expect("set");
                if templates.is_empty() { plain.remove(&person); } else { plain.insert(person, templates); }
            }
            let mut expected: Vec<f32> = plain
                .values()
                .map(|templates| {
                    let score = |t: &Vec<f32>| t.iter().zip(&probe).map(|(x, y)| x * y).sum::<f32>();
                    templates.iter().map(score).fold(f32::NEG_INFINITY, f32::max)
                })
                .collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            expected.truncate(count);
            let found = gallery.search(&probe, count).expect("search");
            prop_assert_eq!(found.len(), expected.len());
            for (candidate, score) in found.iter().zip(expected) {
                prop_assert!((candidate.score - score).abs() < 1e-4);
                prop_assert!(plain.contains_key(&candidate.person));
            }
            prop_assert_eq!(gallery.people(), plain.len());
        }
    }
}
