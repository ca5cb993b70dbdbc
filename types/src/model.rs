//! The model pack in use, and changing it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{PersonRef, PhotoId};

/// Answer of `GET /api/v1/model`: the model pack in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackView {
    /// Names the pack and the exact files in it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Length of an embedding.
    pub dimensions: usize,
    /// Default least comparison score (cosine).
    pub threshold: f32,
    /// Default least distance to the second-best person.
    pub margin: f32,
    /// Whether the pack can tell liveness without the person's help.
    pub passive_liveness: bool,
    /// From this much passive liveness evidence on, a face is a live person's; null where the pack gives none.
    #[serde(default)]
    pub liveness_live: Option<f32>,
    /// Up to this much it is a presentation attack; in between is doubt.
    #[serde(default)]
    pub liveness_spoof: Option<f32>,
    /// Whether the pack has the mesh that an active challenge needs.
    pub challenge: bool,
    /// The measurement that the threshold comes from.
    pub measured: String,
    /// What other thresholds would cost, by the same measurement; ascending thresholds, empty where none stand
    /// in the pack.
    #[serde(default)]
    pub operating_points: Vec<OperatingPoint>,
    /// The files, their sources and licences.
    pub files: Vec<PackFile>,
}

/// One file of a model pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackFile {
    /// What it does, for example `detector`.
    pub role: String,
    /// Its name in the pack's folder.
    pub file: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Where the weights come from.
    pub source: String,
    /// SPDX expression.
    pub license: String,
}

/// Error rates of single comparisons at a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// Least comparison score (cosine).
    pub threshold: f32,
    /// Share of comparisons of two different people that reach it.
    pub false_match_rate: f64,
    /// Share of comparisons of one person's pictures that do not.
    pub false_non_match_rate: f64,
}

/// Answer of `GET /api/v1/model/risk`: what the false match rate of single comparisons means for this
/// installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchingRisk {
    /// People who can be recognised.
    pub people: i64,
    /// Faces seen a day, as counted over the last days.
    pub faces_per_day: f64,
    /// Least comparison score that is used where a feed has none of its own.
    pub threshold: f32,
    /// The false match rate of one comparison there, as measured for the pack; null where it was not.
    pub false_match_rate: Option<f64>,
    /// At most this many strangers a day get a name by chance, were each face a stranger's and judged alone:
    /// an upper bound, since several frames must agree. Null where the rate is not known.
    pub false_names_per_day: Option<f64>,
    /// Up to this many people the bound stays below one false name in 1,000 strangers.
    pub safe_up_to_people: Option<i64>,
    /// The least threshold at which it does with the people enrolled now; null where none was measured.
    pub suggested_threshold: Option<f32>,
}

/// A model pack that the recognizer offers or that templates are kept of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackStatus {
    /// [`PackView::id`].
    pub id: String,
    /// The pack, where the recognizer offers it.
    pub pack: Option<PackView>,
    /// Where it stands.
    pub state: PackState,
    /// Photos that have a template of this pack.
    pub photos_done: i64,
    /// Photos there are.
    pub photos_total: i64,
    /// Photos in which this pack finds no face that it can use.
    pub failed: Vec<FailedPhoto>,
    /// When it was last taken into use.
    pub activated_at: Option<DateTime<Utc>>,
}

/// Where a model pack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PackState {
    /// The recognizer offers it; no templates are made for it.
    Available,
    /// Templates are being made in the background.
    Preparing,
    /// Every photo was tried: it can be taken into use. Enrolments write its templates as well.
    Ready,
    /// In use.
    Active,
}

/// A photo that a pack cannot use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailedPhoto {
    /// Whose.
    pub person: PersonRef,
    /// Which.
    pub photo: PhotoId,
    /// Why, in words.
    pub reason: String,
}
