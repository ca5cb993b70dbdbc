//! How long ago and how long until, in words.

/// `seconds` ago in the shortest words that still tell enough; a time slightly in the future counts as now.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "yesterday".to_owned(),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// How long it is until something `seconds` ahead, after a verb: "in 3 h".
pub fn until(seconds: i64) -> String {
    match seconds {
        ..60 => "within a minute".to_owned(),
        60..3_600 => format!("in {} min", seconds / 60),
        3_600..172_800 => format!("in {} h", seconds / 3_600),
        _ => format!("in {} days", seconds / 86_400),
    }
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
