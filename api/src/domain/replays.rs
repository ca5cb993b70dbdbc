//! Frames that a device kept while the server was away, and sends afterwards.
//!
//! Their time is the device's word. It is believed where the frames of that device come in their order, and where the
//! server itself did not hear from the feed at that time, which there was already; anything else is stored with its time
//! unproven. They have what live frames leave of the recognizer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, SemaphorePermit};
use types::FeedId;
use uuid::Uuid;

use crate::domain::hearing::SLACK;
use crate::error::ApiError;
use crate::models;
use crate::models::feeds::Feed;
use crate::state::App;

/// Kept frames of this process that the recognizer looks at at once.
const TURNS: usize = 2;
/// Devices of a feed whose order is remembered: one is right, and one more while it is exchanged.
const DEVICES: usize = 8;

/// Which device took a frame, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The device's own id.
    pub device: Uuid,
    /// Grows from frame to frame, also over restarts of the device.
    pub sequence: u64,
}

impl Origin {
    /// Reads what a sender says of a frame.
    ///
    /// # Errors
    /// 422 where one is given without the other.
    pub fn of(device: Option<Uuid>, sequence: Option<u64>) -> Result<Option<Self>, ApiError> {
        match (device, sequence) {
            (Some(device), Some(sequence)) => Ok(Some(Self { device, sequence })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(ApiError::invalid("sequence", "A device numbers its frames: send both.")),
            (None, Some(_)) => Err(ApiError::invalid("device", "Say which device numbered this frame.")),
        }
    }
}

/// The frame of a device that came last.
#[derive(Debug, Clone, Copy)]
struct Last {
    origin: Origin,
    captured_at: DateTime<Utc>,
}

/// The order of kept frames, and their turns at the recognizer.
#[derive(Debug)]
pub struct Replays {
    feeds: Mutex<HashMap<FeedId, Vec<Last>>>,
    turns: Semaphore,
}

impl Default for Replays {
    fn default() -> Self {
        Self { feeds: Mutex::default(), turns: Semaphore::new(TURNS) }
    }
}

impl Replays {
    /// Notes that a kept frame came; says whether number and time go on from the one before of its device. The first one
    /// after the start is taken as it comes, and so is the same one again.
    ///
    /// # Errors
    /// 422 for a lower number than the last.
    pub fn next(&self, feed: FeedId, origin: Origin, captured_at: DateTime<Utc>) -> Result<bool, ApiError> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let devices = feeds.entry(feed).or_default();
        let known = devices.iter().position(|last| last.origin.device == origin.device);
        let in_order = match known.map(|index| devices[index]) {
            Some(last) if origin.sequence < last.origin.sequence => {
                let what = format!(
                    "Send kept frames in their order: number {} of this device has come.",
                    last.origin.sequence
                );
                return Err(ApiError::invalid("sequence", what));
            }
            Some(last) if origin.sequence == last.origin.sequence => captured_at == last.captured_at,
            Some(last) => captured_at >= last.captured_at,
            None => true,
        };
        let before = known.map(|index| devices.remove(index).captured_at);
        devices.truncate(DEVICES - 1);
        devices.insert(0, Last { origin, captured_at: before.max(Some(captured_at)).unwrap_or(captured_at) });
        Ok(in_order)
    }

    /// A turn at the recognizer, which ends when it is dropped.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] while others have theirs, or the recognizer is `loaded`.
    pub fn turn(&self, loaded: bool) -> Result<SemaphorePermit<'_>, ApiError> {
        let busy = ApiError::TooManyRequests {
            message: "Kept frames wait while there is much to recognise. Send this one again shortly.",
            retry_after_s: 1,
        };
        if loaded { Err(busy) } else { self.turns.try_acquire().map_err(|_| busy) }
    }
}

/// Whether the capture time of a kept frame is believed.
///
/// # Errors
/// 422 for a frame that comes after a later one of its device, 503.
pub async fn is_proven(
    app: &App,
    feed: &Feed,
    origin: Option<Origin>,
    captured_at: DateTime<Utc>,
) -> Result<bool, ApiError> {
    let (feed, since) = (FeedId(feed.id), feed.created_at);
    let Some(origin) = origin else { return Ok(false) };
    if !app.replays.next(feed, origin, captured_at)? || captured_at < since {
        return Ok(false);
    }
    if app.hearing.was_away(feed, captured_at) {
        return Ok(true);
    }
    let around = (captured_at - SLACK, captured_at + SLACK);
    app.db.run(move |conn| Ok(models::feed_gaps::any_at(conn, feed.0, around)?)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: FeedId = FeedId(Uuid::from_u128(1));

    #[test]
    fn the_frames_of_each_device_come_in_their_order() {
        let replays = Replays::default();
        let next = |device, sequence, second: i64| {
            let origin = Origin { device: Uuid::from_u128(device), sequence };
            replays.next(FEED, origin, DateTime::from_timestamp(second, 0).expect("a time"))
        };
        assert!(next(1, 10, 100).expect("the first as it comes"));
        assert!(next(1, 10, 100).expect("again, after a crash"));
        assert!(!next(1, 10, 101).expect("the same number, another time"));
        assert!(next(1, 12, 102).expect("later"));
        assert!(next(2, 3, 50).expect("another device counts for itself"));
        assert!(!next(1, 13, 60).expect("back in time"));
        assert!(!next(1, 14, 101).expect("still before the latest"));
        let Err(ApiError::Invalid(fields)) = next(1, 13, 200) else { panic!("refused") };
        assert!(fields.contains_key("sequence"));
        assert!(next(1, 15, 200).expect("goes on"));
    }

    #[test]
    fn device_and_number_come_together() {
        let device = Some(Uuid::from_u128(1));
        assert!(Origin::of(device, None).is_err() && Origin::of(None, Some(1)).is_err());
        assert_eq!(Origin::of(None, None).expect("neither"), None);
        assert_eq!(Origin::of(device, Some(7)).expect("both").map(|one| one.sequence), Some(7));
    }

    #[test]
    fn turns_are_few_and_none_while_the_recognizer_is_loaded() {
        let replays = Replays::default();
        assert!(replays.turn(true).is_err());
        let turns: Vec<_> = (0..TURNS).map(|_| replays.turn(false).expect("a turn")).collect();
        assert!(replays.turn(false).is_err());
        drop(turns);
        assert!(replays.turn(false).is_ok());
    }
}
