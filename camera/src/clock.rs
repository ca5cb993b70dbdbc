//! The server's time on a device whose own clock may be wrong.
//!
//! Times are counted by the monotonic clock from an anchor, so a device clock that is moved while the agent runs moves
//! no frame; the move is noticed by comparing both clocks, and the drift (device less server) takes it up. Before the
//! first contact of a run there is only the drift of an earlier run, and the device may have lost its time with its
//! power since. What was stamped then carries `before_contact`, and is corrected by [`Clock::corrected`] once
//! the first answer has told by how much it was wrong.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// A device clock that differs from the monotonic clock by this much was moved.
const MOVED: TimeDelta = TimeDelta::seconds(1);
/// Times are kept growing where a new drift takes them back by no more than this.
const HELD: TimeDelta = TimeDelta::seconds(2);
/// An answer that took longer says too little about the server's clock.
const SLOWEST: Duration = Duration::from_secs(5);

/// When a frame was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The server's time, as well as it is known.
    pub captured_at: DateTime<Utc>,
    /// By how many milliseconds the device's clock was taken to be ahead.
    pub drift_ms: i64,
    /// The server had not been heard yet since the agent started.
    pub before_contact: bool,
}

/// The server's time, learned from its answers.
#[derive(Debug)]
pub struct Clock(Mutex<Known>);

#[derive(Debug)]
struct Known {
    /// What the device's clock showed at `instant`.
    device: DateTime<Utc>,
    instant: Instant,
    drift: TimeDelta,
    contact: bool,
    /// What stamps before the first contact lack.
    correction: TimeDelta,
    last: Option<DateTime<Utc>>,
}

impl Known {
    fn device_at(&self, instant: Instant) -> DateTime<Utc> {
        match instant.checked_duration_since(self.instant) {
            Some(after) => self.device + TimeDelta::from_std(after).unwrap_or_default(),
            None => self.device - TimeDelta::from_std(self.instant - instant).unwrap_or_default(),
        }
    }
}

impl Clock {
    /// Begins with the device's clock and the drift that an earlier run knew.
    pub fn new(device: DateTime<Utc>, instant: Instant, drift_ms: i64) -> Self {
        let drift = TimeDelta::milliseconds(drift_ms);
        let correction = TimeDelta::zero();
        Self(Mutex::new(Known { device, instant, drift, contact: false, correction, last: None }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares the device's clock with the monotonic one; tells by how many milliseconds it was moved, if it was.
    pub fn look(&self, device: DateTime<Utc>, instant: Instant) -> Option<i64> {
        let mut known = self.known();
        let moved = device - known.device_at(instant);
        if moved.abs() < MOVED {
            return None;
        }
        known.drift += moved;
        (known.device, known.instant) = (device, instant);
        Some(moved.num_milliseconds())
    }

    /// Takes the drift from an answer of the server: it said `server` between `asked` and `answered`. Returns the
    /// drift in milliseconds.
    pub fn contact(&self, asked: Instant, answered: Instant, server: DateTime<Utc>) -> i64 {
        let mut known = self.known();
        let took = answered.saturating_duration_since(asked);
        if took <= SLOWEST {
            let drift = known.device_at(asked + took / 2) - server;
            // Within what the way there and back leaves open the drift stays, so that times do not tremble.
            let open = TimeDelta::from_std(took).unwrap_or_default().max(TimeDelta::milliseconds(20));
            if !known.contact {
                known.correction = known.drift - drift;
            }
            if !known.contact || (drift - known.drift).abs() > open {
                known.drift = drift;
            }
            known.contact = true;
        }
        known.drift.num_milliseconds()
    }

    /// Stamps a frame that was taken at `instant`. Stamps grow, unless the server has told that the clock was far
    /// ahead.
    pub fn stamp(&self, instant: Instant) -> Stamp {
        let mut known = self.known();
        let mut at = known.device_at(instant) - known.drift;
        if let Some(last) = known.last.filter(|&last| at <= last && last - at < HELD) {
            at = last + TimeDelta::milliseconds(1);
        }
        known.last = Some(at);
        Stamp { captured_at: at, drift_ms: known.drift.num_milliseconds(), before_contact: !known.contact }
    }

    /// The server's time at `instant`, as well as it is known.
    pub fn at(&self, instant: Instant) -> DateTime<Utc> {
        let known = self.known();
        known.device_at(instant) - known.drift
    }

    /// The time of a stamp of this run, corrected by what the first contact told.
    pub fn corrected(&self, stamp: Stamp) -> DateTime<Utc> {
        let known = self.known();
        if stamp.before_contact { stamp.captured_at + known.correction } else { stamp.captured_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn server() -> DateTime<Utc> {
        "2026-11-21T08:00:00Z".parse().expect("a time")
    }

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_an_hour_off_is_corrected() {
        for off in [HOUR, -HOUR] {
            let start = Instant::now();
            let clock = Clock::new(server() + off, start, 0);
            let drift = clock.contact(start, start, server());
            assert_eq!(drift, off.num_milliseconds());
            let stamp = clock.stamp(start + after(5));
            assert_eq!(stamp.captured_at, server() + TimeDelta::seconds(5));
            assert_eq!((stamp.drift_ms, stamp.before_contact), (off.num_milliseconds(), false));
        }
    }

    #[test]
    fn a_clock_that_is_moved_moves_no_frame() {
        let start = Instant::now();
        let clock = Clock::new(server(), start, 0);
        clock.contact(start, start, server());
        assert_eq!(clock.look(server() + TimeDelta::seconds(5), start + after(5)), None);
        let back = server() + TimeDelta::seconds(10) - HOUR;
        assert_eq!(clock.look(back, start + after(10)), Some(-3_600_000));
        assert_eq!(clock.look(back, start + after(10)), None, "once");
        let stamp = clock.stamp(start + after(10));
        assert_eq!(stamp.captured_at, server() + TimeDelta::seconds(10));
        assert_eq!(stamp.drift_ms, -3_600_000);
    }

    #[test]
    fn what_was_stamped_before_the_first_contact_is_corrected_after_it() {
        let start = Instant::now();
        // The device lost half an hour while it had no power, and the drift of an earlier run says nothing of it.
        let clock = Clock::new(server() - HOUR / 2, start, 2_000);
        let early = clock.stamp(start + after(10));
        assert!(early.before_contact);
        assert_eq!(clock.corrected(early), early.captured_at, "nothing better is known");
        clock.contact(start + after(60), start + after(60), server() + TimeDelta::seconds(60));
        assert_eq!(clock.corrected(early), server() + TimeDelta::seconds(10));
        let late = clock.stamp(start + after(61));
        assert_eq!(clock.corrected(late), server() + TimeDelta::seconds(61));
    }

    #[test]
    fn stamps_grow_and_slow_answers_say_nothing() {
        let start = Instant::now();
        let clock = Clock::new(server(), start, 0);
        clock.contact(start, start, server());
        let first = clock.stamp(start + after(1));
        assert!(clock.stamp(start + after(1)).captured_at > first.captured_at);
        assert_eq!(clock.contact(start, start + after(30), server() + HOUR), 0);
        // A drift of a second less takes no stamp back.
        clock.contact(start + after(1), start + after(1), server());
        assert!(clock.stamp(start + after(1)).captured_at > first.captured_at);
    }
}
