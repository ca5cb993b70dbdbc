//! What was measured on pictures, for people and as files.

use std::{
    fmt::{self, Display},
    fs,
    path::Path,
};

use anyhow::Context as _;
use models::pack::OperatingPoint;
use serde::Serialize;

use super::{
    curve::{self, Curve},
    identification::Trial,
    plot,
    statistics::Share,
};

/// Pictures without a face that the text names; `failures.txt` has all.
const NAMED_FAILURES: usize = 10;

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Id of the pack.
    pub pack: String,
    /// Pictures.
    pub pictures: usize,
    /// Identities.
    pub identities: usize,
    /// Pictures in which no face was found (failures to acquire).
    pub not_acquired: Vec<String>,
    /// Pairs of the file that show one person.
    pub genuine_pairs: usize,
    /// Pairs of the file that show two.
    pub impostor_pairs: usize,
    /// Folds of the accuracy.
    pub folds: usize,
    /// Whether the file says them.
    pub folds_given: bool,
    /// Mean over the folds and its standard error.
    pub accuracy: (f64, f64),
    /// On the file's pairs.
    pub true_matches: Vec<TrueMatches>,
    /// All pairs of pictures of one identity.
    pub genuine_comparisons: usize,
    /// All pairs of pictures of two identities.
    pub impostor_comparisons: usize,
    /// On all pairs of pictures, thresholds ascending.
    pub operating_points: Vec<FalseMatches>,
    /// One against many.
    pub trial: Option<Trial>,
    /// Receiver operating characteristics.
    pub curves: Vec<Curve>,
}

/// Share of the file's genuine pairs that are accepted where at most `rate` of its impostor pairs are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrueMatches {
    /// False match rate.
    pub rate: f64,
    /// Threshold and share; None where the file has too few impostor pairs for the rate.
    pub accepted: Option<(f32, Share)>,
}

/// A threshold with what it costs over all pairs of pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FalseMatches {
    /// False match rate that was aimed at.
    pub rate: f64,
    /// Least score.
    pub threshold: f32,
    /// False match rate with its interval.
    pub measured: Share,
    /// False non-match rate with its interval.
    pub non_matches: Share,
}

/// The part of a pack's description that the measurement fills.
#[derive(Serialize)]
struct Matching {
    matching: OperatingPoints,
}

#[derive(Serialize)]
struct OperatingPoints {
    operating_points: Vec<OperatingPoint>,
}

impl Report {
    /// Writes `report.txt`, `roc.csv`, `roc.svg`, `failures.txt` and `operating_points.toml` into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let title = format!("{}: {} pictures of {} people", self.pack, self.pictures, self.identities);
        let mut failures = self.not_acquired.join("\n");
        failures.push_str(if failures.is_empty() { "" } else { "\n" });
        for (name, text) in [
            ("report.txt", self.to_string()),
            ("roc.csv", curve::csv(&self.curves)),
            ("roc.svg", plot::svg(&title, &self.curves)),
            ("failures.txt", failures),
            ("operating_points.toml", self.pack_lines()?),
        ] {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// The operating points as they stand in a `pack.toml`.
    fn pack_lines(&self) -> anyhow::Result<String> {
        let point = |point: &FalseMatches| OperatingPoint {
            threshold: point.threshold,
            false_match_rate: point.measured.value,
            false_non_match_rate: point.non_matches.value,
        };
        let operating_points = self.operating_points.iter().map(point).collect();
        toml::to_string(&Matching { matching: OperatingPoints { operating_points } }).context("TOML")
    }

    fn write_acquisition(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "pictures              {} of {} identities", self.pictures, self.identities)?;
        let failures = &self.not_acquired;
        write!(f, "failures to acquire   {}", failures.len())?;
        let named = &failures[..failures.len().min(NAMED_FAILURES)];
        if !named.is_empty() {
            write!(f, ": {}", named.join(", "))?;
        }
        if failures.len() > named.len() {
            write!(f, " and {} more", failures.len() - named.len())?;
        }
        writeln!(f)
    }

    fn write_pairs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accuracy, error) = self.accuracy;
        writeln!(
            f,
            "accuracy              {:.2} % ± {:.2} (standard error), {} folds{}, {} genuine and {} impostor pairs",
            accuracy * 100.0,
            error * 100.0,
            self.folds,
            if self.folds_given { " of the file" } else { "" },
            self.genuine_pairs,
            self.impostor_pairs
        )?;
        for TrueMatches { rate, accepted } in &self.true_matches {
            match accepted {
                Some((threshold, share)) => writeln!(
                    f,
                    "TAR at FAR {rate:<10} {} at threshold {threshold:.3} (pairs of the file)",
                    Percent(share)
                )?,
                None => writeln!(f, "TAR at FAR {rate:<10} needs {:.0} impostor pairs", 1.0 / rate)?,
            }
        }
        Ok(())
    }

    fn write_operating_points(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "all pairs of pictures {} of one identity, {} of two; suggested thresholds:",
            self.genuine_comparisons, self.impostor_comparisons
        )?;
        for FalseMatches { rate, threshold, measured, non_matches } in &self.operating_points {
            writeln!(
                f,
                "  FMR ≤ {rate:<8e} threshold {threshold:.3}: FMR {:.2e} [{:.1e}, {:.1e}], FNMR {}",
                measured.value,
                measured.low,
                measured.high,
                Percent(non_matches)
            )?;
        }
        writeln!(
            f,
            "  95 % intervals: FMR by bootstrap over identities (never narrower than Wilson's), the others Wilson's"
        )
    }
}

/// A share with its interval, in per cent.
struct Percent<'a>(&'a Share);

impl Display for Percent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [value, low, high] = [self.0.value, self.0.low, self.0.high].map(|share| share * 100.0);
        write!(f, "{value:.2} % [{low:.2}, {high:.2}]")
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "pack                  {}", self.pack)?;
        self.write_acquisition(f)?;
        self.write_pairs(f)?;
        self.write_operating_points(f)?;
        let Some(Trial { enrolled, probes, strangers, threshold, rows }) = &self.trial else { return Ok(()) };
        writeln!(
            f,
            "identification        {enrolled} people with one picture each, {probes} other pictures of them, \
             {strangers} strangers, the pack's threshold {threshold:.3}, one picture decides"
        )?;
        for row in rows {
            writeln!(
                f,
                "  margin {:.3}: right name {}, wrong name {}, strangers taken for somebody {}",
                row.margin,
                Percent(&Share::wilson(row.right, *probes)),
                Percent(&Share::wilson(row.wrong, *probes)),
                Percent(&Share::wilson(row.strangers, *strangers))
            )?;
        }
        Ok(())
    }
}
