//! Which pictures of a burst are kept, and what is said about the others.

use crate::api::PhotoCheck;

/// Pictures of a burst.
pub const SHOTS: usize = 8;
/// Pause between two of them, in milliseconds: eight take two seconds.
pub const PAUSE_MS: u32 = 250;
/// How many are kept.
pub const KEPT: usize = 3;

/// The judged burst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Places of the best pictures in the burst, best first.
    pub kept: Vec<usize>,
    /// What was wrong with the others and how often, most frequent first.
    pub reasons: Vec<(usize, String)>,
}

/// The best pictures that are good and agree with one another, `most` at most.
pub fn choose(checks: &[PhotoCheck], most: usize) -> Choice {
    let mut kept: Vec<usize> = (0..checks.len()).filter(|at| checks[*at].ok).collect();
    let score = |at: &usize| checks[*at].score.unwrap_or_default();
    kept.sort_by(|a, b| score(b).total_cmp(&score(a)));
    kept.truncate(most.min(KEPT));
    let mut reasons: Vec<(usize, String)> = Vec::new();
    for text in checks.iter().filter(|check| !check.ok).filter_map(|check| check.message.as_ref()) {
        match reasons.iter_mut().find(|(_, other)| other == text) {
            Some((count, _)) => *count += 1,
            None => reasons.push((1, text.clone())),
        }
    }
    reasons.sort_by(|(a, _), (b, _)| b.cmp(a));
    Choice { kept, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(score: f32, message: Option<&str>) -> PhotoCheck {
        PhotoCheck { ok: message.is_none(), message: message.map(str::to_owned), score: Some(score) }
    }

    #[test]
    fn the_best_are_kept_and_the_reasons_counted() {
        let burst = [
            check(0.4, None),
            check(0.9, None),
            check(0.99, Some("Too dark.")),
            check(0.7, None),
            check(0.8, None),
            check(0.1, Some("Blurred.")),
            check(0.2, Some("Blurred.")),
        ];
        let choice = choose(&burst, 10);
        assert_eq!(choice.kept, [1, 4, 3], "a refused picture is never kept, however high its score");
        assert_eq!(choice.reasons, [(2, "Blurred.".to_owned()), (1, "Too dark.".to_owned())]);
        assert_eq!(choose(&burst, 1).kept, [1], "no more than there is room for");
    }

    #[test]
    fn a_burst_without_scores_keeps_its_order() {
        let plain = PhotoCheck { ok: true, message: None, score: None };
        assert_eq!(choose(&vec![plain; 5], 10).kept, [0, 1, 2]);
        assert_eq!(choose(&[check(0.5, Some("Blurred."))], 10).kept, Vec::<usize>::new());
    }
}
