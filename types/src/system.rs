//! Lists, health, settings and the model in use.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Pass as `after=` for the next page; null on the last.
    pub next: Option<String>,
    /// How many there are in all, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

/// Answer of `GET /api/v1/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok` when every part is.
    pub status: HealthStatus,
    /// PostgreSQL.
    pub database: PartStatus,
    /// The recognizer.
    pub recognizer: PartStatus,
    /// Version of this server.
    pub version: String,
}

/// The whole.
pub type HealthStatus = PartStatus;

/// A part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PartStatus {
    /// It answers.
    Ok,
    /// It does not.
    Down,
}

/// Answer of `GET` and body of `PUT /api/v1/settings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Shown in the top bar.
    pub site_name: String,
    /// IANA name of the zone that defines today.
    pub timezone: String,
}

/// Answer of `GET /api/v1/today`: the day in the site's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Today {
    /// The day.
    pub date: NaiveDate,
    /// The site's zone (IANA name).
    pub timezone: String,
    /// When the day began.
    pub since: DateTime<Utc>,
    /// People seen today.
    pub present: i64,
    /// People who are enrolled and not archived.
    pub expected: i64,
    /// Arrivals today.
    pub arrivals: i64,
    /// Feeds that sent a frame in the last ten seconds.
    pub feeds_live: i64,
    /// Feeds there are.
    pub feeds: i64,
}

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
    /// Whether the pack has the mesh that an active challenge needs.
    pub challenge: bool,
    /// The measurement that the threshold comes from.
    pub measured: String,
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
