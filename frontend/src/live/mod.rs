//! Live: the cameras, who is before them, and who has just arrived.

mod challenge;
mod counters;
mod drawing;
mod overlay;
mod own;
mod own_panel;
mod page;
mod prompt;
mod rail;
mod sender;
mod tile;
mod watch;

pub use page::LivePage;

use types::{FaceState, FaceView, FrameAnswer};

/// What a picture showed, and its size in pixels: the boxes are in these.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub width: u32,
    pub height: u32,
    pub answer: FrameAnswer,
}

/// A face's state in words.
fn words(face: &FaceView) -> String {
    match (&face.challenge, face.state) {
        (Some(challenge), FaceState::Uncertain) => {
            format!("Challenge, {} of {}", challenge.step, challenge.of)
        }
        (_, FaceState::Known) => {
            face.person.as_ref().map_or_else(|| "Known".to_owned(), |person| person.name.clone())
        }
        (_, FaceState::Uncertain) => "Checking…".to_owned(),
        (_, FaceState::Unknown) => "Unknown".to_owned(),
        (_, FaceState::Spoof) => "Not a live face".to_owned(),
    }
}

/// A face's state as the page's classes and tests name it.
fn state_name(state: FaceState) -> &'static str {
    match state {
        FaceState::Known => "known",
        FaceState::Uncertain => "uncertain",
        FaceState::Unknown => "unknown",
        FaceState::Spoof => "spoof",
    }
}
