//! The ROC: share of genuine comparisons accepted over the share of impostor comparisons accepted.

use std::fmt::Write as _;

/// Points per decade of the false match rate; more are not told apart on a plot.
const PER_DECADE: f64 = 50.0;

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Least score.
    pub threshold: f32,
    /// Share of impostor comparisons that reach it.
    pub false_match_rate: f64,
    /// Share of genuine comparisons that reach it.
    pub true_match_rate: f64,
}

/// A named curve, false match rates ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// For the legend and the CSV; without a comma.
    pub name: String,
    /// At least the point where everything is accepted.
    pub points: Vec<Point>,
}

impl Curve {
    /// From ascending scores; the points are spaced evenly in the logarithm of the false match rate, from a single
    /// impostor comparison to all.
    pub fn of(name: &str, genuine: &[f32], impostor: &[f32]) -> Self {
        let decades = (impostor.len().max(1) as f64).log10();
        let steps = (decades * PER_DECADE).ceil().max(1.0) as usize;
        let mut points: Vec<Point> = vec![];
        for step in 0..=steps {
            let accepted = 10f64.powf(decades * step as f64 / steps as f64).round() as usize;
            let Some(&threshold) = impostor.len().checked_sub(accepted).and_then(|i| impostor.get(i)) else {
                continue;
            };
            if points.last().is_some_and(|last| last.threshold == threshold) {
                continue;
            }
            points.push(Point {
                threshold,
                false_match_rate: share(impostor, threshold),
                true_match_rate: share(genuine, threshold),
            });
        }
        Self { name: name.into(), points }
    }
}

fn share(ascending: &[f32], threshold: f32) -> f64 {
    super::statistics::count_from(ascending, threshold) as f64 / ascending.len().max(1) as f64
}

/// `curve,threshold,false_match_rate,true_match_rate`.
pub fn csv(curves: &[Curve]) -> String {
    let mut text = String::from("curve,threshold,false_match_rate,true_match_rate\n");
    for Curve { name, points } in curves {
        for Point { threshold, false_match_rate, true_match_rate } in points {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name},{threshold:.6},{false_match_rate:.9},{true_match_rate:.6}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn separable_scores_are_accepted_wholly_before_the_first_impostor() {
        let curve = Curve::of("x", &[0.8, 0.9], &[0.1, 0.2, 0.3, 0.4]);
        assert_eq!(curve.points[0].false_match_rate, 0.25);
        assert!(curve.points.iter().all(|point| point.true_match_rate == 1.0));
        assert_eq!(curve.points.last().map(|point| point.false_match_rate), Some(1.0));
        assert!(csv(&[curve]).contains("x,0.400000,0.250000000,1.000000\n"));
    }

    proptest! {
        #[test]
        fn a_curve_only_rises(
            mut genuine in prop::collection::vec(-1.0f32..1.0, 1..200),
            mut impostor in prop::collection::vec(-1.0f32..1.0, 1..500),
        ) {
            genuine.sort_unstable_by(f32::total_cmp);
            impostor.sort_unstable_by(f32::total_cmp);
            let points = Curve::of("x", &genuine, &impostor).points;
            let rises = points.is_sorted_by(|a, b| {
                a.false_match_rate < b.false_match_rate && a.true_match_rate <= b.true_match_rate
            });
            prop_assert!(rises, "{points:?}");
            prop_assert_eq!(points.last().map(|point| point.false_match_rate), Some(1.0));
        }
    }
}
