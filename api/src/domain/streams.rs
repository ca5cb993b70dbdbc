//! Streams: what is known of the faces that one camera sees at the moment.
//!
//! Frames of a stream are handled one after the other. Ten seconds of silence end it; then, and when the
//! recognizer starts again (its track ids carry a new epoch), everything is undecided anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use types::{ArrivalId, FeedId};
use uuid::Uuid;

use crate::domain::liveness::Presented;

use decision::{Evidence, Verdict};

const SILENCE: Duration = Duration::from_secs(10);
/// Between kept frames further apart than this a face may have gone and another come to its place: as long as the
/// recognizer follows a face that it does not see.
const FOLLOWED: TimeDelta = TimeDelta::seconds(2);

/// Names a stream: a feed and a name within it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// The feed.
    pub feed: FeedId,
    /// The name its sender gave it.
    pub name: String,
}

/// A track: its evidence, and the arrival that stands for it.
#[derive(Debug)]
pub struct Track {
    last_seen: Instant,
    /// What its frames say.
    pub evidence: Evidence,
    /// What its newest embedding says; none in a frame that brought none.
    pub verdict: Option<Verdict>,
    /// What shows that a live person stands there.
    pub presented: Presented,
    /// It was offered to the review queue.
    pub reviewed: bool,
    /// The comparison score of the best candidate in its newest embedding.
    pub best_score: Option<f32>,
    /// The arrival and until when it stands for a sighting.
    pub arrival: Option<(ArrivalId, DateTime<Utc>)>,
}

impl Default for Track {
    fn default() -> Self {
        Self {
            last_seen: Instant::now(),
            evidence: Evidence::default(),
            verdict: None,
            presented: Presented::default(),
            reviewed: false,
            best_score: None,
            arrival: None,
        }
    }
}

/// One camera's view.
#[derive(Debug)]
pub struct Stream {
    /// What the recognizer knows the stream by; never used twice.
    pub recognizer_id: String,
    /// Its tracks.
    pub tracks: HashMap<String, Track>,
    /// The model pack that its evidence is from.
    pack: Option<String>,
    epoch: Option<String>,
    last_frame: Instant,
    captured_at: Option<DateTime<Utc>>,
}

impl Stream {
    fn new() -> Self {
        Self {
            recognizer_id: Uuid::new_v4().simple().to_string(),
            tracks: HashMap::new(),
            pack: None,
            epoch: None,
            last_frame: Instant::now(),
            captured_at: None,
        }
    }

    /// Notes when the next frame was captured. Kept frames come faster than they were taken, so the time between them is
    /// theirs and not the clock's: after a longer one the stream begins anew.
    pub fn go_on_at(&mut self, captured_at: DateTime<Utc>) {
        if self.captured_at.is_some_and(|before| (captured_at - before).abs() > FOLLOWED) {
            *self = Self::new();
        }
        self.captured_at = Some(captured_at);
    }

    /// Notes which pack judges the next frame. What another pack said of the tracks is dropped, and the
    /// recognizer begins anew too.
    pub fn use_pack(&mut self, pack: &str) {
        if self.pack.as_deref() != Some(pack) {
            *self = Self { pack: Some(pack.to_owned()), captured_at: self.captured_at, ..Self::new() };
        }
    }

    /// Notes which tracks are in view and says how many were not before. Tracks of an older epoch are dropped, and
    /// those out of view for longer than the silence that ends a stream.
    pub fn see(&mut self, in_view: &[&str]) -> usize {
        let now = Instant::now();
        let mut new = 0;
        if let Some((epoch, _)) = in_view.first().and_then(|track| track.rsplit_once('-')) {
            if self.epoch.as_deref().is_some_and(|known| known != epoch) {
                self.tracks.clear();
            }
            self.epoch = Some(epoch.to_owned());
        }
        for track in in_view {
            new += usize::from(!self.tracks.contains_key(*track));
            self.tracks.entry((*track).to_owned()).or_default().last_seen = now;
        }
        self.tracks.retain(|_, track| now - track.last_seen < SILENCE);
        new
    }
}

/// All streams of this process.
#[derive(Debug, Default)]
pub struct Streams {
    streams: Mutex<HashMap<StreamKey, Arc<tokio::sync::Mutex<Stream>>>>,
}

impl Streams {
    /// The stream of this name, ready for its next frame. Streams that fell silent are forgotten on the way.
    pub async fn next_frame(&self, key: &StreamKey) -> tokio::sync::OwnedMutexGuard<Stream> {
        let stream = {
            let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            streams.retain(|_, stream| stream.try_lock().map_or(true, |s| s.last_frame.elapsed() < SILENCE));
            Arc::clone(streams.entry(key.clone()).or_insert_with(|| Arc::new(Stream::new().into())))
        };
        let mut guard = stream.lock_owned().await;
        guard.last_frame = Instant::now();
        guard
    }

    /// Forgets a stream, as when its socket closes.
    pub fn end(&self, key: &StreamKey) {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_epoch_drops_every_track_of_the_old_one() {
        let mut stream = Stream::new();
        let names = |stream: &Stream| {
            let mut names: Vec<String> = stream.tracks.keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(stream.see(&["aa-1", "aa-2"]), 2);
        assert_eq!(stream.see(&["aa-2", "aa-3"]), 1);
        assert_eq!(names(&stream), ["aa-1", "aa-2", "aa-3"], "a face may be missed for a frame");
        stream.see(&[]);
        assert_eq!(stream.tracks.len(), 3);
        stream.see(&["bb-2"]);
        assert_eq!(names(&stream), ["bb-2"]);
    }

    #[test]
    fn kept_frames_far_apart_are_not_one_view() {
        let mut stream = Stream::new();
        let at = |second| DateTime::from_timestamp(second, 0).expect("a time");
        stream.go_on_at(at(0));
        stream.see(&["aa-1"]);
        let name = stream.recognizer_id.clone();
        stream.go_on_at(at(2));
        assert_eq!((stream.tracks.len(), &stream.recognizer_id), (1, &name));
        stream.go_on_at(at(60));
        assert_eq!(stream.tracks.len(), 0);
        assert_ne!(stream.recognizer_id, name);
    }

    #[test]
    fn another_pack_begins_anew_under_another_name() {
        let mut stream = Stream::new();
        stream.use_pack("one");
        stream.see(&["aa-1"]);
        let name = stream.recognizer_id.clone();
        stream.use_pack("one");
        assert_eq!((stream.tracks.len(), &stream.recognizer_id), (1, &name));
        stream.use_pack("other");
        assert_eq!(stream.tracks.len(), 0);
        assert_ne!(stream.recognizer_id, name);
    }
}
