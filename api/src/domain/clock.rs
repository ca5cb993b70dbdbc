//! When an arrival was: server time rules, a sender's capture time counts within limits.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::error::ApiError;

/// How far a sender's clock may be ahead.
const AHEAD: TimeDelta = TimeDelta::seconds(5);
/// How long a device may have kept a frame.
const KEPT: TimeDelta = TimeDelta::hours(72);
/// From this age on a frame is a replay, not a slow network.
const REPLAY: TimeDelta = TimeDelta::seconds(15);

/// The time of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTime {
    /// When it was captured, as far as the sender may be believed.
    pub captured_at: DateTime<Utc>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// It is a replay that nothing but its sender's word dates.
    pub unproven: bool,
}

impl FrameTime {
    /// Whether the frame was kept by its sender for a while.
    pub fn is_replay(&self) -> bool {
        self.received_at - self.captured_at >= REPLAY
    }
}

/// Checks that a time lies in the years 1900 to 9999: calendars of other programs, PostgreSQL's among them, do not
/// go as far as a request can.
///
/// # Errors
/// 422 that names `field`.
pub fn check_range(field: &str, time: Option<DateTime<Utc>>) -> Result<(), ApiError> {
    match time {
        Some(time) if !(1900..=9999).contains(&time.year()) => {
            Err(ApiError::invalid(field, "Use a time from the year 1900 to 9999."))
        }
        _ => Ok(()),
    }
}

/// Judges the capture time of a frame.
///
/// # Errors
/// 422 for a time in the future, or from a device further back than it can have kept frames. Whoever
/// `may_backdate` dates a frame back without limit; the arrival is audited. Anybody else's replay is unproven until
/// something speaks for it (`domain/replays.rs`).
pub fn frame_time(
    captured_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
    may_backdate: bool,
) -> Result<FrameTime, ApiError> {
    check_range("captured_at", captured_at)?;
    let Some(captured_at) = captured_at else {
        return Ok(FrameTime { captured_at: received_at, received_at, unproven: false });
    };
    if captured_at > received_at + AHEAD {
        return Err(ApiError::invalid(
            "captured_at",
            format!("{captured_at} lies in the future: set the sender's clock; it is {received_at} here."),
        ));
    }
    if !may_backdate && captured_at < received_at - KEPT {
        return Err(ApiError::invalid("captured_at", "A device may send frames of the last 72 hours only."));
    }
    let time = FrameTime { captured_at: captured_at.min(received_at), received_at, unproven: false };
    Ok(FrameTime { unproven: !may_backdate && time.is_replay(), ..time })
}

/// When the day that contains `now` began in `zone`. Where a clock change skips midnight, the day begins with
/// the first moment after it; where midnight comes twice, with the first.
pub fn start_of_day(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let date = now.with_timezone(&zone).date_naive();
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    (0..=4)
        .find_map(|half_hours| {
            (midnight + TimeDelta::minutes(30 * half_hours)).and_local_timezone(zone).earliest()
        })
        .map_or(now, |start| start.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn capture_times_count_within_their_limits() {
        let now = at("2026-11-20T12:00:00Z");
        let ago = |seconds| Some(now - TimeDelta::seconds(seconds));
        let time = |captured, admin| frame_time(captured, now, admin).map(|t| (t.captured_at, t.unproven));
        assert_eq!(time(None, false).expect("now"), (now, false));
        assert_eq!(time(ago(-4), false).expect("a little ahead"), (now, false));
        assert!(time(ago(-6), true).is_err());
        assert_eq!(time(ago(3600), false).expect("replay"), (now - TimeDelta::hours(1), true));
        assert!(!time(ago(3600), true).expect("an admin's").1);
        assert!(time(ago(73 * 3600), false).is_err());
        assert!(time(ago(73 * 3600), true).is_ok());
        assert!(time(ago(15), false).expect("kept").1);
        assert!(!time(ago(14), false).expect("a slow network").1);
    }

    #[test]
    fn a_day_begins_at_local_midnight_or_right_after_it() {
        let cases = [
            ("2026-11-20T12:00:00Z", "UTC", "2026-11-20T00:00:00Z"),
            ("2026-11-20T23:30:00Z", "Asia/Kolkata", "2026-11-20T18:30:00Z"),
            ("2026-03-29T12:00:00Z", "Europe/Berlin", "2026-03-28T23:00:00Z"),
            // Midnight does not exist: clocks go from 00:00 to 01:00.
            ("2026-09-06T12:00:00Z", "America/Santiago", "2026-09-06T04:00:00Z"),
            // Midnight comes twice.
            ("2026-11-01T12:00:00Z", "America/Havana", "2026-11-01T04:00:00Z"),
        ];
        for (now, zone, start) in cases {
            assert_eq!(start_of_day(at(now), zone.parse().expect("zone")), at(start), "{zone}");
        }
    }
}
