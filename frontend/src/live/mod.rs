//! Live: the cameras, who is before them, and who has just arrived.

mod arrange;
mod challenge;
mod count;
mod counters;
mod drawing;
mod grid;
mod overlay;
mod own;
mod own_panel;
mod page;
mod prompt;
mod rail;
mod search;
pub mod sender;
mod state;
mod tile;
mod unknown;

pub use challenge::ChallengePrompt;
pub use own::{OwnTile, provide_camera};
pub use page::LivePage;
pub use search::{Search, SearchBar};
pub use state::trouble;

use crate::language::say;
use types::{FaceState, FaceView};

/// A face's state in words.
fn words(face: &FaceView) -> String {
    match (&face.challenge, face.state) {
        (Some(challenge), FaceState::Uncertain) => {
            say!(live.challenge, step = challenge.step, steps = challenge.of)
        }
        (_, FaceState::Known) => {
            face.person.as_ref().map_or_else(|| say!(live.known).to_owned(), |person| person.name.clone())
        }
        (_, FaceState::Uncertain) => say!(live.checking).to_owned(),
        (_, FaceState::Unknown) => say!(live.unknown).to_owned(),
        (_, FaceState::Spoof) => say!(live.not_live).to_owned(),
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
