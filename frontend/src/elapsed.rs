//! How long ago and how long until, in words.

use crate::language::say;
/// `seconds` ago in the shortest words that still tell enough; a time slightly in the future counts as now.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => say!(time.just_now).to_owned(),
        60..3_600 => say!(time.minutes_ago, count = whole(seconds / 60)),
        3_600..86_400 => say!(time.hours_ago, count = whole(seconds / 3_600)),
        86_400..172_800 => say!(time.yesterday).to_owned(),
        _ => say!(time.days_ago, count = whole(seconds / 86_400)),
    }
}

/// How long it is until something `seconds` ahead, after a verb: "in 3 h".
pub fn until(seconds: i64) -> String {
    match seconds {
        ..60 => say!(time.within_a_minute).to_owned(),
        60..3_600 => say!(time.in_minutes, count = whole(seconds / 60)),
        3_600..172_800 => say!(time.in_hours, count = whole(seconds / 3_600)),
        _ => say!(time.in_days, count = whole(seconds / 86_400)),
    }
}

/// Whole units, of which there are none before now.
fn whole(units: i64) -> u64 {
    units.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_at_the_whole_unit() {
        for (seconds, words) in [
            (-5, "just now"),
            (0, "just now"),
            (59, "just now"),
            (60, "1 min ago"),
            (3_599, "59 min ago"),
            (3_600, "1 h ago"),
            (86_399, "23 h ago"),
            (86_400, "yesterday"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(ago(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn what_is_ahead_is_told_in_whole_units() {
        for (seconds, words) in [
            (-5, "within a minute"),
            (59, "within a minute"),
            (60, "in 1 min"),
            (3_600, "in 1 h"),
            (172_799, "in 47 h"),
            (172_800, "in 2 days"),
        ] {
            assert_eq!(until(seconds), words, "{seconds}");
        }
    }
}
