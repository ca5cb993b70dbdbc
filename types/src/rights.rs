//! People's rights: consent and its texts, how long data is kept, erasure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{PersonId, UserId};

/// A consent that stands or stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentRecord {
    /// The person or their guardian.
    pub given_by: String,
    /// When it was given.
    pub at: DateTime<Utc>,
    /// Version of the text they agreed to.
    pub text_version: String,
    /// Who recorded it.
    pub recorded_by: UserId,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// When it ended; null while it stands.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who recorded the end.
    pub ended_by: Option<UserId>,
    /// Whether it was taken back; else another took its place.
    pub withdrawn: bool,
}

/// A version of what people agree to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentText {
    /// The version, 1 to 50 characters.
    pub version: String,
    /// The text.
    pub text: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Body of `PUT /api/v1/consent-texts`: a new version, which is asked for from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewConsentText {
    /// 1 to 50 characters, not used before.
    pub version: String,
    /// 1 to 20,000 characters.
    pub text: String,
}

/// How long each kind of data is kept, in days; null is without end. What is older is deleted at night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Arrivals, 1 to 36,500.
    pub arrivals_days: Option<i32>,
    /// Day states, marks and corrections, 1 to 36,500.
    pub attendance_days: Option<i32>,
    /// Values of the audit, 1 to 36,500; that there was an entry stays.
    pub audit_days: Option<i32>,
    /// Imports with their rows, 1 to 30.
    pub imports_days: i32,
}

/// Body of `POST /api/v1/people/{id}/erasure`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// Why, 1 to 500 characters; in the report alone.
    pub reason: String,
}

/// What was erased of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureReport {
    /// The id that the person had, which stays in the ledger of erasures and in the audit.
    pub person: PersonId,
    /// When.
    pub erased_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// How much of each kind was erased.
    pub erased: ErasedCounts,
    /// Whether there was a key of photos and templates, which is destroyed here. Backups made before hold it, wrapped by
    /// the master key.
    pub key_destroyed: bool,
    /// Until when backups hold what was deleted and the wrapped key; a restore erases it again. Null where backups are
    /// kept without end.
    pub backups_until: Option<DateTime<Utc>>,
    /// Until when old versions in the photo store hold sealed photos, which open with the key in a backup alone.
    pub storage_versions_until: DateTime<Utc>,
}

/// How much of each kind was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(missing_docs)]
pub struct ErasedCounts {
    pub photos: i64,
    pub templates: i64,
    pub non_matches: i64,
    pub arrivals: i64,
    pub attendance_days: i64,
    pub marks: i64,
    pub corrections: i64,
    pub memberships: i64,
    pub consents: i64,
    /// Messages about them, sent or not.
    #[serde(default)]
    pub messages: i64,
    /// Their PIN, where they had one.
    #[serde(default)]
    pub pins: i64,
    /// Their badges, revoked ones too.
    #[serde(default)]
    pub badges: i64,
    /// Items of the review queue that showed them.
    pub review_items: i64,
    /// Their account, where they were a member; another role's stays, for somebody to end it.
    #[serde(default)]
    pub accounts: i64,
    /// Entries of the audit whose values were emptied.
    pub audit_entries: i64,
}
