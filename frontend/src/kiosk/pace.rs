//! How often a picture is sent: seldom while nobody is there, as often as the feed allows while somebody is.

/// Pictures a second while no face is seen.
const IDLE: u16 = 2;
/// Most pictures a second while one is: more do not make a decision any sooner.
const ACTIVE: u16 = 10;
/// How long a face counts as there after it was seen last, in milliseconds.
const LINGER_MS: f64 = 3_000.0;

/// What is known of faces. Times are in milliseconds on any one clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    seen_ms: Option<f64>,
}

impl Pace {
    /// A picture was answered.
    pub fn answered(&mut self, faces: usize, now_ms: f64) {
        if faces > 0 {
            self.seen_ms = Some(now_ms);
        }
    }

    /// Whether somebody is there.
    pub fn is_active(&self, now_ms: f64) -> bool {
        self.seen_ms.is_some_and(|seen| now_ms - seen < LINGER_MS)
    }

    /// Pictures a second from now on, where the feed takes at most `max_fps`.
    pub fn per_second(&self, max_fps: u16, now_ms: f64) -> u16 {
        let wanted = if self.is_active(now_ms) { ACTIVE } else { IDLE };
        wanted.min(max_fps).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_the_faces() {
        let mut pace = Pace::default();
        assert_eq!(pace.per_second(15, 0.0), 2);
        pace.answered(0, 100.0);
        assert_eq!(pace.per_second(15, 100.0), 2);
        pace.answered(1, 1_000.0);
        assert_eq!(pace.per_second(15, 1_000.0), 10);
        pace.answered(0, 2_000.0);
        assert_eq!(pace.per_second(15, 3_999.0), 10, "a face that turns away for a moment is still there");
        assert_eq!(pace.per_second(15, 4_000.0), 2);
    }

    #[test]
    fn the_feed_has_the_last_word() {
        let mut pace = Pace::default();
        assert_eq!(pace.per_second(1, 0.0), 1);
        pace.answered(2, 0.0);
        assert_eq!(pace.per_second(5, 0.0), 5);
        assert_eq!(pace.per_second(0, 0.0), 1);
    }
}
