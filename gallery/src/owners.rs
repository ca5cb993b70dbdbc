//! Whose each row is: the owner of every row, and every row of an owner.
//!
//! A table of row numbers finds an owner's newest row, from which a list leads through the others. Next to the
//! owners themselves that is nine bytes or so a row, where a map from owners to rows takes forty-odd.

use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;

/// The end of an owner's list.
const NONE: u32 = u32::MAX;

/// Rows and their owners.
#[derive(Clone)]
pub(crate) struct Owners<P> {
    owner: Vec<P>,
    /// The owner's next older row.
    next: Vec<u32>,
    /// The newest row of each owner, found by the owner's hash.
    newest: HashTable<u32>,
    hasher: RandomState,
}

impl<P: Copy + Eq + Hash> Owners<P> {
    pub(crate) fn new() -> Self {
        Self { owner: Vec::new(), next: Vec::new(), newest: HashTable::new(), hasher: RandomState::new() }
    }

    /// How many owners there are.
    pub(crate) fn len(&self) -> usize {
        self.newest.len()
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.owner.len()
    }

    pub(crate) fn contains(&self, owner: P) -> bool {
        self.newest.find(self.hasher.hash_one(owner), |&row| self.owner[row as usize] == owner).is_some()
    }

    /// Whose row this is.
    pub(crate) fn of(&self, row: usize) -> P {
        self.owner[row]
    }

    /// Adds a row of `owner` after all others.
    pub(crate) fn push(&mut self, owner: P) {
        let row = u32::try_from(self.owner.len()).expect("fewer than four billion templates");
        self.owner.push(owner);
        let (owners, hasher) = (&self.owner, &self.hasher);
        let found = self.newest.entry(
            hasher.hash_one(owner),
            |&row| owners[row as usize] == owner,
            |&row| hasher.hash_one(owners[row as usize]),
        );
        match found {
            hashbrown::hash_table::Entry::Occupied(mut newest) => {
                self.next.push(*newest.get());
                *newest.get_mut() = row;
            }
            hashbrown::hash_table::Entry::Vacant(place) => {
                self.next.push(NONE);
                place.insert(row);
            }
        }
    }

    /// Forgets an owner and returns their rows, the last first. Each is to be given to [`Self::swap_remove`] in
    /// that order, before anything else is done.
    pub(crate) fn release(&mut self, owner: P) -> Vec<usize> {
        let hash = self.hasher.hash_one(owner);
        let Ok(entry) = self.newest.find_entry(hash, |&row| self.owner[row as usize] == owner) else {
            return Vec::new();
        };
        let (newest, _) = entry.remove();
        let mut rows: Vec<usize> = std::iter::successors(Some(newest), |&row| {
            Some(self.next[row as usize]).filter(|&row| row != NONE)
        })
        .map(|row| row as usize)
        .collect();
        rows.sort_unstable_by(|a, b| b.cmp(a));
        rows
    }

    /// Removes a released row and puts the last row, which is another owner's, in its place.
    pub(crate) fn swap_remove(&mut self, row: usize) {
        let last = self.owner.len() - 1;
        if row != last {
            self.point_elsewhere(last as u32, row as u32);
        }
        self.owner.swap_remove(row);
        self.next.swap_remove(row);
    }

    /// Whatever leads to the row `from` leads to `to` from now on.
    fn point_elsewhere(&mut self, from: u32, to: u32) {
        let owner = self.owner[from as usize];
        let newest = self
            .newest
            .find_mut(self.hasher.hash_one(owner), |&row| self.owner[row as usize] == owner)
            .expect("the last row's owner has not been released");
        if *newest == from {
            *newest = to;
            return;
        }
        let mut row = *newest;
        while self.next[row as usize] != from {
            row = self.next[row as usize];
        }
        self.next[row as usize] = to;
    }
}
