//! In-memory template search: as exact as a plain scan in f32, several times as fast.
//!
//! Every template is kept twice: in f32, from which all scores come, and rounded to eight bits, which is what a
//! search reads from end to end. Rounding errors are bounded row by row ([`codes`]), so the scan of the rounded
//! rows passes over only what cannot be among the best people, and the few rows left (some hundreds of a
//! million) are scored in f32 ([`scan`]). What is found, its scores and its order are those of a plain scan; no
//! decision depends on the rounding. One pass answers up to eight probes. Nothing does I/O.
//!
//! The scan is written in vector instructions (AVX-512 VNNI or AVX2, whichever the processor has). It beat the
//! libraries that were measured, by what they cannot know: that the rows may be stored sixteen by sixteen, and
//! that a bar replaces most of the results. The figures are in `docs/BENCHMARKS.md`. On a processor with
//! neither, every row is scored in f32, in a loop over fixed-size chunks that the compiler turns into SIMD.

use std::hash::Hash;

use crate::best::Best;
use crate::codes::{Code, Codes, PANEL};
use crate::owners::Owners;
use crate::scan::{Batch, Kernel, RUN, Scan};

mod best;
mod codes;
mod owners;
mod scan;

/// Independent sums of a dot product.
const LANES: usize = 16;
/// Probes answered by one pass.
const BATCH: usize = 8;

/// A person whose best template scored `score` against the probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<P> {
    /// Who.
    pub person: P,
    /// Comparison score: cosine, -1 to 1.
    pub score: f32,
}

/// Why a template or a probe cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is not of the gallery's length.
    WrongLength {
        /// The gallery's length.
        expected: usize,
        /// Its own.
        found: usize,
    },
    /// It has no direction: all its numbers are zero, or one is not finite.
    NoDirection,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WrongLength { expected, found } => {
                write!(f, "a template of {found} numbers in a gallery of {expected}")
            }
            Self::NoDirection => write!(f, "a template that is all zero or not finite"),
        }
    }
}

impl std::error::Error for Refused {}

/// The templates of everybody who can be recognised, of one model pack.
#[derive(Clone)]
pub struct Gallery<P> {
    dimensions: usize,
    /// Row `r`, a unit vector, is `values[r * dimensions..][..dimensions]`.
    values: Vec<f32>,
    codes: Codes,
    owners: Owners<P>,
    kernel: Kernel,
}

impl<P: Copy + Ord + Hash> std::fmt::Debug for Gallery<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gallery({} people, {} templates)", self.people(), self.templates())
    }
}

impl<P: Copy + Ord + Hash> Gallery<P> {
    /// An empty gallery for templates of `dimensions` numbers.
    pub fn new(dimensions: usize) -> Self {
        Self::with_kernel(dimensions, Kernel::best())
    }

    fn with_kernel(dimensions: usize, kernel: Kernel) -> Self {
        let (codes, owners) = (Codes::new(dimensions), Owners::new());
        Self { dimensions, values: Vec::new(), codes, owners, kernel }
    }

    /// How many people can be recognised.
    pub fn people(&self) -> usize {
        self.owners.len()
    }

    /// How many templates there are.
    pub fn templates(&self) -> usize {
        self.owners.rows()
    }

    /// Whether a person can be recognised.
    pub fn contains(&self, person: P) -> bool {
        self.owners.contains(person)
    }

    /// Makes `templates` (of any length but zero, their direction counts) all that is known of a person; none
    /// removes them.
    ///
    /// # Errors
    /// When a template cannot be compared; nothing has changed then.
    pub fn set(&mut self, person: P, templates: &[Vec<f32>]) -> Result<(), Refused> {
        let templates = self.unit_vectors(templates)?;
        self.remove(person);
        for template in templates {
            self.owners.push(person);
            self.codes.push(&Code::of(&template));
            self.values.extend_from_slice(&template);
        }
        Ok(())
    }

    /// Removes a person; says whether they were there.
    pub fn remove(&mut self, person: P) -> bool {
        let rows = self.owners.release(person);
        for row in &rows {
            self.owners.swap_remove(*row);
            self.codes.swap_remove(*row);
            let (start, last) = (row * self.dimensions, self.values.len() - self.dimensions);
            self.values.copy_within(last.., start);
            self.values.truncate(last);
        }
        !rows.is_empty()
    }

    /// The `count` people nearest to `probe`, best first; of equal scores the lesser person is first.
    ///
    /// # Errors
    /// When the probe cannot be compared.
    pub fn search(&self, probe: &[f32], count: usize) -> Result<Vec<Candidate<P>>, Refused> {
        Ok(self.search_many(&[probe], count)?.swap_remove(0))
    }

    /// What [`Self::search`] finds for each of `probes`, in their order; eight of them cost little more than one.
    ///
    /// # Errors
    /// When a probe cannot be compared.
    pub fn search_many(
        &self,
        probes: &[impl AsRef<[f32]>],
        count: usize,
    ) -> Result<Vec<Vec<Candidate<P>>>, Refused> {
        let probes = self.unit_vectors(probes)?;
        if count == 0 {
            return Ok(vec![Vec::new(); probes.len()]);
        }
        let batches = probes.chunks(BATCH).flat_map(|batch| match batch {
            [_] => self.pass::<1>(batch, count),
            _ => self.pass::<BATCH>(batch, count),
        });
        Ok(batches.map(Best::into_vec).collect())
    }

    /// One pass over all rows for at most `N` unit vectors.
    fn pass<const N: usize>(&self, probes: &[Vec<f32>], count: usize) -> Vec<Best<P>>
    where
        Batch<N>: Scan<N>,
    {
        let batch = Batch::<N>::new(probes);
        let mut best: Vec<Best<P>> = probes.iter().map(|_| Best::new(count)).collect();
        let mut hits = [[0u16; N]; RUN];
        for panels in self.codes.runs(RUN) {
            let bars = std::array::from_fn(|probe| best.get(probe).map_or(f32::INFINITY, Best::bar));
            batch.scan(self.kernel, panels, bars, &mut hits);
            for (panel, hits) in hits[..panels.scales.len()].iter().enumerate() {
                let first = panels.first + panel * PANEL;
                for ((probe, best), rows) in probes.iter().zip(&mut best).zip(hits) {
                    for row in ones(*rows).map(|lane| first + lane).take_while(|row| *row < self.templates())
                    {
                        best.offer(Candidate { person: self.owners.of(row), score: self.score(probe, row) });
                    }
                }
            }
        }
        best
    }

    fn score(&self, probe: &[f32], row: usize) -> f32 {
        // Rounding can carry a perfect match a little past one.
        dot(probe, &self.values[row * self.dimensions..][..self.dimensions]).clamp(-1.0, 1.0)
    }

    fn unit_vectors(&self, vectors: &[impl AsRef<[f32]>]) -> Result<Vec<Vec<f32>>, Refused> {
        vectors.iter().map(|vector| self.unit_vector(vector.as_ref())).collect()
    }

    fn unit_vector(&self, vector: &[f32]) -> Result<Vec<f32>, Refused> {
        if vector.len() != self.dimensions {
            return Err(Refused::WrongLength { expected: self.dimensions, found: vector.len() });
        }
        let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if !length.is_normal() {
            return Err(Refused::NoDirection);
        }
        Ok(vector.iter().map(|value| (f64::from(*value) / length) as f32).collect())
    }
}

/// The places of the ones in `bits`, the lowest first.
fn ones(mut bits: u16) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        place
    })
}

/// Dot product of two vectors of the same length.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f32>()
}

#[cfg(test)]
mod tests;
