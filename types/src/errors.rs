//! The one error body of the API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{MarkConflict, PersonRef};

/// Body of every 4xx and 5xx answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for a program (`code`) and for a person (`message`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// Stable machine-readable code, one of [`codes`].
    pub code: String,
    /// One sentence that says what was wrong and what to do.
    pub message: String,
    /// Per field of the request: what is wrong with it. Photos are `photo[0]`, `photo[1]`, ….
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The person that stands in the way (`face_already_enrolled`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonRef>,
    /// Whose mark is another than the one that the request saw (`mark_conflict`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<MarkConflict>,
    /// Names this request in the server's log.
    pub request_id: String,
}

/// The values of [`ErrorDetail::code`] that clients act on.
pub mod codes {
    /// 401: no session or token, or one that has ended.
    pub const UNAUTHENTICATED: &str = "unauthenticated";
    /// 401: wrong e-mail address or password.
    pub const WRONG_CREDENTIALS: &str = "wrong_credentials";
    /// 401: the password is right, and the account has a second factor: send its code as `totp`.
    pub const TOTP_REQUIRED: &str = "totp_required";
    /// 401: the code of the second factor is wrong, or was used already.
    pub const TOTP_WRONG: &str = "totp_wrong";
    /// 403: an admin must enrol a second factor before anything else.
    pub const TOTP_ENROLMENT_REQUIRED: &str = "totp_enrolment_required";
    /// 403: the password was given too long ago: `POST /api/v1/session/confirmation` first.
    pub const FRESH_SIGN_IN_REQUIRED: &str = "fresh_sign_in_required";
    /// 409: nobody who can sign in would be an owner.
    pub const LAST_OWNER: &str = "last_owner";
    /// 409: the e-mail address belongs to another account.
    pub const EMAIL_TAKEN: &str = "email_taken";
    /// 409: the person has another account.
    pub const PERSON_TAKEN: &str = "person_taken";
    /// 403: signed in, but not allowed.
    pub const FORBIDDEN: &str = "forbidden";
    /// 403: a cookie request without the site's own `Origin`.
    pub const WRONG_ORIGIN: &str = "wrong_origin";
    /// 404.
    pub const NOT_FOUND: &str = "not_found";
    /// 409: the `external_id` belongs to somebody else.
    pub const EXTERNAL_ID_TAKEN: &str = "external_id_taken";
    /// 409: the face is already enrolled under another person, named in `person`.
    pub const FACE_ALREADY_ENROLLED: &str = "face_already_enrolled";
    /// 409: somebody marked a person meanwhile; `conflicts` has the marks that stand now.
    pub const MARK_CONFLICT: &str = "mark_conflict";
    /// 422: a photo came without recorded consent.
    pub const CONSENT_REQUIRED: &str = "consent_required";
    /// 422: fields do not validate; `fields` says which.
    pub const INVALID: &str = "invalid";
    /// 422: a photo cannot be enrolled; `fields` has each verdict.
    pub const PHOTO_REFUSED: &str = "photo_refused";
    /// 422: the staff number, PIN or badge that was shown at a kiosk is not good; which of them is not told.
    pub const CHECK_IN_REFUSED: &str = "check_in_refused";
    /// 422: the PIN was stopped after five wrong tries, until it is set anew.
    pub const PIN_STOPPED: &str = "pin_stopped";
    /// 422: the body was not sealed to this server's key for this use, or it changed on the way.
    pub const WRONG_SEAL_KEY: &str = "wrong_seal_key";
    /// 429: too many requests, sign-ins or frames.
    pub const TOO_MANY_REQUESTS: &str = "too_many_requests";
    /// 503: the recognizer is down or late.
    pub const RECOGNIZER_UNAVAILABLE: &str = "recognizer_unavailable";
    /// 503: the database is down.
    pub const DATABASE_UNAVAILABLE: &str = "database_unavailable";
}
