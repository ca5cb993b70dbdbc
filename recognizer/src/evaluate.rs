//! `recognizer evaluate`: how well a pack tells people apart, measured on labelled pictures.
//!
//! The pairs file has the columns `a,b,same`; pictures are named `identity/file` below one folder. Of each
//! picture the face nearest its middle counts. A picture without a face matches nobody.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    fs,
    path::Path,
};

use anyhow::{Context as _, bail};

use crate::{config::Models, decode::read_header, pipeline::Pipeline, startup};

/// Rates of false matches at which the true ones are reported.
const FALSE_MATCH_RATES: [f64; 3] = [1e-2, 1e-3, 1e-4];
/// Margins that the identification trial tries.
const MARGINS: [f32; 4] = [0.0, 0.005, 0.01, 0.02];
const FOLDS: usize = 10;

/// One line of the pairs file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    a: String,
    b: String,
    same: bool,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pack: String,
    pictures: usize,
    without_face: usize,
    pairs: usize,
    /// Mean over the folds and its standard error.
    accuracy: (f64, f64),
    cross_pairs: usize,
    operating_points: Vec<OperatingPoint>,
    trial: Trial,
}

/// A threshold with what it costs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct OperatingPoint {
    rate: f64,
    threshold: f32,
    /// Share of the file's genuine pairs that are accepted.
    accepted_pairs: f64,
    /// Share of all pairs of pictures of one identity that are accepted.
    accepted_all: f64,
}

/// One picture enrolled of each identity that has several; the others and those of strangers are looked for.
#[derive(Debug, Clone, PartialEq)]
struct Trial {
    enrolled: usize,
    probes: usize,
    strangers: usize,
    threshold: f32,
    rows: Vec<TrialRow>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct TrialRow {
    margin: f32,
    /// Probes found to be themselves, to be somebody else, strangers taken for somebody.
    right: usize,
    wrong: usize,
    strangers: usize,
}

/// An embedded picture.
struct Face<'a> {
    identity: &'a str,
    /// None where no face was found.
    embedding: Option<Vec<f32>>,
}

/// Measures the pack on `pairs` (CSV) and the pictures below `images`.
pub fn evaluate(models: &Models, pairs: &Path, images: &Path) -> anyhow::Result<Report> {
    let text = fs::read_to_string(pairs).with_context(|| format!("cannot read {}", pairs.display()))?;
    let pairs = parse_pairs(&text)?;
    let pack = startup::open_pack(models)?;
    let environment = startup::open_runtime(&models.ort)?;
    let mut pipeline = Pipeline::load(&environment, &pack)?;
    let mut faces: BTreeMap<&str, Face> = BTreeMap::new();
    for name in pairs.iter().flat_map(|pair| [&pair.a, &pair.b]) {
        if !faces.contains_key(name.as_str()) {
            let embedding = embed(&mut pipeline, &images.join(name))?;
            let identity = name.split_once('/').map_or(name.as_str(), |(identity, _)| identity);
            faces.insert(name, Face { identity, embedding });
        }
    }
    Ok(report(pack.pack.id(), &pairs, &faces))
}

fn parse_pairs(text: &str) -> anyhow::Result<Vec<Pair>> {
    let mut pairs = vec![];
    for (i, line) in text.lines().enumerate().skip(1) {
        let fields: Vec<&str> = line.trim().split(',').collect();
        let (a, b, same) = match fields[..] {
            [a, b, "1"] => (a, b, true),
            [a, b, "0"] => (a, b, false),
            _ => bail!("line {}: `{line}` is not `a,b,1` or `a,b,0`", i + 1),
        };
        pairs.push(Pair { a: a.into(), b: b.into(), same });
    }
    let genuine = pairs.iter().filter(|pair| pair.same).count();
    if genuine < FOLDS || pairs.len() - genuine < FOLDS {
        bail!("the pairs file needs at least {FOLDS} pairs of each kind");
    }
    Ok(pairs)
}

fn embed(pipeline: &mut Pipeline, path: &Path) -> anyhow::Result<Option<Vec<f32>>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let header = read_header(&bytes).with_context(|| path.display().to_string())?;
    let answer = pipeline.analyse(&bytes, header, None).with_context(|| path.display().to_string())?;
    let middle = [answer.width as f32 / 2.0, answer.height as f32 / 2.0];
    let distance = |bounds: &types::BoundingBox| {
        (bounds.x + bounds.width / 2.0 - middle[0]).hypot(bounds.y + bounds.height / 2.0 - middle[1])
    };
    let faces = answer.faces.into_iter();
    let nearest = faces.min_by(|a, b| distance(&a.bounding_box).total_cmp(&distance(&b.bounding_box)));
    Ok(nearest.and_then(|face| face.embedding).map(|embedding| embedding.0))
}

fn report(pack: String, pairs: &[Pair], faces: &BTreeMap<&str, Face>) -> Report {
    let score = |a: &str, b: &str| similarity(&faces[a], &faces[b]);
    let scores: Vec<(f32, bool)> = pairs.iter().map(|pair| (score(&pair.a, &pair.b), pair.same)).collect();
    let all: Vec<&Face> = faces.values().collect();
    let (mut cross, mut genuine) = (vec![], vec![]);
    for (i, a) in all.iter().enumerate() {
        for b in &all[i + 1..] {
            let kind = if a.identity == b.identity { &mut genuine } else { &mut cross };
            kind.push(similarity(a, b));
        }
    }
    cross.sort_unstable_by(f32::total_cmp);
    let pair_scores: Vec<f32> = scores.iter().filter(|(_, same)| *same).map(|(score, _)| *score).collect();
    let operating_points = FALSE_MATCH_RATES.map(|rate| {
        let threshold = threshold_at(&cross, rate);
        let accepted_pairs = share_from(&pair_scores, threshold);
        OperatingPoint { rate, threshold, accepted_pairs, accepted_all: share_from(&genuine, threshold) }
    });
    let strictest = operating_points.last().map_or(1.0, |point| point.threshold);
    Report {
        pack,
        pictures: all.len(),
        without_face: all.iter().filter(|face| face.embedding.is_none()).count(),
        pairs: pairs.len(),
        accuracy: ten_folds(&scores),
        cross_pairs: cross.len(),
        operating_points: operating_points.to_vec(),
        trial: identify(&all, strictest),
    }
}

/// Cosine; −1 where a face is missing.
fn similarity(a: &Face, b: &Face) -> f32 {
    match (&a.embedding, &b.embedding) {
        (Some(a), Some(b)) => a.iter().zip(b).map(|(a, b)| a * b).sum(),
        _ => -1.0,
    }
}

/// The least score that at most `rate` of the (sorted) scores reach, rounded up to three digits.
fn threshold_at(sorted: &[f32], rate: f64) -> f32 {
    let allowed = (sorted.len() as f64 * rate).floor() as usize;
    let Some(&highest_refused) = sorted.len().checked_sub(allowed + 1).and_then(|i| sorted.get(i)) else {
        return -1.0;
    };
    // The next step above it; a score that lies on a step itself is refused as well.
    let step = (f64::from(highest_refused) * 1000.0).floor() as i32 + 1;
    let threshold = step as f32 / 1000.0;
    if threshold > highest_refused { threshold } else { (step + 1) as f32 / 1000.0 }
}

fn share_from(scores: &[f32], threshold: f32) -> f64 {
    scores.iter().filter(|score| **score >= threshold).count() as f64 / scores.len().max(1) as f64
}

/// Accuracy by ten folds, each judged at the threshold that is best on the other nine: mean and standard error.
/// Folds are consecutive parts of the genuine and of the impostor pairs.
fn ten_folds(scores: &[(f32, bool)]) -> (f64, f64) {
    let count = |same: bool| scores.iter().filter(|(_, is)| *is == same).count();
    let totals = [count(false), count(true)];
    let mut seen = [0, 0];
    let folds: Vec<usize> = scores
        .iter()
        .map(|(_, same)| {
            let kind = usize::from(*same);
            seen[kind] += 1;
            (seen[kind] - 1) * FOLDS / totals[kind]
        })
        .collect();
    let accuracies: Vec<f64> = (0..FOLDS)
        .map(|fold| {
            let part = |inside: bool| {
                let with_fold = scores.iter().zip(&folds);
                with_fold.filter(move |(_, f)| (**f == fold) == inside).map(|(score, _)| *score)
            };
            let threshold = best_threshold(part(false).collect());
            let right = part(true).filter(|(score, same)| (*score >= threshold) == *same).count();
            right as f64 / part(true).count().max(1) as f64
        })
        .collect();
    let mean = accuracies.iter().sum::<f64>() / FOLDS as f64;
    let variance = accuracies.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / (FOLDS - 1) as f64;
    (mean, (variance / FOLDS as f64).sqrt())
}

/// The threshold that is right most often: midway between the last score that is better accepted and the next.
fn best_threshold(mut scores: Vec<(f32, bool)>) -> f32 {
    scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    // Right so far, relative to refusing all: one more for each genuine pair, one less for each impostor.
    let (mut right, mut most, mut best) = (0i64, i64::MIN, 1.0);
    let mut scores = scores.into_iter().peekable();
    while let Some((score, same)) = scores.next() {
        right += if same { 1 } else { -1 };
        let next = scores.peek().map_or(-1.0, |(next, _)| *next);
        if next != score && right > most {
            (most, best) = (right, f32::midpoint(score, next));
        }
    }
    best
}

fn identify(faces: &[&Face], threshold: f32) -> Trial {
    let mut by_identity: BTreeMap<&str, Vec<&[f32]>> = BTreeMap::new();
    for face in faces {
        if let Some(embedding) = &face.embedding {
            by_identity.entry(face.identity).or_default().push(embedding);
        }
    }
    let (several, single): (Vec<_>, Vec<_>) = by_identity.values().partition(|list| list.len() > 1);
    let gallery: Vec<&[f32]> = several.iter().map(|list| list[0]).collect();
    let known: Vec<(usize, &[f32])> = several
        .iter()
        .enumerate()
        .flat_map(|(person, list)| list[1..].iter().map(move |probe| (person, *probe)))
        .collect();
    let known: Vec<_> = known.iter().map(|(person, probe)| (*person, search(&gallery, probe))).collect();
    let strangers: Vec<_> = single.iter().map(|list| search(&gallery, list[0])).collect();
    let rows = MARGINS.map(|margin| {
        let accepted = |hit: &Hit| hit.score >= threshold && hit.margin >= margin;
        let found = |right: bool| {
            known.iter().filter(|(person, hit)| accepted(hit) && (hit.person == *person) == right).count()
        };
        let strangers = strangers.iter().filter(|hit| accepted(hit)).count();
        TrialRow { margin, right: found(true), wrong: found(false), strangers }
    });
    Trial {
        enrolled: gallery.len(),
        probes: known.len(),
        strangers: strangers.len(),
        threshold,
        rows: rows.to_vec(),
    }
}

struct Hit {
    person: usize,
    score: f32,
    margin: f32,
}

fn search(gallery: &[&[f32]], probe: &[f32]) -> Hit {
    let mut hit = Hit { person: usize::MAX, score: -1.0, margin: 0.0 };
    let mut second = -1.0;
    for (person, template) in gallery.iter().enumerate() {
        let score = template.iter().zip(probe).map(|(a, b)| a * b).sum();
        if score > hit.score {
            second = hit.score;
            (hit.person, hit.score) = (person, score);
        } else if score > second {
            second = score;
        }
    }
    hit.margin = hit.score - second;
    hit
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let (accuracy, error) = self.accuracy;
        writeln!(f, "pack                  {}", self.pack)?;
        writeln!(f, "pictures              {} ({} without a face)", self.pictures, self.without_face)?;
        writeln!(
            f,
            "accuracy, ten folds   {} ± {} (standard error) on {} pairs",
            percent(accuracy),
            percent(error),
            self.pairs
        )?;
        writeln!(f, "impostor comparisons  {}", self.cross_pairs)?;
        for point in &self.operating_points {
            writeln!(
                f,
                "FMR ≤ {:<7} threshold {:.3}: accepts {} of the genuine pairs, {} of all pairs of one person",
                point.rate,
                point.threshold,
                percent(point.accepted_pairs),
                percent(point.accepted_all)
            )?;
        }
        let Trial { enrolled, probes, strangers, threshold, rows } = &self.trial;
        writeln!(
            f,
            "identification        {enrolled} people with one picture each, {probes} other pictures of them, \
             {strangers} strangers, threshold {threshold:.3}, one picture decides"
        )?;
        for row in rows {
            writeln!(
                f,
                "  margin {:.3}: found {}, taken for another {}, strangers taken for somebody {}",
                row.margin,
                percent(row.right as f64 / (*probes).max(1) as f64),
                percent(row.wrong as f64 / (*probes).max(1) as f64),
                percent(row.strangers as f64 / (*strangers).max(1) as f64)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_lets_at_most_the_rate_through() {
        let sorted: Vec<f32> = (0..1000u16).map(|i| f32::from(i) / 1000.0).collect();
        for rate in [0.0, 1e-3, 1e-2, 0.1] {
            let threshold = threshold_at(&sorted, rate);
            assert!(share_from(&sorted, threshold) <= rate, "{rate}");
            // A step of 0.001 lower lets more through.
            assert!(share_from(&sorted, threshold - 0.0015) > rate, "{rate}");
        }
    }

    #[test]
    fn separable_scores_are_told_apart_in_every_fold() {
        let scores: Vec<(f32, bool)> =
            (0..100u8).map(|i| (f32::from(i) / 200.0 + if i < 50 { 0.0 } else { 0.2 }, i >= 50)).collect();
        assert_eq!(ten_folds(&scores), (1.0, 0.0));
    }

    #[test]
    fn scores_without_meaning_are_right_half_the_time() {
        let scores: Vec<(f32, bool)> = (0..1000u16).map(|i| (f32::from(i % 7), i % 2 == 0)).collect();
        let (accuracy, _) = ten_folds(&scores);
        assert!((0.4..0.6).contains(&accuracy), "{accuracy}");
    }

    #[test]
    fn equal_scores_stay_together() {
        let best = best_threshold(vec![(0.9, true), (0.5, true), (0.5, false), (0.5, false), (0.1, false)]);
        assert!((best - 0.7).abs() < 1e-6, "{best}");
    }

    #[test]
    fn the_margin_is_the_distance_to_the_second() {
        let gallery: [&[f32]; 3] = [&[0.0, 1.0], &[1.0, 0.0], &[0.6, 0.8]];
        let hit = search(&gallery, &[1.0, 0.0]);
        assert_eq!((hit.person, hit.score), (1, 1.0));
        assert!((hit.margin - 0.4).abs() < 1e-6);
    }

    #[test]
    fn odd_pairs_files_are_refused() {
        assert!(parse_pairs("a,b,same\nx/1,y/2\n").is_err());
        assert!(parse_pairs("a,b,same\nx/1,y/2,1\n").is_err(), "too few pairs");
    }
}
