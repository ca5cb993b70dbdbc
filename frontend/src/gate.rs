//! When the camera may send its next frame.
//!
//! One frame is in flight; the answer is the permit for the next, which is then taken from the running video,
//! so the newest frame wins and nothing queues. The feed's own rate bounds it from above, and a refusal
//! holds it for a while.

/// An unanswered frame for longer than this means that the connection is dead.
pub const ANSWER_TIMEOUT_MS: f64 = 8_000.0;

/// What the sender should do now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Take the newest frame and send it.
    Capture,
    /// Look again in so many milliseconds.
    Wait(f64),
    /// The answer is overdue: open a new connection.
    Stalled,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Free,
    Encoding,
    InFlight { since: f64 },
}

/// The gate of one connection. Times are in milliseconds on any one clock.
#[derive(Debug, Clone, Copy)]
pub struct FrameGate {
    interval_ms: f64,
    not_before: f64,
    stage: Stage,
}

impl FrameGate {
    /// A gate that lets at most `frames_per_second` through.
    pub fn new(frames_per_second: u16) -> Self {
        // A little slower than the feed allows, so that jitter on the way does not look like a breach.
        let interval_ms = 1_050.0 / f64::from(frames_per_second.max(1));
        Self { interval_ms, not_before: 0.0, stage: Stage::Free }
    }

    /// Another rate from now on; a frame that waits for its turn does so by the new one.
    pub fn set_rate(&mut self, frames_per_second: u16) {
        let interval_ms = Self::new(frames_per_second).interval_ms;
        self.not_before += (interval_ms - self.interval_ms).min(0.0);
        self.interval_ms = interval_ms;
    }

    /// What to do at `now`.
    pub fn step(&self, now: f64) -> Step {
        match self.stage {
            Stage::Free if now >= self.not_before => Step::Capture,
            Stage::Free => Step::Wait(self.not_before - now),
            Stage::Encoding => Step::Wait(ANSWER_TIMEOUT_MS),
            Stage::InFlight { since } => {
                let left = since + ANSWER_TIMEOUT_MS - now;
                if left > 0.0 { Step::Wait(left) } else { Step::Stalled }
            }
        }
    }

    /// A frame is being encoded; the rate counts from here.
    pub fn begin(&mut self, now: f64) {
        self.stage = Stage::Encoding;
        self.not_before = now + self.interval_ms;
    }

    /// The frame left.
    pub fn sent(&mut self, now: f64) {
        self.stage = Stage::InFlight { since: now };
    }

    /// The answer came: the next frame may go as soon as the rate allows.
    pub fn answered(&mut self) {
        self.stage = Stage::Free;
    }

    /// The frame was refused, or there was none to take: wait at least `hold_ms`.
    pub fn hold(&mut self, now: f64, hold_ms: f64) {
        self.stage = Stage::Free;
        self.not_before = self.not_before.max(now + hold_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_frame_is_in_flight_and_the_answer_is_the_permit() {
        let mut gate = FrameGate::new(10);
        assert_eq!(gate.step(0.0), Step::Capture);
        gate.begin(0.0);
        assert!(matches!(gate.step(1.0), Step::Wait(_)), "not while encoding");
        gate.sent(10.0);
        assert!(matches!(gate.step(200.0), Step::Wait(_)), "not while in flight, however late");
        gate.answered();
        assert_eq!(gate.step(200.0), Step::Capture);
    }

    #[test]
    fn a_quick_answer_waits_for_the_rate() {
        let mut gate = FrameGate::new(10);
        gate.begin(1_000.0);
        gate.sent(1_005.0);
        gate.answered();
        assert_eq!(gate.step(1_025.0), Step::Wait(80.0));
        assert_eq!(gate.step(1_105.0), Step::Capture);
    }

    #[test]
    fn a_higher_rate_counts_at_once() {
        let mut gate = FrameGate::new(2);
        gate.begin(0.0);
        gate.sent(5.0);
        gate.answered();
        assert_eq!(gate.step(105.0), Step::Wait(420.0));
        gate.set_rate(10);
        assert_eq!(gate.step(105.0), Step::Capture);
    }

    #[test]
    fn a_refusal_holds_and_then_goes_on() {
        let mut gate = FrameGate::new(15);
        gate.begin(0.0);
        gate.sent(5.0);
        gate.hold(20.0, 1_000.0);
        assert_eq!(gate.step(520.0), Step::Wait(500.0));
        assert_eq!(gate.step(1_020.0), Step::Capture);
    }

    #[test]
    fn silence_is_a_stall() {
        let mut gate = FrameGate::new(15);
        gate.begin(0.0);
        gate.sent(0.0);
        assert_eq!(gate.step(ANSWER_TIMEOUT_MS - 1.0), Step::Wait(1.0));
        assert_eq!(gate.step(ANSWER_TIMEOUT_MS), Step::Stalled);
    }
}
