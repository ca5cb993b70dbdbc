//! Who may enter the queue.
//!
//! A burst, say many cameras that send at the same moment, may wait: the workers are through with it soon. When
//! the workers have been busy for a while, waiting helps nobody: each job would take several times as long, and as
//! many would be refused. Then the queue holds just enough to keep the workers busy.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Jobs that may wait for each worker in a burst: at 15 ms a frame, the last of them waits a tenth of a second.
const WAITING_PER_WORKER: usize = 8;
/// Share of the workers' time from which on they count as busy without end.
const OVERLOADED: f32 = 0.8;
/// Time over which that share is averaged (the time constant of an exponential mean).
const MEMORY: Duration = Duration::from_millis(100);

/// The places of a queue before some workers.
pub struct Places {
    workers: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    taken: usize,
    /// Share of the workers that had something to do lately, 0 to 1.
    busy: f32,
    since: Instant,
}

/// A place in the queue, or with a worker; free again when it is dropped.
pub struct Place(Arc<Places>);

impl Places {
    /// Free places before so many workers.
    pub fn new(workers: usize) -> Self {
        Self { workers, state: Mutex::new(State { taken: 0, busy: 0.0, since: Instant::now() }) }
    }

    /// Most places there are.
    pub fn capacity(workers: usize) -> usize {
        workers * (1 + WAITING_PER_WORKER)
    }

    /// Takes a place; None when the queue is full for the time being.
    pub fn enter(self: &Arc<Self>) -> Option<Place> {
        self.state().enter(self.workers, Instant::now()).then(|| Place(Arc::clone(self)))
    }

    /// Places that are taken.
    pub fn taken(&self) -> usize {
        self.state().taken
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.state().leave(self.0.workers, Instant::now());
    }
}

impl State {
    fn enter(&mut self, workers: usize, now: Instant) -> bool {
        self.advance(workers, now);
        let waiting = if self.busy < OVERLOADED { workers * WAITING_PER_WORKER } else { workers / 2 };
        let free = self.taken < workers + waiting;
        self.taken += usize::from(free);
        free
    }

    fn leave(&mut self, workers: usize, now: Instant) {
        self.advance(workers, now);
        self.taken -= 1;
    }

    /// Averages what was going on since the last call.
    fn advance(&mut self, workers: usize, now: Instant) {
        let elapsed = now.saturating_duration_since(self.since);
        let old = (-elapsed.as_secs_f32() / MEMORY.as_secs_f32()).exp();
        let going_on = self.taken.min(workers) as f32 / workers as f32;
        self.busy = self.busy * old + going_on * (1.0 - old);
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two workers that take 10 ms for each job. Shows `arrivals` (milliseconds, in order) to the queue and answers
    /// how long each waited, None for those refused.
    fn simulate(arrivals: impl IntoIterator<Item = u64>) -> Vec<Option<u64>> {
        const SERVICE: u64 = 10;
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut state = State { taken: 0, busy: 0.0, since: start };
        let mut free_from = [0u64; 2];
        let mut endings: Vec<u64> = vec![];
        let mut waits = vec![];
        for now in arrivals {
            endings.sort_unstable();
            let (done, left): (Vec<u64>, Vec<u64>) = endings.into_iter().partition(|end| *end <= now);
            done.iter().for_each(|end| state.leave(2, at(*end)));
            endings = left;
            waits.push(state.enter(2, at(now)).then(|| {
                let worker = usize::from(free_from[1] < free_from[0]);
                let begin = free_from[worker].max(now);
                free_from[worker] = begin + SERVICE;
                endings.push(begin + SERVICE);
                begin - now
            }));
        }
        waits
    }

    #[test]
    fn cameras_that_send_at_the_same_moment_all_get_in() {
        let waits = simulate((0..50u64).flat_map(|second| [second * 200; 16]));
        assert!(waits.iter().all(Option::is_some));
        assert_eq!(waits.iter().flatten().max(), Some(&70));
    }

    #[test]
    fn four_times_too_many_are_refused_and_the_others_hardly_wait() {
        // Two workers do 200 a second; 1,000 come.
        let waits = simulate(0..5_000u64);
        let admitted: Vec<u64> = waits.iter().skip(500).flatten().copied().collect();
        assert!((850..=901).contains(&admitted.len()), "{} of 900 possible", admitted.len());
        assert!(admitted.iter().all(|wait| *wait <= 10), "{:?}", admitted.iter().max());
    }

    #[test]
    fn after_an_overload_a_burst_gets_in_again() {
        let overload = 0..2_000u64;
        let burst = [2_200u64; 16];
        let waits = simulate(overload.chain(burst));
        assert!(waits[2_000..].iter().all(Option::is_some));
    }

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let places = Arc::new(Places::new(1));
        let all: Vec<Place> = std::iter::from_fn(|| places.enter()).collect();
        assert_eq!(all.len(), Places::capacity(1));
        drop(all);
        assert_eq!(places.taken(), 0);
        assert!(places.enter().is_some());
    }
}
