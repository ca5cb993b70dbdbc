//! How a feed does, for its tile: what the pictures say, and what its device says where none come.

use types::SourceState;

use crate::api::LiveDevice;
use crate::elapsed::ago;
use crate::language::say;

/// A feed that sent nothing for this long is quiet, in milliseconds.
const QUIET_MS: f64 = 10_000.0;
/// The same where its device says that it works: it sends little while nothing moves.
const STILL_MS: f64 = 30_000.0;

/// What a tile's corner says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileState {
    /// `live`, `quiet` or `trouble`, for the style sheet and tests.
    pub key: &'static str,
    /// In a few words.
    pub words: String,
    /// What the device says about it; may be empty.
    pub message: String,
}

impl TileState {
    /// Without a word of a device.
    pub fn plain(key: &'static str, words: impl Into<String>) -> Self {
        Self { key, words: words.into(), message: String::new() }
    }
}

/// The state of a feed at `now`; `last` is when its newest picture came and `asked` since when pictures are asked for,
/// all in milliseconds since 1970. `shown` tells whether the tile has a picture.
pub fn tile_state(now: f64, last: f64, asked: f64, shown: bool, device: Option<&LiveDevice>) -> TileState {
    let device = device.filter(|device| device.online);
    let source = device.map(|device| &device.heartbeat.source);
    let runs = source.is_some_and(|source| source.state == SourceState::Running);
    let patience = if runs { STILL_MS } else { QUIET_MS };
    // What was not asked for does not age.
    if shown && now - last.max(asked) < patience {
        return TileState::plain("live", say!(live.title));
    }
    if let Some((source, words)) =
        source.and_then(|source| trouble(source.state).map(|words| (source, words)))
    {
        let message = source.message.clone().unwrap_or_default();
        return TileState { key: "trouble", words: words.to_owned(), message };
    }
    let words = if last > 0.0 {
        say!(live.last_picture, ago = ago(((now - last) / 1000.0) as i64))
    } else {
        say!(live.no_picture_yet).to_owned()
    };
    TileState::plain("quiet", words)
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
        let told = tile_state(200_000.0, 0.0, 100_000.0, false, Some(&gone));
        assert_eq!((told.key, told.message.as_str()), ("quiet", ""), "a device that is away says nothing");
    }
}
