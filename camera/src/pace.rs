//! How many frames are sent and how large they are: few while nothing moves, and less of each while the line is slow.

use std::time::{Duration, Instant};

use types::DeviceSettings;

/// After motion the rate stays high for this long: who came in is still to be seen.
const AFTER_MOTION: Duration = Duration::from_secs(2);
/// An answer with an unsettled face keeps the rate high for this long.
const AFTER_DOUBT: Duration = Duration::from_secs(3);

/// What holds now: the admin's settings and the feed's limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Set on the admin's page.
    pub settings: DeviceSettings,
    /// Frames a second that the feed accepts; 0: not known.
    pub max_fps: u16,
}

impl Rules {
    fn limited(&self, fps: f32) -> f32 {
        let most = if self.max_fps == 0 { 30.0 } else { f32::from(self.max_fps) };
        fps.min(most).max(0.05)
    }

    /// Frames a second while something moves.
    pub fn active_fps(&self) -> f32 {
        self.limited(self.settings.active_fps)
    }

    /// Frames a second while nothing moves.
    pub fn idle_fps(&self) -> f32 {
        self.limited(self.settings.idle_fps)
    }
}

/// Lets so many pass a second, evenly, though they come unevenly.
#[derive(Debug, Default)]
pub struct Rate {
    due: Option<Instant>,
}

impl Rate {
    /// Whether one may pass now.
    pub fn pass(&mut self, now: Instant, fps: f32) -> bool {
        let period = Duration::from_secs_f32(1.0 / fps);
        let due = self.due.unwrap_or(now);
        // A rate that grew does not wait for what was due at the old one.
        let due = due.min(now + period + period / 4);
        if now + period / 4 < due {
            self.due = Some(due);
            return false;
        }
        // A source that paused may not make up for it.
        self.due = Some(due.max(now.checked_sub(period).unwrap_or(now)) + period);
        true
    }
}

/// Whether the rate is the high one.
#[derive(Debug, Default)]
pub struct Activity {
    moved: Option<Instant>,
    doubt: Option<Instant>,
}

impl Activity {
    /// Something moved.
    pub fn moved(&mut self, now: Instant) {
        self.moved = Some(now);
    }

    /// The server's last answer had, or had not, a face that is not settled.
    pub fn answered(&mut self, now: Instant, uncertain: bool) {
        self.doubt = uncertain.then_some(now);
    }

    /// Something moves or moved a moment ago.
    pub fn moving(&self, now: Instant) -> bool {
        self.moved.is_some_and(|at| now.saturating_duration_since(at) < AFTER_MOTION)
    }

    /// A face is not settled.
    pub fn undecided(&self, now: Instant) -> bool {
        self.doubt.is_some_and(|at| now.saturating_duration_since(at) < AFTER_DOUBT)
    }
}

/// Quality and width by what the line bears: a step down after five slow frames, a step up after forty quick ones.
#[derive(Debug, Default)]
pub struct Economy {
    step: u8,
    slow: u8,
    quick: u8,
}

/// Sending that takes longer than this, beyond the server's own work, is slow.
const SLOW: Duration = Duration::from_millis(350);
/// Sending that takes less is quick.
const QUICK: Duration = Duration::from_millis(120);
const MOST_STEPS: u8 = 6;

impl Economy {
    /// A frame was sent; `line` is the round trip less what the server worked. Returns whether the step changed.
    pub fn sent(&mut self, line: Duration) -> bool {
        let before = self.step;
        if line > SLOW {
            (self.slow, self.quick) = (self.slow + 1, 0);
        } else if line < QUICK {
            (self.quick, self.slow) = (self.quick + 1, 0);
        } else {
            (self.slow, self.quick) = (0, 0);
        }
        if self.slow >= 5 {
            self.step = (self.step + 1).min(MOST_STEPS);
            self.slow = 0;
        } else if self.quick >= 40 {
            self.step = self.step.saturating_sub(1);
            self.quick = 0;
        }
        self.step != before
    }

    /// How many steps down it is.
    pub fn step(&self) -> u8 {
        self.step
    }

    /// Width and quality of the next JPEG: three steps of quality, then three of width.
    pub fn measures(&self, settings: &DeviceSettings) -> (u16, u8) {
        let quality = settings.jpeg_quality.saturating_sub(10 * self.step.min(3)).max(40);
        let narrow =
            (0..self.step.saturating_sub(3)).fold(u32::from(settings.max_width), |width, _| width * 3 / 4);
        let floor = settings.max_width.min(640);
        (u16::try_from(narrow).unwrap_or(floor).max(floor), quality.min(settings.jpeg_quality))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(source_fps: f32, fps: f32, seconds: f32) -> usize {
        let (start, mut rate) = (Instant::now(), Rate::default());
        let frames = (source_fps * seconds) as u32;
        let at = |frame: u32| {
            // Every other frame comes a tenth of a period late.
            let late = if frame.is_multiple_of(2) { 0.0 } else { 0.1 };
            start + Duration::from_secs_f32((frame as f32 + late) / source_fps)
        };
        (0..frames).filter(|&frame| rate.pass(at(frame), fps)).count()
    }

    #[test]
    fn the_rate_is_met_and_never_passed() {
        for (source, wanted, expected) in
            [(25.0, 10.0, 100), (10.0, 10.0, 100), (30.0, 1.0, 10), (30.0, 0.5, 5), (5.0, 10.0, 50)]
        {
            let count = passed(source, wanted, 10.0);
            assert!(count.abs_diff(expected) <= 1, "{source} → {wanted}: {count}");
        }
    }

    #[test]
    fn motion_does_not_wait_for_what_was_due_while_idle() {
        let (start, mut rate) = (Instant::now(), Rate::default());
        assert!(rate.pass(start, 0.1));
        assert!(!rate.pass(start + Duration::from_secs(1), 0.1));
        assert!(!rate.pass(start + Duration::from_millis(1010), 10.0));
        assert!(rate.pass(start + Duration::from_millis(1130), 10.0));
    }

    #[test]
    fn the_rate_is_high_while_something_moves_or_is_undecided() {
        let (now, mut activity) = (Instant::now(), Activity::default());
        assert!(!activity.moving(now) && !activity.undecided(now));
        activity.moved(now);
        activity.answered(now, true);
        assert!(
            activity.moving(now + Duration::from_secs(1)) && activity.undecided(now + Duration::from_secs(1))
        );
        assert!(
            !activity.moving(now + Duration::from_secs(3))
                && !activity.undecided(now + Duration::from_secs(3))
        );
        activity.answered(now, false);
        assert!(!activity.undecided(now));
    }

    #[test]
    fn no_rate_is_above_the_feeds() {
        let settings = DeviceSettings { active_fps: 20.0, idle_fps: 2.0, ..DeviceSettings::default() };
        let rules = |max_fps| Rules { settings, max_fps };
        assert_eq!((rules(15).active_fps(), rules(15).idle_fps()), (15.0, 2.0));
        assert_eq!((rules(1).active_fps(), rules(1).idle_fps()), (1.0, 1.0));
        assert_eq!(rules(0).active_fps(), 20.0);
    }

    #[test]
    fn a_slow_line_makes_frames_smaller_step_by_step_and_a_quick_one_larger() {
        let settings = DeviceSettings::default();
        let mut economy = Economy::default();
        assert_eq!(economy.measures(&settings), (1280, 80));
        let mut seen = vec![];
        for _ in 0..40 {
            if economy.sent(Duration::from_secs(1)) {
                seen.push(economy.measures(&settings));
            }
        }
        assert_eq!(seen, [(1280, 70), (1280, 60), (1280, 50), (960, 50), (720, 50), (640, 50)]);
        for _ in 0..240 {
            economy.sent(Duration::from_millis(20));
        }
        assert_eq!(economy.measures(&settings), (1280, 80));
        let frugal = DeviceSettings { jpeg_quality: 40, max_width: 320, ..settings };
        let worst = Economy { step: MOST_STEPS, ..Economy::default() };
        assert_eq!(worst.measures(&frugal), (320, 40));
    }
}
