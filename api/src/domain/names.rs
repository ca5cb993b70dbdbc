//! Names and ids as people type them: normalised, visible, bounded.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

/// In Unicode's composed form (NFC), without white space around it and with single spaces inside: what looks the
/// same is the same.
pub fn tidy(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect()
}

/// Notes in `fields` what is wrong with a text of 1 to `most` characters.
pub fn check(fields: &mut BTreeMap<String, String>, field: &str, value: &str, most: usize) {
    let length = value.chars().count();
    let mut refuse = |what: String| fields.insert(field.to_owned(), what);
    if value.chars().any(|c| c.is_control() || is_invisible(c)) {
        refuse("Leave control characters and invisible ones out.".to_owned());
    } else if !is_visible(value) {
        refuse("Fill this in.".to_owned());
    } else if length > most {
        refuse(format!("Use at most {most} characters; these are {length}."));
    }
}

/// Whether anything in a text can be seen.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !(c.is_whitespace() || c.is_control() || is_invisible(c) || is_joiner(c)))
}

/// Characters without a shape of their own that could make two texts look alike: zero-width spaces, marks that
/// turn the direction, the byte order mark, soft hyphens, the fillers of Hangul, the blank of Braille, tags. The
/// joiners, which spell words in Persian and Indic scripts, are none of them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Characters that say how their neighbours join or look, which the spelling of a name may take.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_alike_are_alike_or_refused() {
        assert_eq!(tidy("  Zoe\u{308}   A\u{30a}. "), "Zoë Å.");
        let wrong = |value: &str| {
            let mut fields = BTreeMap::new();
            check(&mut fields, "name", value, 5);
            fields.remove("name")
        };
        for good in ["a", "نی\u{200c}ما", "李小龍", "葛\u{e0100}城", "100%"] {
            assert_eq!(wrong(good), None, "{good:?}");
        }
        for bad in ["", " ", "\u{a0}", "\u{200d}", "a\u{200b}", "\u{202e}12", "a\0", "a\n", "sixsix"] {
            assert!(wrong(bad).is_some(), "{bad:?}");
        }
        for blank in ["\u{115f}", "\u{1160}", "\u{2800}", "\u{3164}", "\u{ffa0}", "\u{fe0f}"] {
            assert!(wrong(blank).is_some() && !is_visible(blank), "{blank:?}");
        }
    }
}
