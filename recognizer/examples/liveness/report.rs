//! Areas under the curve, calibrations and error rates.

use std::collections::BTreeSet;

use models::pack::{Calibration, Liveness, LivenessCues};
use recognizer::liveness::evidence::{Averages, probability_of_live};

use crate::replays::{MEDIA, Medium};

/// Where a sample is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Live,
    Replay(Medium),
}

/// A second of a track.
pub struct Sample<'a> {
    pub kind: Kind,
    pub person: &'a str,
    pub averages: Averages,
}

/// A cue: its name, its measure, and the media whose trace it looks for.
struct Cue {
    name: &'static str,
    measure: fn(&Averages) -> Option<f32>,
    place: fn(&mut LivenessCues) -> &mut Option<Calibration>,
    media: &'static [Medium],
}

const CUES: [Cue; 4] = [
    Cue { name: "network", measure: |a| a.network, place: |c| &mut c.network, media: &MEDIA },
    Cue { name: "planarity", measure: |a| a.planarity, place: |c| &mut c.planarity, media: &[Medium::Print] },
    Cue {
        name: "moire",
        measure: |a| a.moire,
        place: |c| &mut c.moire,
        media: &[Medium::Screen, Medium::Phone],
    },
    Cue {
        name: "bezel",
        measure: |a| a.bezel,
        place: |c| &mut c.bezel,
        media: &[Medium::Print, Medium::Phone],
    },
];

/// Prints the tables; `pack` is what the pack itself says.
pub fn print(samples: &[Sample], pack: Option<&Liveness>) {
    let count = |kind| samples.iter().filter(|sample| sample.kind == kind).count();
    println!(
        "samples {} live, {:?} of synthetic replays",
        count(Kind::Live),
        MEDIA.map(|m| count(Kind::Replay(m)))
    );
    println!(
        "\nAUC, calibrations fitted on other people    {MEDIA:?}, all; replays let through with 5 % of live refused"
    );
    for cue in &CUES {
        row(cue.name, samples, &held_out(samples, &[cue]));
    }
    let all: Vec<&Cue> = CUES.iter().collect();
    row("fused, all cues", samples, &held_out(samples, &all));
    row("fused, without network", samples, &held_out(samples, &all[1..]));
    println!("\nfitted on everybody: {:?}", fit(samples, &all, None));
    let Some(Liveness { cues, decision: Some(decision), .. }) = pack else { return };
    println!(
        "\nthe pack's own calibrations and decision: live from {}, spoof up to {}",
        decision.live, decision.spoof
    );
    let scores: Vec<f32> = samples.iter().map(|sample| fused(&sample.averages, cues)).collect();
    row("fused", samples, &scores);
    for kind in [Kind::Live].into_iter().chain(MEDIA.map(Kind::Replay)) {
        let own = samples.iter().zip(&scores).filter(|(sample, _)| sample.kind == kind);
        let own: Vec<f32> = own.map(|(_, score)| *score).collect();
        let share =
            |is: &dyn Fn(f32) -> bool| own.iter().filter(|s| is(**s)).count() as f32 / own.len() as f32;
        let (live, spoof) = (share(&|s| s >= decision.live), share(&|s| s <= decision.spoof));
        println!("  {kind:?}: live {live:.3}, doubt {:.3}, spoof {spoof:.3}", 1.0 - live - spoof);
    }
}

/// The least of the cues' probabilities, as the recognizer fuses them; even where there is none.
fn fused(averages: &Averages, cues: &LivenessCues) -> f32 {
    let mut cues = cues.clone();
    let of = |cue: &Cue| {
        let calibration = (cue.place)(&mut cues).clone();
        probability_of_live((cue.measure)(averages), calibration.as_ref())
    };
    CUES.iter().filter_map(of).reduce(f32::min).unwrap_or(0.5)
}

/// Every sample's score by calibrations that its person had no part in.
fn held_out(samples: &[Sample], cues: &[&Cue]) -> Vec<f32> {
    let people: BTreeSet<&str> = samples.iter().map(|sample| sample.person).collect();
    let mut scores = vec![0.5; samples.len()];
    for person in people {
        let calibrations = fit(samples, cues, Some(person));
        for (score, sample) in scores.iter_mut().zip(samples).filter(|(_, sample)| sample.person == person) {
            *score = fused(&sample.averages, &calibrations);
        }
    }
    scores
}

/// Calibrations of the cues on everybody but `without`.
fn fit(samples: &[Sample], cues: &[&Cue], without: Option<&str>) -> LivenessCues {
    let mut calibrations = LivenessCues::default();
    for cue in cues {
        let used = samples.iter().filter(|sample| Some(sample.person) != without);
        let points = used.filter_map(|sample| {
            let is_live = match sample.kind {
                Kind::Live => 1.0,
                Kind::Replay(medium) if cue.media.contains(&medium) => 0.0,
                Kind::Replay(_) => return None,
            };
            Some(((cue.measure)(&sample.averages)?, is_live))
        });
        *(cue.place)(&mut calibrations) = logistic(&points.collect::<Vec<(f32, f32)>>());
    }
    calibrations
}

/// Logistic regression on one measure with both classes weighted alike and a small penalty on the slope, by
/// Newton's method; None without both classes.
fn logistic(points: &[(f32, f32)]) -> Option<Calibration> {
    let total = points.len() as f64;
    let live = points.iter().map(|point| f64::from(point.1)).sum::<f64>();
    if live < 1.0 || total - live < 1.0 {
        return None;
    }
    let mean = points.iter().map(|point| f64::from(point.0)).sum::<f64>() / total;
    let spread = (points.iter().map(|point| (f64::from(point.0) - mean).powi(2)).sum::<f64>() / total)
        .sqrt()
        .max(1e-9);
    let (mut slope, mut offset) = (0.0, 0.0);
    for _ in 0..50 {
        let (mut g, mut h) = ([-slope, 0.0], [1.0, 0.0, 1e-9]);
        for &(measure, label) in points {
            let (z, label) = ((f64::from(measure) - mean) / spread, f64::from(label));
            let weight = total / 2.0 / if label > 0.5 { live } else { total - live };
            let p = 1.0 / (1.0 + (-(slope * z + offset)).exp());
            let (error, curve) = (weight * (label - p), weight * p * (1.0 - p));
            g = [g[0] + error * z, g[1] + error];
            h = [h[0] + curve * z * z, h[1] + curve * z, h[2] + curve];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        slope += (h[2] * g[0] - h[1] * g[1]) / determinant;
        offset += (h[0] * g[1] - h[1] * g[0]) / determinant;
    }
    Some(Calibration { middle: (mean - offset * spread / slope) as f32, slope: (slope / spread) as f32 })
}

fn row(name: &str, samples: &[Sample], scores: &[f32]) {
    let of = |is: &dyn Fn(Kind) -> bool| -> Vec<f32> {
        samples.iter().zip(scores).filter(|(sample, _)| is(sample.kind)).map(|(_, score)| *score).collect()
    };
    let live = of(&|kind| kind == Kind::Live);
    let replays = of(&|kind| kind != Kind::Live);
    let mut sorted = live.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let threshold = sorted.get(sorted.len() / 20).copied().unwrap_or(1.0);
    let through =
        replays.iter().filter(|score| **score >= threshold).count() as f32 / replays.len().max(1) as f32;
    let by_medium =
        MEDIA.map(|medium| format!("{:.3}", auc(&live, &of(&|kind| kind == Kind::Replay(medium)))));
    println!("  {name:<24} {}  {:.3}  {through:.3}", by_medium.join("  "), auc(&live, &replays));
}

/// Probability that a live sample's score is above a replay's; ties count half.
fn auc(live: &[f32], replays: &[f32]) -> f32 {
    let wins = live.iter().flat_map(|a| {
        replays.iter().map(move |b| match a.total_cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
    });
    wins.sum::<f32>() / (live.len() * replays.len()).max(1) as f32
}
