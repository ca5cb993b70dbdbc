//! What a feed can be asked for, in words: how far it looks and how it tells a live person from a picture.

use types::{Liveness, PackView, Range};

use crate::ui::Choice;

const NOT_IN_PACK: &str = "The model in use cannot do this.";

/// What liveness cannot tell, whatever is chosen.
pub const LIVENESS_LIMITS: &str = "No choice here can tell a virtual camera or a stolen feed token: those send \
     pictures that never came through a lens. Keep tokens secret and use cameras that nobody can swap.";

/// How far from the camera people pass. Parts and sizes as measured in `docs/BENCHMARKS.md`.
pub fn ranges() -> Vec<Choice> {
    let choice = |key, title, text| Choice { key, title, text, missing: None };
    vec![
        choice("near", "Near: a door or a desk", "Each frame is looked at once, as a whole. The least work."),
        choice(
            "medium",
            "Medium: a corridor",
            "The default model looks at a frame of 1280×720 in three parts: three times the work to find faces, from 60 pixels on.",
        ),
        choice(
            "far",
            "Far: a class room or a hall",
            "In eighteen parts: eighteen times the work to find faces, from 40 pixels on. Lower the frames a second. Models that see small faces at once need fewer parts.",
        ),
    ]
}

/// What is asked of a face before it counts as a live person.
pub fn liveness(pack: Option<&PackView>) -> Vec<Choice> {
    let missing = |given: fn(&PackView) -> bool| pack.filter(|pack| !given(pack)).map(|_| NOT_IN_PACK);
    vec![
        Choice {
            key: "off",
            title: "Off",
            text: "A photo held to the camera counts as the person. For places where somebody watches.",
            missing: None,
        },
        Choice {
            key: "passive",
            title: "Passive",
            text: "Looks for traces of screens and prints over several frames; nobody has to do anything. Makes fakes harder, does not rule them out.",
            missing: missing(|pack| pack.passive_liveness),
        },
        Choice {
            key: "challenge",
            title: "Challenge",
            text: "Asks for a few head movements in random order. Photos and replayed clips pass by chance alone; takes each person some seconds.",
            missing: missing(|pack| pack.challenge),
        },
    ]
}

/// What happens to a face whose passive evidence is doubtful.
pub fn doubts(pack: Option<&PackView>) -> Vec<Choice> {
    vec![
        Choice {
            key: "review",
            title: "Leave it to a person",
            text: "Nothing is logged. The face waits in the review queue, where that is on.",
            missing: None,
        },
        Choice {
            key: "challenge",
            title: "Ask for a challenge",
            text: "The person can prove it at once by a few head movements.",
            missing: pack.filter(|pack| !pack.challenge).map(|_| NOT_IN_PACK),
        },
    ]
}

/// What is special about a feed's distance and liveness, for its line in the list; empty for neither.
pub fn summary(range: Range, liveness: Liveness) -> String {
    let range = match range {
        Range::Near => "",
        Range::Medium => ", medium distance",
        Range::Far => ", far distance",
    };
    let liveness = match liveness {
        Liveness::Off => "",
        Liveness::Passive => ", passive liveness",
        Liveness::Challenge => ", liveness challenge",
    };
    format!("{range}{liveness}")
}
