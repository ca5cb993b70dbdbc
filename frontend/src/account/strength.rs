//! How good a new password is, in so far as that can be told without a list of millions.

/// The least characters of a password.
pub const LEAST: usize = 12;
/// The most.
pub const MOST: usize = 128;

/// What there is to say of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// So many characters are missing.
    Short(usize),
    /// Too many characters.
    Long,
    /// A few characters again and again.
    Repeats,
    /// As the alphabet, the digits or the keyboard have them.
    Sequence,
    /// Nothing but digits.
    Digits,
    /// A word that attackers try first.
    Common,
    /// Nothing against it.
    Good,
}

const ROWS: [&str; 5] = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
const COMMON: [&str; 7] = ["password", "passwort", "attendance", "welcome", "letmein", "iloveyou", "qwerty"];

impl Strength {
    /// Judges a password.
    pub fn of(password: &str) -> Self {
        let plain: Vec<char> = password.to_lowercase().chars().collect();
        let length = password.chars().count();
        if length < LEAST {
            return Self::Short(LEAST - length);
        }
        if length > MOST {
            return Self::Long;
        }
        let mut distinct = plain.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let text: String = plain.iter().collect();
        if distinct.len() < 5 {
            Self::Repeats
        } else if in_order(&plain) {
            Self::Sequence
        } else if plain.iter().all(|c| !c.is_alphabetic()) {
            Self::Digits
        } else if COMMON.iter().any(|word| text.contains(word) && length < word.len() + 8) {
            Self::Common
        } else {
            Self::Good
        }
    }

    /// Whether the server takes it.
    pub fn is_taken(self) -> bool {
        !matches!(self, Self::Short(_) | Self::Long)
    }
}

/// Whether most neighbours are neighbours in the alphabet, among the digits or on the keyboard, too.
fn in_order(password: &[char]) -> bool {
    let follows = |pair: &&[char]| {
        let (here, next) = (pair[0], pair[1]);
        ROWS.iter().any(|row| {
            let row: Vec<char> = row.chars().collect();
            row.windows(2).any(|two| two == [here, next] || two == [next, here])
        })
    };
    let steps = password.windows(2).filter(follows).count();
    steps * 4 >= (password.len() - 1) * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easy_to_guess_is_told() {
        for (password, strength) in [
            ("", Strength::Short(12)),
            ("elevensigns", Strength::Short(1)),
            ("aaaabbbbcccc", Strength::Repeats),
            ("abcdefghijkl", Strength::Sequence),
            ("123456789012", Strength::Sequence),
            ("Qwertyuiop123", Strength::Sequence),
            ("940271846305", Strength::Digits),
            ("MyPassword2026", Strength::Common),
            ("my password is a long sentence", Strength::Good),
            ("grün hat der Apfel", Strength::Good),
            ("حصان أخضر يقرأ الجريدة", Strength::Good),
        ] {
            assert_eq!(Strength::of(password), strength, "{password}");
        }
        assert_eq!(Strength::of(&"long ".repeat(26)), Strength::Long);
        assert!(Strength::Repeats.is_taken() && !Strength::Long.is_taken());
    }
}
