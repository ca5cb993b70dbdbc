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
    /// Why the recognizer counts as down, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
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
    /// Whether every admin needs a second factor; absent in a request: as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admins_need_second_factor: Option<bool>,
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
    /// People who came too late for something today.
    #[serde(default)]
    pub late: i64,
    /// People who were absent from something today.
    #[serde(default)]
    pub absent: i64,
    /// Arrivals today.
    pub arrivals: i64,
    /// Feeds that sent a frame in the last ten seconds.
    pub feeds_live: i64,
    /// Feeds there are.
    pub feeds: i64,
}
