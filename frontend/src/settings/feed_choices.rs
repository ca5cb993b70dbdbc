//! What a feed can be asked for, in words: how far it looks and how it tells a live person from a picture.

use types::{Liveness, PackView, Range};

use crate::language::say;
use crate::ui::Choice;

/// How far from the camera people pass. Parts and sizes as measured in `docs/BENCHMARKS.md`.
pub fn ranges() -> Vec<Choice> {
    let choice = |key, title, text| Choice { key, title, text, missing: None };
    vec![
        choice("near", say!(settings.range_near), say!(settings.range_near_text)),
        choice("medium", say!(settings.range_medium), say!(settings.range_medium_text)),
        choice("far", say!(settings.range_far), say!(settings.range_far_text)),
    ]
}

/// What is asked of a face before it counts as a live person.
pub fn liveness(pack: Option<&PackView>) -> Vec<Choice> {
    let missing =
        |given: fn(&PackView) -> bool| pack.filter(|pack| !given(pack)).map(|_| say!(settings.not_in_pack));
    vec![
        Choice {
            key: "off",
            title: say!(settings.liveness_off),
            text: say!(settings.liveness_off_text),
            missing: None,
        },
        Choice {
            key: "passive",
            title: say!(settings.liveness_passive),
            text: say!(settings.liveness_passive_text),
            missing: missing(|pack| pack.passive_liveness),
        },
        Choice {
            key: "challenge",
            title: say!(settings.liveness_challenge),
            text: say!(settings.liveness_challenge_text),
            missing: missing(|pack| pack.challenge),
        },
    ]
}

/// What happens to a face whose passive evidence is doubtful.
pub fn doubts(pack: Option<&PackView>) -> Vec<Choice> {
    vec![
        Choice {
            key: "review",
            title: say!(settings.doubt_review),
            text: say!(settings.doubt_review_text),
            missing: None,
        },
        Choice {
            key: "challenge",
            title: say!(settings.doubt_challenge),
            text: say!(settings.doubt_challenge_text),
            missing: pack.filter(|pack| !pack.challenge).map(|_| say!(settings.not_in_pack)),
        },
    ]
}

/// What is special about a feed's distance and liveness, for its line in the list.
pub fn summary(range: Range, liveness: Liveness) -> Vec<&'static str> {
    let range = match range {
        Range::Near => None,
        Range::Medium => Some(say!(settings.medium_distance)),
        Range::Far => Some(say!(settings.far_distance)),
    };
    let liveness = match liveness {
        Liveness::Off => None,
        Liveness::Passive => Some(say!(settings.passive_liveness)),
        Liveness::Challenge => Some(say!(settings.challenge_liveness)),
    };
    range.into_iter().chain(liveness).collect()
}
