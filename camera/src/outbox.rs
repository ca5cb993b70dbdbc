//! Between choosing frames and sending them: which one goes next, and which are kept when none can go.
//!
//! One frame is under way, one waits, the newest wins. While an answer is out, frames with motion that a newer one
//! replaced are held in memory: if the answer comes, they are dropped; if it is overdue or the connection breaks, they
//! are kept with the one that was under way, so a cut loses nothing that moved. A frame that is kept and was answered
//! after all is the same frame to the server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use crate::clock::Stamp;
use crate::health::Health;
use crate::pace::Rate;
use crate::picture::Picture;

/// An answer that is out for longer may not come.
const OVERDUE: Duration = Duration::from_secs(1);
/// Frames a second that are kept while something moves: whoever passes in two seconds is on ten of them.
pub const KEPT_FPS: f32 = 5.0;
/// Frames that are held in memory at most.
const HELD: usize = 8;

/// A frame that was chosen.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The picture as it came.
    pub picture: Picture,
    /// When it was taken.
    pub stamp: Stamp,
    /// Its number.
    pub sequence: u64,
    /// Something moves in it.
    pub moving: bool,
    /// The server's last answer had a face that was not settled.
    pub undecided: bool,
}

impl Frame {
    fn worth_keeping(&self) -> bool {
        self.moving || self.undecided
    }
}

/// Frames on their way out.
#[derive(Debug)]
pub struct Outbox {
    inner: Mutex<Inner>,
    came: Notify,
    kept: mpsc::Sender<Frame>,
    health: Arc<Health>,
}

#[derive(Debug, Default)]
struct Inner {
    up: bool,
    paused_until: Option<Instant>,
    waiting: Option<Frame>,
    under_way: Option<UnderWay>,
    held: Vec<Frame>,
    rate: Rate,
}

#[derive(Debug)]
struct UnderWay {
    since: Instant,
    frame: Frame,
    kept: bool,
}

impl Inner {
    fn can_send(&self, now: Instant) -> bool {
        let paused = self.paused_until.is_some_and(|until| now < until);
        let overdue = self.under_way.as_ref().is_some_and(|sent| now.duration_since(sent.since) > OVERDUE);
        self.up && !paused && !overdue
    }
}

impl Outbox {
    /// Begins without a connection; frames to keep go to `kept`.
    pub fn new(kept: mpsc::Sender<Frame>, health: Arc<Health>) -> Self {
        Self { inner: Mutex::default(), came: Notify::new(), kept, health }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a frame that was chosen.
    pub fn offer(&self, frame: Frame, now: Instant) {
        let mut inner = self.inner();
        if inner.can_send(now) {
            if let Some(older) = inner.waiting.replace(frame) {
                self.hold(&mut inner, older, now);
            }
            drop(inner);
            self.came.notify_one();
            return;
        }
        self.keep_all(&mut inner);
        if !frame.worth_keeping() {
            self.health.count(|frames| &mut frames.still);
        } else if inner.rate.pass(now, KEPT_FPS) {
            self.keep(frame);
        } else {
            self.health.count(|frames| &mut frames.dropped);
        }
    }

    /// A newer frame came before this one was sent.
    fn hold(&self, inner: &mut Inner, frame: Frame, now: Instant) {
        if inner.under_way.is_some() && frame.worth_keeping() && inner.rate.pass(now, KEPT_FPS) {
            inner.held.push(frame);
            if inner.held.len() <= HELD {
                return;
            }
            inner.held.remove(0);
        }
        self.health.count(|frames| &mut frames.dropped);
    }

    /// Keeps whatever is under way, held or waiting, in the order of their numbers.
    fn keep_all(&self, inner: &mut Inner) {
        if let Some(sent) = &mut inner.under_way
            && !std::mem::replace(&mut sent.kept, true)
            && sent.frame.worth_keeping()
        {
            self.keep(sent.frame.clone());
        }
        let held = std::mem::take(&mut inner.held);
        let waiting = inner.waiting.take();
        for frame in held.into_iter().chain(waiting) {
            if frame.worth_keeping() {
                self.keep(frame);
            } else {
                self.health.count(|frames| &mut frames.still);
            }
        }
    }

    fn keep(&self, frame: Frame) {
        // The lock is held, so frames are kept in order. A disk that is too slow for a few frames a second loses some.
        if self.kept.try_send(frame).is_err() {
            self.health.count(|frames| &mut frames.lost);
        }
    }

    /// There is a connection.
    pub fn connected(&self) {
        let mut inner = self.inner();
        inner.up = true;
        inner.paused_until = None;
    }

    /// There is no connection any more.
    pub fn disconnected(&self) {
        let mut inner = self.inner();
        inner.up = false;
        self.keep_all(&mut inner);
        inner.under_way = None;
    }

    /// Waits for a frame to send; it is under way from then on.
    pub async fn take(&self) -> Frame {
        loop {
            let came = self.came.notified();
            if let Some(frame) = self.take_waiting() {
                return frame;
            }
            came.await;
        }
    }

    fn take_waiting(&self) -> Option<Frame> {
        let mut inner = self.inner();
        let frame = inner.waiting.take()?;
        inner.under_way = Some(UnderWay { since: Instant::now(), frame: frame.clone(), kept: false });
        Some(frame)
    }

    /// The frame under way was answered, or refused for good.
    pub fn answered(&self) {
        let mut inner = self.inner();
        inner.under_way = None;
        let held = std::mem::take(&mut inner.held).len();
        drop(inner);
        self.health.count_many(|frames| &mut frames.dropped, held as u64);
    }

    /// The server takes no frame for a while: the one under way is kept, and those of that time.
    pub fn pause(&self, now: Instant, time: Duration) {
        let mut inner = self.inner();
        self.keep_all(&mut inner);
        inner.under_way = None;
        inner.paused_until = Some(now + time);
    }

    /// Whether frames that wait on disk may be sent: there is a connection, and no live frame waits for it.
    pub fn is_free(&self, now: Instant) -> bool {
        let inner = self.inner();
        inner.can_send(now) && inner.waiting.is_none()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn frame(sequence: u64, moving: bool) -> Frame {
        let stamp = Stamp { captured_at: chrono::DateTime::UNIX_EPOCH, drift_ms: 0, before_contact: false };
        Frame { picture: Picture::Jpeg(Bytes::new()), stamp, sequence, moving, undecided: false }
    }

    struct Fixture {
        outbox: Outbox,
        kept: mpsc::Receiver<Frame>,
        health: Arc<Health>,
        start: Instant,
    }

    impl Fixture {
        fn new() -> Self {
            let (sender, kept) = mpsc::channel(32);
            let health = Arc::new(Health::default());
            Self { outbox: Outbox::new(sender, health.clone()), kept, health, start: Instant::now() }
        }

        fn offer(&self, sequence: u64, moving: bool, after_ms: u64) {
            self.outbox.offer(frame(sequence, moving), self.start + Duration::from_millis(after_ms));
        }

        fn kept(&mut self) -> Vec<u64> {
            std::iter::from_fn(|| self.kept.try_recv().ok()).map(|frame| frame.sequence).collect()
        }
    }

    #[test]
    fn the_newest_wins_while_answers_come() {
        let mut fixture = Fixture::new();
        fixture.outbox.connected();
        fixture.offer(1, true, 0);
        fixture.offer(2, true, 100);
        assert_eq!(fixture.outbox.take_waiting().expect("a frame").sequence, 2);
        fixture.offer(3, true, 200);
        fixture.offer(4, true, 300);
        fixture.outbox.answered();
        assert_eq!(fixture.outbox.take_waiting().expect("a frame").sequence, 4);
        assert_eq!(fixture.kept(), [0; 0]);
        assert_eq!(fixture.health.counts().dropped, 2);
    }

    #[test]
    fn a_cut_keeps_all_that_moved_in_order() {
        let mut fixture = Fixture::new();
        fixture.outbox.connected();
        fixture.offer(1, true, 0);
        assert!(fixture.outbox.take_waiting().is_some());
        for (sequence, after) in [(2, 200), (3, 400), (4, 600)] {
            fixture.offer(sequence, true, after);
        }
        fixture.outbox.disconnected();
        assert_eq!(fixture.kept(), [1, 2, 3, 4]);
        fixture.offer(5, true, 800);
        fixture.offer(6, false, 1000);
        fixture.offer(7, true, 1200);
        assert_eq!(fixture.kept(), [5, 7]);
        assert_eq!(fixture.health.counts().still, 1);
        fixture.outbox.connected();
        fixture.offer(8, true, 1400);
        assert_eq!(fixture.outbox.take_waiting().expect("a frame").sequence, 8);
    }

    #[test]
    fn an_overdue_answer_is_taken_for_a_cut() {
        let mut fixture = Fixture::new();
        fixture.outbox.connected();
        fixture.offer(1, true, 0);
        assert!(fixture.outbox.take_waiting().is_some());
        fixture.offer(2, true, 500);
        assert_eq!(fixture.kept(), [0; 0]);
        fixture.offer(3, true, 1500);
        assert_eq!(fixture.kept(), [1, 2, 3]);
        fixture.offer(4, true, 1800);
        fixture.outbox.disconnected();
        assert_eq!(fixture.kept(), [4], "none twice");
    }

    #[test]
    fn while_the_server_is_busy_frames_are_kept_at_a_lower_rate() {
        let mut fixture = Fixture::new();
        fixture.outbox.connected();
        fixture.offer(1, true, 0);
        assert!(fixture.outbox.take_waiting().is_some());
        fixture.outbox.pause(fixture.start, Duration::from_secs(2));
        assert!(!fixture.outbox.is_free(fixture.start));
        for step in 0..20 {
            fixture.offer(2 + step, true, step * 50);
        }
        let kept = fixture.kept();
        assert_eq!(kept.first(), Some(&1));
        assert!((5..=7).contains(&kept.len()), "{kept:?}");
        assert!(fixture.outbox.is_free(fixture.start + Duration::from_secs(3)));
    }
}
