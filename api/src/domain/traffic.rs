//! What each feed sends: its rate, the faces it asks about, and one log line a minute.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use types::FeedId;

use crate::error::ApiError;
use crate::models;
use crate::state::App;

const MINUTE: Duration = Duration::from_secs(60);
/// A camera at a door sees a school enter, one track a face; a stolen token that walks through an album is
/// stopped here. Tracks break and begin anew, so this is far above the people who can pass in a minute.
const FACES_A_MINUTE: usize = 240;
/// Unknown faces of a feed that are kept for review in a minute: a door where strangers pass, not an album.
const REVIEWS_A_MINUTE: u32 = 20;
/// A feed counts as live for this long after its last frame.
const LIVE: TimeDelta = TimeDelta::seconds(10);

/// When a frame was taken, as far as its share of the feed's rate goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Now.
    Now,
    /// A while ago, and its sender kept it.
    Before,
    /// A while ago, by the word of somebody who may date frames back.
    BackDated,
}

#[derive(Debug)]
struct FeedTraffic {
    /// Frames that may come at once; refilled at the feed's rate, up to one second's worth.
    permits: f64,
    refilled: Instant,
    last_frame: Option<DateTime<Utc>>,
    minute_began: Instant,
    tracks: HashSet<String>,
    /// Those of frames that were kept: they take nothing from the frames of now.
    kept_tracks: HashSet<String>,
    frames: u64,
    kept: u64,
    refused: u64,
    failed: u64,
    arrivals: u64,
    /// Faces offered to the review queue.
    reviewed: u32,
}

impl FeedTraffic {
    fn new(max_fps: u16) -> Self {
        let now = Instant::now();
        Self {
            permits: f64::from(max_fps),
            refilled: now,
            last_frame: None,
            minute_began: now,
            tracks: HashSet::new(),
            kept_tracks: HashSet::new(),
            frames: 0,
            kept: 0,
            refused: 0,
            failed: 0,
            arrivals: 0,
            reviewed: 0,
        }
    }

    fn summarise(&mut self, feed: FeedId) {
        if self.minute_began.elapsed() >= MINUTE {
            tracing::info!(
                feed.id = %feed,
                feed.frames = self.frames,
                feed.kept = self.kept,
                feed.refused = self.refused,
                feed.failed = self.failed,
                feed.tracks = self.tracks.len(),
                feed.arrivals = self.arrivals,
                "feed, last minute"
            );
            self.minute_began = Instant::now();
            self.tracks.clear();
            self.kept_tracks.clear();
            (self.frames, self.kept, self.refused, self.failed, self.arrivals) = (0, 0, 0, 0, 0);
            self.reviewed = 0;
        }
    }
}

/// The traffic of all feeds of this process.
#[derive(Debug, Default)]
pub struct Traffic {
    feeds: Mutex<HashMap<FeedId, FeedTraffic>>,
    /// Faces that are not yet in the database's daily count.
    faces: AtomicI64,
}

impl Traffic {
    fn with<T>(&self, feed: FeedId, max_fps: u16, work: impl FnOnce(&mut FeedTraffic) -> T) -> T {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        work(feeds.entry(feed).or_insert_with(|| FeedTraffic::new(max_fps)))
    }

    /// Lets a frame in, or refuses it over the rate. One that its sender kept gets what frames of now leave: half of a
    /// second's worth, and never the last.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`].
    pub fn admit(
        &self,
        feed: FeedId,
        max_fps: u16,
        now: DateTime<Utc>,
        taken: Taken,
    ) -> Result<(), ApiError> {
        self.with(feed, max_fps, |traffic| {
            traffic.summarise(feed);
            let rate = f64::from(max_fps);
            // A feed of one frame a second must have one to leave, too.
            let most = rate.max(2.0);
            traffic.permits = (traffic.permits + traffic.refilled.elapsed().as_secs_f64() * rate).min(most);
            traffic.refilled = Instant::now();
            let too_many = |message| ApiError::TooManyRequests { message, retry_after_s: 1 };
            if taken == Taken::Before && traffic.permits < 2.0f64.max(rate / 2.0 + 1.0) {
                return Err(too_many(
                    "Kept frames have what frames of now leave of the feed's rate (max_fps).",
                ));
            }
            if traffic.permits < 1.0 {
                traffic.refused += 1;
                return Err(too_many("This feed sends more frames a second than it may (max_fps)."));
            }
            let tracks = if taken == Taken::Now { &traffic.tracks } else { &traffic.kept_tracks };
            if tracks.len() >= FACES_A_MINUTE {
                traffic.refused += 1;
                return Err(too_many(
                    "This feed shows more different faces a minute than people can pass a camera.",
                ));
            }
            traffic.permits -= 1.0;
            if taken == Taken::Now {
                traffic.frames += 1;
                traffic.last_frame = Some(now);
            } else {
                traffic.kept += 1;
            }
            Ok(())
        })
    }

    /// Notes the tracks in a frame.
    pub fn saw<'a>(&self, feed: FeedId, tracks: impl Iterator<Item = &'a str>, kept: bool) {
        self.with(feed, 1, |traffic| {
            let seen = if kept { &mut traffic.kept_tracks } else { &mut traffic.tracks };
            seen.extend(tracks.map(str::to_owned));
        });
    }

    /// Notes faces that were not in view before.
    pub fn new_faces(&self, count: usize) {
        self.faces.fetch_add(i64::try_from(count).unwrap_or(0), Ordering::Relaxed);
    }

    /// Faces that are not yet in the database's daily count.
    pub fn uncounted_faces(&self) -> i64 {
        self.faces.load(Ordering::Relaxed)
    }

    /// Lets a face into the review queue, or not, over the feed's share of a minute.
    pub fn may_review(&self, feed: FeedId) -> bool {
        self.with(feed, 1, |traffic| {
            let may = traffic.reviewed < REVIEWS_A_MINUTE;
            traffic.reviewed += u32::from(may);
            may
        })
    }

    /// Notes a frame that could not be answered.
    pub fn failed(&self, feed: FeedId) {
        self.with(feed, 1, |traffic| traffic.failed += 1);
    }

    /// Notes an arrival.
    pub fn arrived(&self, feed: FeedId) {
        self.with(feed, 1, |traffic| traffic.arrivals += 1);
    }

    /// When each feed last sent a frame of now to this process.
    pub fn last_frames(&self) -> HashMap<FeedId, DateTime<Utc>> {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.iter().filter_map(|(feed, traffic)| Some((*feed, traffic.last_frame?))).collect()
    }
}

/// Adds the faces that this process saw to the day's count.
///
/// # Errors
/// When the database fails; they are added the next time.
pub fn write_down_faces(conn: &mut PgConnection, app: &App) -> Result<(), ApiError> {
    let faces = app.traffic.uncounted_faces();
    if faces > 0 {
        models::packs::count_faces(conn, Utc::now().date_naive(), faces)?;
        app.traffic.faces.fetch_sub(faces, Ordering::Relaxed);
    }
    Ok(())
}

/// Whether a feed that was last seen then is live now.
pub fn is_live(last_frame: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_frame.is_some_and(|at| now - at < LIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed() -> FeedId {
        FeedId(uuid::Uuid::from_u128(7))
    }

    #[test]
    fn a_burst_of_one_second_passes_and_then_the_rate_holds() {
        let traffic = Traffic::default();
        let admitted = (0..40).filter(|_| traffic.admit(feed(), 15, Utc::now(), Taken::Now).is_ok()).count();
        assert!((15..=18).contains(&admitted), "{admitted}");
    }

    #[test]
    fn kept_frames_leave_half_to_those_of_now_and_count_as_no_sign_of_life() {
        let traffic = Traffic::default();
        let admitted = |max_fps, taken, count: usize| {
            (0..count).filter(|_| traffic.admit(feed(), max_fps, Utc::now(), taken).is_ok()).count()
        };
        let kept = admitted(60, Taken::Before, 60);
        assert!((30..=33).contains(&kept), "{kept}");
        assert!(traffic.last_frames().is_empty());
        assert_eq!(admitted(60, Taken::Now, 25), 25, "frames of now still pass");
        assert!(traffic.last_frames().contains_key(&feed()));
    }

    #[test]
    fn faces_of_kept_frames_do_not_stop_those_of_now() {
        let traffic = Traffic::default();
        let tracks: Vec<String> = (0..FACES_A_MINUTE).map(|n| format!("e-{n}")).collect();
        assert!(traffic.admit(feed(), 60, Utc::now(), Taken::Before).is_ok());
        traffic.saw(feed(), tracks.iter().map(String::as_str), true);
        assert!(traffic.admit(feed(), 60, Utc::now(), Taken::Before).is_err());
        assert!(traffic.admit(feed(), 60, Utc::now(), Taken::Now).is_ok());
    }

    #[test]
    fn a_feed_that_shows_an_album_of_faces_is_stopped() {
        let traffic = Traffic::default();
        assert!(traffic.admit(feed(), 60, Utc::now(), Taken::Now).is_ok());
        let tracks: Vec<String> = (0..FACES_A_MINUTE).map(|n| format!("e-{n}")).collect();
        traffic.saw(feed(), tracks.iter().map(String::as_str), false);
        assert!(matches!(
            traffic.admit(feed(), 60, Utc::now(), Taken::Now),
            Err(ApiError::TooManyRequests { .. })
        ));
    }
}
