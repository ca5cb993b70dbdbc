//! `recognizer evaluate`: how well a pack tells people apart, measured on labelled pictures or clips.
//!
//! Pictures ([`Pictures`]): [`pairs`] reads which two are compared, [`identities`] who is in them. Of each picture
//! the face nearest its middle counts; one without a face matches nobody and is listed. [`statistics`] makes rates,
//! [`identification`] tries one against many, [`curve`] and [`plot`] draw, [`report`] says it all. Clips: [`clips`]
//! decodes them, [`trial`] follows, enrols and decides as the service and the API do.

pub mod clips;
pub mod curve;
pub mod identification;
pub mod identities;
pub mod pairs;
pub mod plot;
pub mod report;
pub mod statistics;
pub mod trial;

use std::{fs, path::Path};

use anyhow::{Context as _, bail};

use self::{
    curve::Curve,
    identification::identify,
    identities::Identities,
    pairs::Pairs,
    report::{FalseMatches, Report, TrueMatches},
    statistics::{Scored, Share, count_from, cross_validated, threshold_at},
};
use crate::{
    config::Models,
    decode::read_header,
    pipeline::{Options, Pipeline},
    startup,
};

/// Rates of false matches at which the file's genuine pairs are reported.
const REPORTED: [f64; 3] = [1e-2, 1e-3, 1e-4];
/// Rates of false matches that thresholds are suggested for, as far as the comparisons reach.
const SUGGESTED: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/// Missing pictures that an error names.
const NAMED_MISSING: usize = 5;
/// Score of a comparison that cannot be made, because a picture shows no face.
const NO_SCORE: f32 = -1.0;

/// Embedded pictures.
struct Pictures<'a> {
    identities: Identities<'a>,
    /// In the order of the identities' pictures; None where no face was found.
    embeddings: Vec<Option<Vec<f32>>>,
}

/// Measures the first pack of `models` on `pairs` (CSV) and the pictures below `images`.
///
/// # Errors
/// When the file, a picture or the pack cannot be read.
pub fn evaluate(models: &Models, pairs: &Path, images: &Path) -> anyhow::Result<Report> {
    let pairs = pairs::read(pairs)?;
    let identities = Identities::of(&pairs.list)?;
    check_pictures(images, &identities.pictures)?;
    let pack = startup::open_pack(models)?;
    let environment = startup::open_runtime(&models.ort)?;
    let mut pipeline = Pipeline::load(&environment, &pack)?;
    let embed = |name: &&str| embed(&mut pipeline, &images.join(name));
    let embeddings = identities.pictures.iter().map(embed).collect::<anyhow::Result<_>>()?;
    measure(&pack.pack.id(), pack.pack.matching.threshold, &pairs, &Pictures { identities, embeddings })
}

/// Missing pictures are told before anything is computed.
fn check_pictures(images: &Path, pictures: &[&str]) -> anyhow::Result<()> {
    let missing: Vec<&str> = pictures.iter().copied().filter(|name| !images.join(name).is_file()).collect();
    if !missing.is_empty() {
        let more = missing.len().saturating_sub(NAMED_MISSING);
        bail!(
            "{} of {} pictures are not in {}: {}{}",
            missing.len(),
            pictures.len(),
            images.display(),
            missing[..missing.len() - more].join(", "),
            if more > 0 { format!(" and {more} more") } else { String::new() }
        );
    }
    Ok(())
}

fn embed(pipeline: &mut Pipeline, path: &Path) -> anyhow::Result<Option<Vec<f32>>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let header = read_header(&bytes).with_context(|| path.display().to_string())?;
    let answer = pipeline
        .analyse(&bytes, header, Options::default(), None)
        .with_context(|| path.display().to_string())?;
    let middle = [answer.width as f32 / 2.0, answer.height as f32 / 2.0];
    let distance = |bounds: &types::BoundingBox| {
        (bounds.x + bounds.width / 2.0 - middle[0]).hypot(bounds.y + bounds.height / 2.0 - middle[1])
    };
    let faces = answer.faces.into_iter();
    let nearest = faces.min_by(|a, b| distance(&a.bounding_box).total_cmp(&distance(&b.bounding_box)));
    Ok(nearest.and_then(|face| face.embedding).map(|embedding| embedding.0))
}

impl Pictures<'_> {
    fn score(&self, a: usize, b: usize) -> f32 {
        match (&self.embeddings[a], &self.embeddings[b]) {
            (Some(a), Some(b)) => a.iter().zip(b).map(|(a, b)| a * b).sum(),
            _ => NO_SCORE,
        }
    }

    /// Scores of all pairs of pictures, ascending: of one identity, of two.
    fn all_scores(&self) -> (Vec<f32>, Vec<f32>) {
        let (mut genuine, mut impostor) = (vec![], vec![]);
        for (a, b) in self.comparisons() {
            let same = self.identities.of[a] == self.identities.of[b];
            if same { &mut genuine } else { &mut impostor }.push(self.score(a, b));
        }
        genuine.sort_unstable_by(f32::total_cmp);
        impostor.sort_unstable_by(f32::total_cmp);
        (genuine, impostor)
    }

    fn comparisons(&self) -> impl Iterator<Item = (usize, usize)> {
        let count = self.embeddings.len();
        (0..count).flat_map(move |a| (a + 1..count).map(move |b| (a, b)))
    }

    /// The identities of every comparison of two people that reaches `least`, with its score.
    fn false_matches(&self, least: f32) -> Vec<(f32, (usize, usize))> {
        let of = &self.identities.of;
        self.comparisons()
            .filter(|&(a, b)| of[a] != of[b])
            .map(|(a, b)| (self.score(a, b), (of[a], of[b])))
            .filter(|(score, _)| *score >= least)
            .collect()
    }
}

fn measure(pack: &str, threshold: f32, pairs: &Pairs, pictures: &Pictures) -> anyhow::Result<Report> {
    let position = |name: &str| pictures.identities.position(name).context("a picture of the pairs");
    let mut scores = Vec::with_capacity(pairs.list.len());
    for pair in &pairs.list {
        let score = pictures.score(position(&pair.a)?, position(&pair.b)?);
        scores.push(Scored { score, same: pair.same, fold: pair.fold });
    }
    let of_kind = |same: bool| {
        let mut list: Vec<f32> = scores.iter().filter(|p| p.same == same).map(|p| p.score).collect();
        list.sort_unstable_by(f32::total_cmp);
        list
    };
    let (genuine, impostor) = (of_kind(true), of_kind(false));
    let (all_genuine, all_impostor) = pictures.all_scores();
    let operating_points = suggest(pictures, &all_genuine, &all_impostor);
    let known = pictures.identities.of.iter().zip(&pictures.embeddings);
    let known: Vec<(usize, &[f32])> = known.filter_map(|(of, e)| Some((*of, e.as_deref()?))).collect();
    let names = pictures.identities.pictures.iter().zip(&pictures.embeddings);
    Ok(Report {
        pack: pack.into(),
        pictures: pictures.embeddings.len(),
        identities: pictures.identities.count,
        not_acquired: names.filter(|(_, e)| e.is_none()).map(|(name, _)| (*name).to_owned()).collect(),
        genuine_pairs: genuine.len(),
        impostor_pairs: impostor.len(),
        folds: pairs.folds,
        folds_given: pairs.folds_given,
        accuracy: cross_validated(&scores, pairs.folds),
        true_matches: REPORTED.map(|rate| true_matches(&genuine, &impostor, rate)).to_vec(),
        genuine_comparisons: all_genuine.len(),
        impostor_comparisons: all_impostor.len(),
        trial: identify(&known, threshold),
        operating_points,
        curves: vec![
            Curve::of("pairs of the file", &genuine, &impostor),
            Curve::of("all pairs of the pictures", &all_genuine, &all_impostor),
        ],
    })
}

fn true_matches(genuine: &[f32], impostor: &[f32], rate: f64) -> TrueMatches {
    let threshold = threshold_at(impostor, rate);
    let accepted =
        threshold.map(|threshold| (threshold, Share::wilson(count_from(genuine, threshold), genuine.len())));
    TrueMatches { rate, accepted }
}

/// A threshold for each of [`SUGGESTED`] that the comparisons reach, with what it costs.
fn suggest(pictures: &Pictures, genuine: &[f32], impostor: &[f32]) -> Vec<FalseMatches> {
    let thresholds = SUGGESTED.map(|rate| (rate, threshold_at(impostor, rate)));
    let thresholds = || thresholds.iter().filter_map(|&(rate, threshold)| Some((rate, threshold?)));
    let Some((_, least)) = thresholds().next() else { return vec![] };
    let accepted = pictures.false_matches(least);
    let mut sizes = vec![0; pictures.identities.count];
    pictures.identities.of.iter().for_each(|&identity| sizes[identity] += 1);
    thresholds()
        .map(|(rate, threshold)| {
            let reached = accepted.iter().filter(|(score, _)| *score >= threshold);
            let identities: Vec<(usize, usize)> = reached.map(|(_, identities)| *identities).collect();
            let refused = genuine.len() - count_from(genuine, threshold);
            FalseMatches {
                rate,
                threshold,
                measured: Share::of_identities(&identities, &sizes),
                non_matches: Share::wilson(refused, genuine.len()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten people with two pictures each, at right angles; one picture has no face.
    fn report() -> Report {
        let same = (0..10).map(|i| format!("p{i}/1,p{i}/2,1\n"));
        let different = (0..10).map(|i| format!("p{i}/1,p{}/2,0\n", (i + 1) % 10));
        let text: String = same.chain(different).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pairs.csv");
        fs::write(&path, format!("a,b,same\n{text}")).expect("a file");
        let pairs = pairs::read(&path).expect("pairs");
        let identities = Identities::of(&pairs.list).expect("identities");
        let unit = |i: usize| {
            let mut numbers = vec![0.0; 10];
            numbers[i] = 1.0;
            numbers
        };
        let mut embeddings: Vec<_> = identities.of.iter().map(|&identity| Some(unit(identity))).collect();
        embeddings[0] = None;
        measure("test", 0.5, &pairs, &Pictures { identities, embeddings }).expect("a report")
    }

    #[test]
    fn a_perfect_pack_loses_only_what_it_does_not_see() {
        let report = report();
        assert_eq!(report.not_acquired, ["p0/1"]);
        assert_eq!((report.identities, report.pictures), (10, 20));
        assert_eq!((report.genuine_comparisons, report.impostor_comparisons), (10, 180));
        assert!((report.accuracy.0 - 0.95).abs() < 1e-9, "one of twenty pairs cannot be compared");
        let [point] = report.operating_points[..] else { panic!("180 comparisons reach 1e-2 alone") };
        assert_eq!((point.measured.value, point.non_matches.value), (0.0, 0.1));
        assert!(point.measured.high > 0.0, "none of 180 is not never");
        assert!(
            report.true_matches.iter().all(|row| row.accepted.is_none()),
            "ten pairs say nothing of 1e-2"
        );
        let trial = report.trial.expect("nine people with two pictures");
        assert_eq!((trial.enrolled, trial.rows[0].right, trial.rows[0].strangers), (9, 9, 0));
    }

    #[test]
    fn missing_pictures_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("1"), "").expect("a file");
        let error = check_pictures(folder.path(), &["1", "2", "3", "4", "5", "6", "7", "8"]);
        let error = error.expect_err("seven are missing").to_string();
        assert!(error.starts_with("7 of 8") && error.contains(": 2, 3, 4, 5, 6 and 2 more"), "{error}");
    }
}
