//! What the false match rate of single comparisons means for an installation: the bound on strangers who are
//! given a name by chance.
//!
//! Of one stranger, compared with `n` people at a false match rate of `f` a comparison, at most a share of
//! `1 − (1 − f)ⁿ` matches somebody (comparisons taken as independent; ISO/IEC 19795-1 has it as the false positive
//! identification rate). Times the faces seen a day it bounds the false names a day: each face taken for a
//! stranger's, and judged by one frame, although several must agree.

use chrono::{TimeDelta, Utc};
use recognizer_types::OperatingPoint;
use types::MatchingRisk;

use crate::error::ApiError;
use crate::models;
use crate::state::App;

/// Share of strangers who may get a name before the installation counts as too large for the pack.
const TOLERATED: f64 = 1e-3;
/// Days over which faces are averaged.
const DAYS: i64 = 7;

/// Share of strangers of whom one comparison of `people` matches by chance.
fn false_positive_rate(rate: f64, people: f64) -> f64 {
    // 1 − (1 − f)ⁿ without losing the digits of a small f.
    -(people * (-rate).ln_1p()).exp_m1()
}

/// The people up to whom that share stays within what is tolerated.
fn safe_up_to(rate: f64) -> i64 {
    ((-TOLERATED).ln_1p() / (-rate).ln_1p()) as i64
}

/// What a measurement says of an installation of `people` with `faces_per_day` that decides at `threshold`.
pub fn risk(points: &[OperatingPoint], threshold: f32, people: i64, faces_per_day: f64) -> MatchingRisk {
    // A rate of none in so many comparisons bounds nothing by itself.
    let measured = |point: &&OperatingPoint| point.false_match_rate > 0.0 && point.false_match_rate < 1.0;
    let points: Vec<&OperatingPoint> = points.iter().filter(measured).collect();
    let below = points.iter().filter(|point| point.threshold <= threshold);
    let rate = below.max_by(|a, b| a.threshold.total_cmp(&b.threshold)).map(|point| point.false_match_rate);
    let suggested = points
        .iter()
        .filter(|point| false_positive_rate(point.false_match_rate, people as f64) <= TOLERATED)
        .map(|point| point.threshold)
        .min_by(f32::total_cmp);
    MatchingRisk {
        people,
        faces_per_day,
        threshold,
        false_match_rate: rate,
        false_names_per_day: rate.map(|rate| faces_per_day * false_positive_rate(rate, people as f64)),
        safe_up_to_people: rate.map(safe_up_to),
        suggested_threshold: suggested,
    }
}

/// The risk with the pack in use, the people enrolled and the faces counted over the last seven days.
///
/// # Errors
/// 503 while the pack or the database is away.
pub async fn matching_risk(app: &App) -> Result<MatchingRisk, ApiError> {
    let pack = app.pack_in_use().await?;
    let (id, today) = (pack.id.clone(), Utc::now().date_naive());
    let (people, days) = app
        .db
        .run(move |conn| {
            let people = models::packs::recognisable(conn, &id)?;
            Ok((people, models::packs::faces_since(conn, today - TimeDelta::days(DAYS - 1))?))
        })
        .await?;
    let counted = app.traffic.uncounted_faces() + days.iter().map(|(_, faces)| faces).sum::<i64>();
    let first = days.first().map_or(today, |(day, _)| *day);
    let span = (today - first).num_days() + 1;
    Ok(risk(&pack.operating_points, pack.threshold, people, counted as f64 / span as f64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(threshold: f32, false_match_rate: f64) -> OperatingPoint {
        OperatingPoint { threshold, false_match_rate, false_non_match_rate: 0.1 }
    }

    #[test]
    fn the_bound_grows_with_people_and_faces_and_names_a_threshold_that_holds() {
        let points =
            [point(0.5, 1e-3), point(0.6, 1e-4), point(0.7, 1e-5), point(0.8, 1e-6), point(0.9, 0.0)];
        let risk = risk(&points, 0.6, 100, 1000.0);
        assert_eq!(risk.false_match_rate, Some(1e-4));
        // 1000 × (1 − 0.9999¹⁰⁰)
        assert!((risk.false_names_per_day.expect("known") - 9.950661).abs() < 1e-5, "{risk:?}");
        // ln 0.999 / ln 0.9999 = 10.0045
        assert_eq!(risk.safe_up_to_people, Some(10));
        assert_eq!(risk.suggested_threshold, Some(0.7), "1 − 0.99999¹⁰⁰ is 0.9995e-3");
        assert_eq!(super::risk(&points, 0.6, 5000, 1.0).suggested_threshold, None);
        let unmeasured = super::risk(&[], 0.6, 100, 1000.0);
        assert_eq!((unmeasured.false_names_per_day, unmeasured.safe_up_to_people), (None, None));
    }

    proptest! {
        /// The number of people that is called safe is, and one more is not.
        #[test]
        fn safe_is_exact(exponent in -7.0f64..-3.5) {
            let rate = 10f64.powf(exponent);
            let safe = safe_up_to(rate);
            prop_assert!(false_positive_rate(rate, safe as f64) <= TOLERATED * (1.0 + 1e-9));
            prop_assert!(false_positive_rate(rate, (safe + 1) as f64) > TOLERATED * (1.0 - 1e-9));
        }
    }
}
