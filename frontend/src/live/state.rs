//! How a feed does, for its tile: what the pictures say, and what its device says where none come.

use types::SourceState;

use crate::api::LiveDevice;
use crate::elapsed::ago;
use crate::language::say;

/// A picture younger than this speaks for itself, in milliseconds; an older one does not hide that something is wrong.
const FRESH_MS: f64 = 3_000.0;
/// A feed that sent nothing for this long is quiet, in milliseconds.
const QUIET_MS: f64 = 10_000.0;
/// The same where its device says that it works: it sends little while nothing moves.
const STILL_MS: f64 = 30_000.0;

/// What a tile's corner says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TileState {
    /// `live`, `quiet` or `trouble`, for the style sheet and tests.
    pub key: &'static str,
    /// In a few words.
    pub words: String,
    /// What the device says about it; may be empty.
    pub message: String,
    /// When the last picture was taken, in milliseconds since 1970, where none comes; 0 where that is not known.
    pub since_ms: f64,
}

impl TileState {
    /// Without a word of a device.
    pub fn plain(key: &'static str, words: impl Into<String>) -> Self {
        Self { key, words: words.into(), ..Self::default() }
    }
}

/// The state of a feed at `now`; `last` is when its newest picture was taken and `asked` since when pictures are asked
/// for, all in milliseconds since 1970. `shown` tells whether the tile has a picture.
pub fn tile_state(now: f64, last: f64, asked: f64, shown: bool, device: Option<&LiveDevice>) -> TileState {
    let told = device.and_then(LiveDevice::trouble);
    if let Some((words, message)) = told.filter(|_| !shown || now - last >= FRESH_MS) {
        return TileState { key: "trouble", words: words.to_owned(), message, since_ms: last };
    }
    let patience = if device.is_some() { STILL_MS } else { QUIET_MS };
    // What was not asked for does not age.
    if shown && now - last.max(asked) < patience {
        return TileState::plain("live", say!(live.title));
    }
    let words = if last > 0.0 {
        say!(live.last_picture, ago = ago(((now - last) / 1000.0) as i64))
    } else {
        say!(live.no_picture_yet).to_owned()
    };
    TileState::plain("quiet", words)
}

impl LiveDevice {
    /// What is wrong, in a few words, and what the device says about it; `None` where pictures should come.
    fn trouble(&self) -> Option<(&'static str, String)> {
        let source = &self.heartbeat.source;
        match trouble(source.state).filter(|_| self.online || source.state != SourceState::Starting) {
            Some(words) => Some((words, source.message.clone().unwrap_or_default())),
            None if self.online => None,
            None => Some((say!(devices.away), say!(live.device_away).to_owned())),
        }
    }
}

/// What is wrong with a source, in a few words; `None` where pictures come.
pub fn trouble(state: SourceState) -> Option<&'static str> {
    match state {
        SourceState::Running => None,
        SourceState::Starting => Some(say!(live.source_starting)),
        SourceState::Stalled => Some(say!(live.source_stalled)),
        SourceState::Lost => Some(say!(live.source_lost)),
        SourceState::Unreadable => Some(say!(live.source_unreadable)),
        SourceState::Ended => Some(say!(live.source_ended)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(state: &str, online: bool) -> LiveDevice {
        let source = serde_json::json!({ "state": state, "message": "Connection refused" });
        let device = serde_json::json!({ "heartbeat": { "source": source }, "online": online });
        serde_json::from_value(device).expect("a device")
    }

    #[test]
    fn pictures_say_that_a_feed_is_live() {
        let state = |now, device: Option<&LiveDevice>| tile_state(now, 100_000.0, 90_000.0, true, device).key;
        assert_eq!(state(109_000.0, None), "live");
        assert_eq!(state(111_000.0, None), "quiet");
        let running = device("running", true);
        assert_eq!(state(111_000.0, Some(&running)), "live", "it sends little while nothing moves");
        assert_eq!(state(131_000.0, Some(&running)), "quiet");
    }

    #[test]
    fn what_was_out_of_view_is_not_old_when_it_comes_back() {
        assert_eq!(tile_state(200_000.0, 100_000.0, 199_000.0, true, None).key, "live");
    }

    #[test]
    fn the_device_says_why_there_is_no_picture() {
        let lost = device("lost", true);
        let told = tile_state(200_000.0, 0.0, 100_000.0, false, Some(&lost));
        assert_eq!((told.key, told.message.as_str()), ("trouble", "Connection refused"));
        let gone = device("lost", false);
        let told = tile_state(200_000.0, 150_000.0, 100_000.0, true, Some(&gone));
        assert_eq!((told.key, told.since_ms), ("trouble", 150_000.0), "its last word stands");
        let away = device("running", false);
        assert_eq!(tile_state(200_000.0, 150_000.0, 100_000.0, true, Some(&away)).words, "Device away");
    }

    #[test]
    fn a_lost_camera_is_told_over_its_last_picture() {
        let lost = device("lost", true);
        let state = |last| tile_state(200_000.0, last, 199_000.0, true, Some(&lost)).key;
        assert_eq!(state(196_000.0), "trouble", "asked for again, but old");
        assert_eq!(state(199_000.0), "live", "pictures come: what the device said is older");
    }
}
