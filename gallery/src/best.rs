//! The best people so far.

use crate::Candidate;

/// At most `count` people, each with their best score, best first; of equal scores the lesser person is first,
/// so that what is found does not depend on the order of the rows.
pub(crate) struct Best<P> {
    count: usize,
    found: Vec<Candidate<P>>,
}

impl<P: Copy + Ord> Best<P> {
    /// Nobody yet; room for `count` people, at least one.
    pub(crate) fn new(count: usize) -> Self {
        Self { count, found: Vec::new() }
    }

    /// The score that a template must reach to change anything.
    pub(crate) fn bar(&self) -> f32 {
        if self.found.len() < self.count {
            return f32::NEG_INFINITY;
        }
        self.found.last().map_or(f32::INFINITY, |worst| worst.score)
    }

    /// Takes a template's score into account.
    pub(crate) fn offer(&mut self, new: Candidate<P>) {
        if let Some(known) = self.found.iter().position(|candidate| candidate.person == new.person) {
            if self.found[known].score >= new.score {
                return;
            }
            self.found.remove(known);
        }
        let place = self.found.partition_point(|candidate| {
            candidate.score.total_cmp(&new.score).reverse().then(candidate.person.cmp(&new.person)).is_lt()
        });
        if place < self.count {
            self.found.truncate(self.count - 1);
            self.found.insert(place, new);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Candidate<P>> {
        self.found
    }
}
