//! People and their photos.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{GroupId, PersonId, PhotoId, Quality};

/// A person who can be recognised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonView {
    /// Their id.
    pub id: PersonId,
    /// Full name.
    pub name: String,
    /// Staff or roll number, unique.
    pub external_id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Department or programme.
    pub branch: Option<String>,
    /// Year of study: 0 to 9999.
    pub year: Option<i16>,
    /// Groups they belong to today, by name.
    pub groups: Vec<GroupRef>,
    /// Their photos, oldest first.
    pub photos: Vec<PhotoView>,
    /// The consent on record; null where none stands.
    pub consent: Option<ConsentDetail>,
    /// Their newest arrival.
    pub last_seen: Option<DateTime<Utc>>,
    /// Since when recognition is off for them.
    pub archived_at: Option<DateTime<Utc>>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
}

/// A group, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupRef {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
}

/// A stored photo; the image is at `/api/v1/people/{person}/photos/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoView {
    /// Its id.
    pub id: PhotoId,
    /// Verdict on the face in it.
    pub quality: Quality,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// Part `person` of `POST /api/v1/people`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePerson {
    /// 1 to 200 characters.
    pub name: String,
    /// Staff or roll number, 1 to 64 characters, unique.
    pub external_id: String,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(default)]
    pub phone: Option<String>,
    /// Department or programme.
    #[serde(default)]
    pub branch: Option<String>,
    /// Year of study: 0 to 9999.
    #[serde(default)]
    pub year: Option<i16>,
    /// Groups by name, from today on; one that does not exist yet is made.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Consent to the storage of biometric data; required with a photo.
    #[serde(default)]
    pub consent: Option<ConsentGiven>,
}

/// Body of `PATCH /api/v1/people/{id}`; what is absent stays, null empties.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdatePerson {
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub phone: Option<Option<String>>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub branch: Option<Option<String>>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub year: Option<Option<i16>>,
    /// All groups by name: the person belongs to them from today on; those not named are left today.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// `true` or the details record consent; `false` withdraws it and erases the biometric data.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentGiven>,
    /// `true` keeps everything but recognition; `false` brings the person back.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// Consent as a request states it: a plain yes, or who gave it when to which text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "true, or who gave it when to which text")]
pub enum ConsentGiven {
    /// Yes (given by the person, now, to the current text) or no.
    Plain(bool),
    /// The details.
    Detail(ConsentDetail),
}

/// Who gave consent, when, and to which text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentDetail {
    /// The person or their guardian.
    pub given_by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Version of the text they agreed to.
    pub text_version: String,
}

/// Answer of `GET /api/v1/people/count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Count {
    /// How many people there are.
    pub count: i64,
}

/// Tells an absent field (`None`) from one that is null (`Some(None)`).
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Reads a field that may be absent but not null: what cannot be empty is not emptied by mistake.
pub(crate) fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let given = Option::deserialize(deserializer)?;
    given.map(Some).ok_or_else(|| serde::de::Error::custom("null is given where a value cannot be emptied"))
}
