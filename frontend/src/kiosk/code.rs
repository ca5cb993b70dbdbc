//! The code that pairs a tablet: eight letters and digits, however they were typed.

/// Characters of a code.
pub const LENGTH: usize = 8;

/// What counts of a text: letters and digits in capitals, no more than a code has. Blanks, dashes and what stands around
/// them do not count; digits of other scripts are what they stand for.
pub fn normalised(text: &str) -> String {
    text.chars().filter_map(counted).take(LENGTH).collect()
}

/// The character that a key or a letter of an address stands for.
fn counted(letter: char) -> Option<char> {
    let letter = match letter {
        '٠'..='٩' => char::from_digit(letter as u32 - '٠' as u32, 10)?,
        _ => letter.to_ascii_uppercase(),
    };
    letter.is_ascii_alphanumeric().then_some(letter)
}

/// Whether nothing is missing.
pub fn is_whole(code: &str) -> bool {
    code.len() == LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_was_typed() {
        for typed in ["AB12CD34", "ab12cd34", " AB12-CD34 ", "#ab12 cd34", "ab١٢cd٣٤", "AB12CD34-and-more"]
        {
            assert_eq!(normalised(typed), "AB12CD34", "{typed}");
        }
    }

    #[test]
    fn what_is_too_short_is_not_whole() {
        assert!(is_whole(&normalised("ab12-cd34")));
        for short in ["", "#", "ab12-cd3", "äöüäöüäö"] {
            assert!(!is_whole(&normalised(short)), "{short}");
        }
    }
}
