//! Error rates, thresholds and how sure they are.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// Quantile of the standard normal distribution that leaves 2.5 % on each side.
const Z: f64 = 1.959_964;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 1000;

/// A share with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// What was measured.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Share {
    /// `count` of `total` independent trials, with Wilson's score interval (1927).
    pub fn wilson(count: usize, total: usize) -> Self {
        let n = total.max(1) as f64;
        let value = count as f64 / n;
        let spread = Z * (value * (1.0 - value) / n + Z * Z / (4.0 * n * n)).sqrt();
        let (centre, scale) = (value + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
        Self {
            value,
            low: ((centre - spread) / scale).clamp(0.0, value),
            high: ((centre + spread) / scale).clamp(value, 1.0),
        }
    }

    /// The share of cross-identity comparisons that are accepted, where `accepted` names the two identities of
    /// each and `pictures` says how many pictures an identity has.
    ///
    /// Comparisons that share a person are not independent, so whole identities are drawn anew (bootstrap,
    /// percentiles of 1,000 resamples with a fixed seed; cf. Bolle et al., "Error analysis of pattern
    /// recognition systems – the subsets bootstrap", 2004). Few or no accepted comparisons make that too sure of
    /// itself; the interval is never narrower than Wilson's.
    pub fn of_identities(accepted: &[(usize, usize)], pictures: &[usize]) -> Self {
        let weights = vec![1; pictures.len()];
        let total = comparisons(pictures, &weights);
        let wilson = Self::wilson(accepted.len(), total as usize);
        let mut random = StdRng::seed_from_u64(1);
        let mut rates: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let mut weights = vec![0usize; pictures.len()];
                for _ in 0..pictures.len() {
                    weights[random.random_range(0..pictures.len())] += 1;
                }
                let count: usize = accepted.iter().map(|&(a, b)| weights[a] * weights[b]).sum();
                count as f64 / comparisons(pictures, &weights).max(1.0)
            })
            .collect();
        rates.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| rates[((RESAMPLES - 1) as f64 * share).round() as usize];
        Self { value: wilson.value, low: wilson.low.min(at(0.025)), high: wilson.high.max(at(0.975)) }
    }
}

/// Comparisons between pictures of different identities, when identity `i` is there `weights[i]` times; copies of
/// one identity are not compared with each other.
fn comparisons(pictures: &[usize], weights: &[usize]) -> f64 {
    let weighted = || pictures.iter().zip(weights).map(|(count, weight)| (count * weight) as f64);
    (weighted().sum::<f64>().powi(2) - weighted().map(|count| count * count).sum::<f64>()) / 2.0
}

/// The least threshold, in steps of a thousandth, that at most `rate` of the (ascending) scores reach; None when
/// there are too few scores to allow a single one.
pub fn threshold_at(ascending: &[f32], rate: f64) -> Option<f32> {
    // Rates such as 1e-3 have no exact binary form: a hair more than a whole number is meant.
    let allowed = (ascending.len() as f64 * rate + 1e-9).floor() as usize;
    if allowed == 0 {
        return None;
    }
    let highest_refused = ascending.len().checked_sub(allowed + 1).map(|i| ascending[i])?;
    // The next step above it; a score that lies on a step itself is refused as well.
    let step = (f64::from(highest_refused) * 1000.0).floor() as i32 + 1;
    let threshold = step as f32 / 1000.0;
    Some(if threshold > highest_refused { threshold } else { (step + 1) as f32 / 1000.0 })
}

/// How many of the (ascending) scores reach the threshold.
pub fn count_from(ascending: &[f32], threshold: f32) -> usize {
    ascending.len() - ascending.partition_point(|score| *score < threshold)
}

/// A scored pair of the pairs file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Comparison score.
    pub score: f32,
    /// Whether both pictures show one person.
    pub same: bool,
    /// From 0.
    pub fold: usize,
}

/// Accuracy by folds, each judged at the threshold that is best on the others: mean and standard error.
pub fn cross_validated(scores: &[Scored], folds: usize) -> (f64, f64) {
    let accuracies: Vec<f64> = (0..folds)
        .map(|fold| {
            let part = |inside: bool| scores.iter().filter(move |pair| (pair.fold == fold) == inside);
            let threshold = best_threshold(part(false).copied().collect());
            let right = part(true).filter(|pair| (pair.score >= threshold) == pair.same).count();
            right as f64 / part(true).count().max(1) as f64
        })
        .collect();
    let mean = accuracies.iter().sum::<f64>() / folds as f64;
    let variance = accuracies.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / (folds - 1) as f64;
    (mean, (variance / folds as f64).sqrt())
}

/// The threshold that is right most often, midway between the last score that is better accepted and the next.
/// Where several are right as often, the middle one: the outer ones owe their place to single pairs.
fn best_threshold(mut scores: Vec<Scored>) -> f32 {
    scores.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    // Right so far, relative to refusing all: one more for each genuine pair, one less for each impostor.
    let (mut right, mut most, mut best) = (0i64, i64::MIN, vec![]);
    let mut scores = scores.into_iter().peekable();
    while let Some(pair) = scores.next() {
        right += if pair.same { 1 } else { -1 };
        let next = scores.peek().map_or(-1.0, |next| next.score);
        if next == pair.score || right < most {
            continue;
        }
        if right > most {
            (most, best) = (right, vec![]);
        }
        best.push(f32::midpoint(pair.score, next));
    }
    best.get(best.len() / 2).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scored(score: f32, same: bool, fold: usize) -> Scored {
        Scored { score, same, fold }
    }

    #[test]
    fn the_threshold_lets_at_most_the_rate_through() {
        let ascending: Vec<f32> = (0..1000u16).map(|i| f32::from(i) / 1000.0).collect();
        for rate in [1e-3, 1e-2, 0.1] {
            let threshold = threshold_at(&ascending, rate).expect("enough scores");
            let reached = |threshold| count_from(&ascending, threshold) as f64 / 1000.0;
            assert!(reached(threshold) <= rate, "{rate}");
            // A step of 0.001 lower lets more through.
            assert!(reached(threshold - 0.0015) > rate, "{rate}");
        }
        assert_eq!(threshold_at(&ascending, 1e-4), None, "a thousand scores say nothing about one in 10,000");
    }

    #[test]
    fn separable_scores_are_told_apart_in_every_fold() {
        let scores: Vec<Scored> = (0..100u8)
            .map(|i| {
                scored(f32::from(i) / 200.0 + if i < 50 { 0.0 } else { 0.2 }, i >= 50, usize::from(i % 10))
            })
            .collect();
        assert_eq!(cross_validated(&scores, 10), (1.0, 0.0));
    }

    #[test]
    fn scores_without_meaning_are_right_half_the_time() {
        let scores: Vec<Scored> =
            (0..1000u16).map(|i| scored(f32::from(i % 7), i % 2 == 0, usize::from(i / 100))).collect();
        let (accuracy, _) = cross_validated(&scores, 10);
        assert!((0.4..0.6).contains(&accuracy), "{accuracy}");
    }

    #[test]
    fn equal_scores_stay_together() {
        let scores = [(0.9, true), (0.5, true), (0.5, false), (0.5, false), (0.1, false)];
        let best = best_threshold(scores.map(|(score, same)| scored(score, same, 0)).to_vec());
        assert!((best - 0.7).abs() < 1e-6, "{best}");
    }

    #[test]
    fn of_equally_good_thresholds_the_middle_one_is_taken() {
        // Each impostor among genuine pairs makes one more threshold as good as the first.
        let scores = [(0.9, true), (0.8, false), (0.7, true), (0.6, false), (0.5, true), (0.4, false)];
        let best = best_threshold(scores.map(|(score, same)| scored(score, same, 0)).to_vec());
        assert!((best - 0.65).abs() < 1e-6, "{best}");
    }

    /// Newcombe 1998, table I: 81 of 263, and 0 of 20.
    #[test]
    fn wilsons_interval_is_the_published_one() {
        let share = Share::wilson(81, 263);
        assert!((share.low - 0.2553).abs() < 1e-4 && (share.high - 0.3662).abs() < 1e-4, "{share:?}");
        let none = Share::wilson(0, 20);
        assert!(none.low == 0.0 && (none.high - 0.1611).abs() < 1e-4, "{none:?}");
    }

    #[test]
    fn one_person_who_looks_like_everybody_makes_the_rate_unsure() {
        let pictures = vec![2; 100];
        // 400 accepted comparisons: spread over all identities, or all with one of them.
        let spread: Vec<(usize, usize)> = (0..400).map(|i| (i % 100, (i + 1 + i / 100) % 100)).collect();
        let one: Vec<(usize, usize)> = (0..400).map(|i| (0, 1 + i % 99)).collect();
        let (spread, one) = (Share::of_identities(&spread, &pictures), Share::of_identities(&one, &pictures));
        assert_eq!(spread.value, one.value);
        assert!((spread.value - 400.0 / 19_800.0).abs() < 1e-9, "100 identities of two pictures each");
        assert!(one.high - one.low > 2.0 * (spread.high - spread.low), "{one:?} {spread:?}");
    }

    proptest! {
        #[test]
        fn intervals_hold_what_was_measured(total in 1usize..5000, part in 0.0f64..=1.0) {
            let count = (total as f64 * part) as usize;
            let share = Share::wilson(count, total);
            prop_assert!(0.0 <= share.low && share.low <= share.value);
            prop_assert!(share.value <= share.high && share.high <= 1.0);
        }
    }
}
