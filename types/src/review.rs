//! The review queue: faces that nobody was recognised in, kept for a while so that an admin can name them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ConsentGiven, CreatePerson, FeedRef, PersonId, PersonRef, ReviewFaceId, ReviewId};

/// Answer of `GET` and body of `PUT /api/v1/review/settings`. The queue is off until somebody says why it is
/// needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewSettings {
    /// Whether unknown faces are kept.
    pub enabled: bool,
    /// Why, 10 to 500 characters; required to switch it on.
    #[serde(default)]
    pub reason: Option<String>,
    /// Hours after which a face is erased, 1 to 720, default 72.
    #[serde(default = "default_keep_hours")]
    pub keep_hours: u32,
}

fn default_keep_hours() -> u32 {
    72
}

/// Faces that seem to be one person's. Of a face seen for long a few pictures are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewItem {
    /// Its id.
    pub id: ReviewId,
    /// Newest first.
    pub faces: Vec<ReviewFace>,
    /// Sightings (tracks), also those of which no picture is kept.
    pub sightings: i64,
    /// First seen.
    pub first_seen: DateTime<Utc>,
    /// Last seen.
    pub last_seen: DateTime<Utc>,
    /// When the last of its pictures is erased.
    pub expires_at: DateTime<Utc>,
    /// The enrolled people who are most alike, best first.
    pub candidates: Vec<ReviewCandidate>,
}

/// One face of the queue; the image is at `/api/v1/review/{item}/faces/{id}/image`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewFace {
    /// Its id.
    pub id: ReviewFaceId,
    /// Where it was seen.
    pub feed: FeedRef,
    /// When.
    pub at: DateTime<Utc>,
    /// Why it is here.
    pub why: ReviewReason,
    /// Liveness evidence, 0 to 1, where there was any.
    pub liveness: Option<f32>,
}

/// Why a face is in the review queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// Nobody enrolled looks like it.
    Unknown,
    /// Somebody does, but it may have been a picture of them.
    Spoof,
}

/// An enrolled person who looks like a face of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewCandidate {
    /// Who.
    pub person: PersonRef,
    /// Comparison score (cosine).
    pub similarity: f32,
}

/// Body of `POST /api/v1/review/{item}/enrolment`: exactly one of `person` and `person_id`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EnrolFromReview {
    /// A new person, with their consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<CreatePerson>,
    /// Somebody who is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// Their consent, where none is on record yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentGiven>,
    /// Which faces; all that are good enough where none is named.
    #[serde(default)]
    pub faces: Vec<ReviewFaceId>,
}

/// Body of `POST /api/v1/review/{item}/non-match`: this face is not that person's, whatever the score says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NonMatch {
    /// Whom it is not.
    pub person_id: PersonId,
}
