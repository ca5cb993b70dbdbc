//! What is kept while the server is away, in order, and what has to go when it gets too much.

use std::collections::VecDeque;

/// Most bytes that are kept.
pub const MOST_BYTES: u64 = 200_000_000;
/// Most milliseconds that something is kept.
pub const LONGEST_MS: u64 = 24 * 3_600 * 1_000;

/// Something that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its number on this tablet, which grows.
    pub sequence: u64,
    /// When it was captured, by the server's clock, in milliseconds since 1970.
    pub at_ms: u64,
    /// Its size.
    pub bytes: u64,
}

/// Everything that waits, the oldest first.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Kept>,
    bytes: u64,
}

impl Queue {
    /// What was found, in the order of its numbers.
    pub fn new(mut found: Vec<Kept>) -> Self {
        found.sort_by_key(|kept| kept.sequence);
        let bytes = found.iter().map(|kept| kept.bytes).sum();
        Self { waiting: found.into(), bytes }
    }

    /// One more waits, where its number puts it: what is larger takes longer to be kept.
    pub fn push(&mut self, kept: Kept) {
        self.bytes += kept.bytes;
        let at = self.waiting.partition_point(|one| one.sequence < kept.sequence);
        self.waiting.insert(at, kept);
    }

    /// Takes out what has to go so that one of `coming` bytes has room, the oldest first.
    pub fn overflow(&mut self, coming: u64, now_ms: u64) -> Vec<Kept> {
        let mut gone = Vec::new();
        while let Some(oldest) = self.waiting.front() {
            let old = now_ms.saturating_sub(oldest.at_ms) > LONGEST_MS;
            if !old && self.bytes + coming <= MOST_BYTES {
                break;
            }
            gone.extend(self.take_oldest());
        }
        gone
    }

    /// The one that waits the longest.
    pub fn oldest(&self) -> Option<Kept> {
        self.waiting.front().copied()
    }

    /// It waits no longer.
    pub fn remove(&mut self, kept: Kept) {
        if let Some(at) = self.waiting.iter().position(|one| *one == kept) {
            self.waiting.remove(at);
            self.bytes -= kept.bytes;
        }
    }

    /// How many wait.
    pub fn len(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Their bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn take_oldest(&mut self) -> Option<Kept> {
        let kept = self.waiting.pop_front()?;
        self.bytes -= kept.bytes;
        Some(kept)
    }
}

/// The number of the next picture: the time of day, so that numbers grow even where the last one was forgotten, and
/// always above the last one.
pub fn next_sequence(last: u64, now_ms: f64) -> u64 {
    (now_ms.max(0.0) as u64).max(last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(sequence: u64, at_ms: u64, bytes: u64) -> Kept {
        Kept { sequence, at_ms, bytes }
    }

    #[test]
    fn the_oldest_goes_when_there_is_no_room() {
        let half = MOST_BYTES / 2;
        let mut queue = Queue::new(vec![kept(2, 20, half), kept(1, 10, half)]);
        assert_eq!(queue.overflow(0, 30), []);
        assert_eq!(queue.overflow(1, 30), [kept(1, 10, half)]);
        queue.push(kept(3, 30, 1));
        assert_eq!((queue.len(), queue.bytes(), queue.oldest()), (2, half + 1, Some(kept(2, 20, half))));
        assert_eq!(
            queue.overflow(MOST_BYTES, 30).len(),
            2,
            "one as large as everything takes everything's place"
        );
        assert_eq!((queue.len(), queue.bytes()), (0, 0));
    }

    #[test]
    fn what_waited_a_day_goes() {
        let mut queue = Queue::new(vec![kept(1, 0, 5), kept(2, 1_000, 5)]);
        assert_eq!(queue.overflow(0, LONGEST_MS), []);
        assert_eq!(queue.overflow(0, LONGEST_MS + 1), [kept(1, 0, 5)]);
        assert_eq!(queue.overflow(0, 0), [], "a clock that was set back makes nothing old");
    }

    #[test]
    fn what_was_sent_waits_no_longer() {
        let mut queue = Queue::new(vec![kept(1, 0, 5), kept(2, 1_000, 7)]);
        queue.remove(kept(1, 0, 5));
        queue.remove(kept(1, 0, 5));
        assert_eq!((queue.len(), queue.bytes(), queue.oldest()), (1, 7, Some(kept(2, 1_000, 7))));
    }

    #[test]
    fn what_comes_late_has_its_place() {
        let mut queue = Queue::default();
        queue.push(kept(5, 50, 1));
        queue.push(kept(4, 40, 1));
        assert_eq!(queue.oldest(), Some(kept(4, 40, 1)));
    }

    #[test]
    fn numbers_grow_whatever_the_clock_does() {
        assert_eq!(next_sequence(0, 1_000.7), 1_000);
        assert_eq!(next_sequence(1_000, 1_000.9), 1_001);
        assert_eq!(next_sequence(5_000, 12.0), 5_001, "the clock was set back");
    }
}
