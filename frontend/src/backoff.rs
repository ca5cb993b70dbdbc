//! How long to wait before trying again.

/// First wait, in milliseconds.
const FIRST_MS: u32 = 500;
/// Longest wait, in milliseconds.
const LONGEST_MS: u32 = 15_000;

/// Waits that double up to a limit, spread out so that many browsers do not return at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait in milliseconds; `random` is in `0.0..1.0`.
    pub fn next_ms(&mut self, random: f64) -> u32 {
        let full = FIRST_MS.saturating_mul(1 << self.failures.min(10)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        full / 2 + (f64::from(full / 2) * random) as u32
    }

    /// It worked: the next failure starts from the shortest wait.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_limit_and_start_over() {
        let mut backoff = Backoff::default();
        let longest: Vec<u32> = (0..7).map(|_| backoff.next_ms(0.999_999)).collect();
        assert_eq!(longest, [499, 999, 1999, 3999, 7999, 14_999, 14_999]);
        backoff.reset();
        assert_eq!(backoff.next_ms(0.0), 250);
    }

    #[test]
    fn a_long_outage_does_not_overflow() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next_ms(0.0), LONGEST_MS / 2);
    }
}
