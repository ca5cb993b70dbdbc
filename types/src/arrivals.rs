//! Arrivals: who was seen where and when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ArrivalId, FeedId, PersonId, PhotoId, UserId};

/// A logged arrival.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArrivalView {
    /// Its id.
    pub id: ArrivalId,
    /// Who arrived.
    pub person: PersonRef,
    /// Where.
    pub feed: FeedRef,
    /// When the deciding frame was captured.
    pub at: DateTime<Utc>,
    /// When the row was written.
    pub recorded_at: DateTime<Utc>,
    /// Comparison score (cosine) of the deciding sighting; null for manual methods.
    pub similarity: Option<f32>,
    /// Distance to the second-best person; null where there was none.
    pub margin: Option<f32>,
    /// Liveness evidence, 0 to 1, where the feed asked for it.
    pub liveness: Option<f32>,
    /// How the person was identified.
    pub method: ArrivalMethod,
    /// Why somebody should look at it, until somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<ArrivalDoubt>,
    /// Which wrong arrival this one stands in for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reassigned_from: Option<ArrivalId>,
    /// That it counts no more, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<VoidedView>,
}

/// Why an arrival counts no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoidedView {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who said so.
    pub by: UserId,
    /// Why.
    pub reason: String,
}

/// Body of `POST /api/v1/arrivals/{id}/void`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VoidArrival {
    /// Why, in 1 to 500 characters.
    pub reason: String,
    /// Whether it was somebody else: that face is not taken for this person again.
    pub not_this_person: bool,
}

/// Body of `POST /api/v1/arrivals/{id}/reassign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReassignArrival {
    /// Who it was.
    pub person: PersonId,
    /// Why, in 1 to 500 characters.
    pub reason: String,
}

/// Why somebody should look at an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArrivalDoubt {
    /// It waited on a kiosk that could not ask the server whether PIN or badge is right.
    Provisional,
    /// It is said to be from a time in which the server itself heard from that feed, and came later.
    TimeUnproven,
}

/// How a person was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArrivalMethod {
    /// By face.
    Face,
    /// By staff number and PIN.
    Pin,
    /// By badge.
    Qr,
    /// By hand.
    Manual,
}

/// A person, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonRef {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their first photo, for an avatar; absent where there is none or the reader may not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoId>,
}

/// A feed, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedRef {
    /// Its id.
    pub id: FeedId,
    /// Its name.
    pub name: String,
}
