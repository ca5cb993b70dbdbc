//! The one error of the API and the one table from error to status.
//!
//! A 4xx says what was wrong, where, and what to do. A 5xx body is constant: its cause is logged once, here,
//! and never sent. The request id in the body is the one in the log.

use std::collections::BTreeMap;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use types::{ErrorBody, ErrorDetail, MarkConflict, OidcRefusal, PersonRef, codes};
use uuid::Uuid;

tokio::task_local! {
    /// The id of the request that the current task serves.
    pub static REQUEST_ID: Uuid;
}

/// What a handler can fail with.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ApiError {
    #[error("Sign in, or send a valid token.")]
    Unauthenticated,
    #[error("The e-mail address or the password is wrong.")]
    WrongCredentials,
    #[error("Send the code of your second factor, or a recovery code, as totp.")]
    TotpRequired,
    #[error("This code is wrong or was used already. Wait for the next one.")]
    TotpWrong,
    /// People see it in words on the sign-in page, where a redirect takes them.
    #[error("Signing in by the provider came to nothing: {}.", .0.name())]
    OidcRefused(OidcRefusal),
    #[error("Admins need a second factor here: enrol yours first.")]
    TotpEnrolmentRequired,
    #[error("Confirm your password first: it was given more than 30 minutes ago.")]
    FreshSignInRequired,
    #[error("{0}")]
    Forbidden(&'static str),
    #[error(
        "This request must come from the site itself: its Origin header is missing or names another site."
    )]
    WrongOrigin,
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    #[error("This address takes {allow}.")]
    MethodNotAllowed { allow: String },
    #[error("{0}")]
    BadRequest(String),
    #[error("Some fields are not valid: {}", list(.0))]
    Invalid(BTreeMap<String, String>),
    #[error("Record the person's consent before you add a photo.")]
    ConsentRequired,
    #[error("No photo was stored: {}", list(.0))]
    PhotoRefused(BTreeMap<String, String>),
    #[error("This id already belongs to somebody else.")]
    ExternalIdTaken,
    #[error("There already is a {0} of this name.")]
    NameTaken(&'static str),
    #[error("This person belongs to the group already in that time: change or end that membership.")]
    AlreadyMember,
    #[error("Another account has this e-mail address.")]
    EmailTaken,
    #[error("This person has another account already.")]
    PersonTaken,
    #[error("There is a second factor already. Remove it first.")]
    SecondFactorStands,
    #[error("There must be an owner who can sign in. Make somebody else an owner first.")]
    LastOwner,
    #[error("This import is under way or done already.")]
    ImportNotReady,
    #[error("This face is already enrolled as {}.", .0.name)]
    FaceAlreadyEnrolled(PersonRef),
    /// The recognizer's own verdict on an image, passed on.
    #[error("{message}")]
    ImageRefused { status: u16, code: String, message: String },
    #[error("This was not sealed to the key of this server for this use, or it changed on the way.")]
    WrongSealKey,
    #[error("The body is larger than {limit} bytes.")]
    TooLarge { limit: usize },
    #[error("This address takes bodies of the type {takes}.")]
    UnsupportedType { takes: &'static str },
    #[error("{message}")]
    TooManyRequests { message: &'static str, retry_after_s: u64 },
    #[error("Recognition is not available at the moment. Try again shortly.")]
    RecognizerUnavailable(String),
    #[error(
        "The recognizer does not offer the model pack that is in use. Give it that pack again with \
         RECOGNIZER_PACK, or take another into use."
    )]
    ModelPackMissing(String),
    #[error("{0}")]
    PackNotReady(String),
    #[error("This face was seen by another model pack than the one in use.")]
    OtherModelPack,
    #[error("This model pack is in use. Take another into use first.")]
    PackActive,
    #[error(
        "Somebody else marked {} meanwhile. Look at their marks, and save again with those you have seen.",
        names(.0)
    )]
    MarkConflict(Vec<MarkConflict>),
    #[error("There is an open request for this day already.")]
    CorrectionOpen,
    #[error("This request is decided.")]
    CorrectionDecided,
    #[error("This arrival is voided already.")]
    ArrivalVoided,
    #[error("Nothing about this arrival is in doubt any more.")]
    ArrivalCertain,
    #[error("That did not work. Try again, or ask at the desk.")]
    CheckInRefused,
    #[error("This PIN was stopped after five wrong tries. Ask at the desk for a new one.")]
    PinStopped,
    #[error("{0}")]
    Overlaps(&'static str),
    #[error("The database is not available at the moment. Try again shortly.")]
    DatabaseUnavailable(String),
    #[error("The storage for photos is not available at the moment. Try again shortly.")]
    StorageUnavailable(#[source] object_store::Error),
    #[error("Something went wrong on the server. The request id names it in the log.")]
    Internal(#[source] anyhow::Error),
}

fn list(fields: &BTreeMap<String, String>) -> String {
    fields.iter().map(|(field, what)| format!("{field}: {what}")).collect::<Vec<_>>().join(" ")
}

fn names(conflicts: &[MarkConflict]) -> String {
    let mut names: Vec<&str> = conflicts.iter().take(5).map(|one| one.person.name.as_str()).collect();
    let more = conflicts.len().saturating_sub(names.len());
    let more = (more > 0).then(|| format!("{more} more"));
    names.extend(more.as_deref());
    names.join(", ")
}

impl ApiError {
    /// One field that does not validate.
    pub fn invalid(field: &str, what: impl Into<String>) -> Self {
        Self::Invalid(BTreeMap::from([(field.to_owned(), what.into())]))
    }

    /// The status and the stable code of each error.
    fn table(&self) -> (StatusCode, &str) {
        use StatusCode as S;
        match self {
            Self::Unauthenticated => (S::UNAUTHORIZED, codes::UNAUTHENTICATED),
            Self::WrongCredentials => (S::UNAUTHORIZED, codes::WRONG_CREDENTIALS),
            Self::TotpRequired => (S::UNAUTHORIZED, codes::TOTP_REQUIRED),
            Self::TotpWrong => (S::UNAUTHORIZED, codes::TOTP_WRONG),
            Self::TotpEnrolmentRequired => (S::FORBIDDEN, codes::TOTP_ENROLMENT_REQUIRED),
            Self::FreshSignInRequired => (S::FORBIDDEN, codes::FRESH_SIGN_IN_REQUIRED),
            Self::OidcRefused(why) => (S::FORBIDDEN, why.name()),
            Self::Forbidden(_) => (S::FORBIDDEN, codes::FORBIDDEN),
            Self::WrongOrigin => (S::FORBIDDEN, codes::WRONG_ORIGIN),
            Self::NotFound(_) => (S::NOT_FOUND, codes::NOT_FOUND),
            Self::MethodNotAllowed { .. } => (S::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::BadRequest(_) => (S::BAD_REQUEST, "bad_request"),
            Self::Invalid(_) => (S::UNPROCESSABLE_ENTITY, codes::INVALID),
            Self::ConsentRequired => (S::UNPROCESSABLE_ENTITY, codes::CONSENT_REQUIRED),
            Self::PhotoRefused(_) => (S::UNPROCESSABLE_ENTITY, codes::PHOTO_REFUSED),
            Self::ExternalIdTaken => (S::CONFLICT, codes::EXTERNAL_ID_TAKEN),
            Self::NameTaken(_) => (S::CONFLICT, "name_taken"),
            Self::AlreadyMember => (S::CONFLICT, "already_member"),
            Self::EmailTaken => (S::CONFLICT, codes::EMAIL_TAKEN),
            Self::PersonTaken => (S::CONFLICT, codes::PERSON_TAKEN),
            Self::SecondFactorStands => (S::CONFLICT, "second_factor_stands"),
            Self::LastOwner => (S::CONFLICT, codes::LAST_OWNER),
            Self::ImportNotReady => (S::CONFLICT, "import_not_ready"),
            Self::FaceAlreadyEnrolled(_) => (S::CONFLICT, codes::FACE_ALREADY_ENROLLED),
            Self::ImageRefused { status, code, .. } => {
                (S::from_u16(*status).unwrap_or(S::UNPROCESSABLE_ENTITY), code)
            }
            Self::WrongSealKey => (S::UNPROCESSABLE_ENTITY, codes::WRONG_SEAL_KEY),
            Self::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedType { .. } => (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_type"),
            Self::TooManyRequests { .. } => (S::TOO_MANY_REQUESTS, codes::TOO_MANY_REQUESTS),
            Self::RecognizerUnavailable(_) => (S::SERVICE_UNAVAILABLE, codes::RECOGNIZER_UNAVAILABLE),
            Self::ModelPackMissing(_) => (S::SERVICE_UNAVAILABLE, "model_pack_missing"),
            Self::PackNotReady(_) => (S::CONFLICT, "pack_not_ready"),
            Self::OtherModelPack => (S::CONFLICT, "other_model_pack"),
            Self::PackActive => (S::CONFLICT, "pack_active"),
            Self::MarkConflict(_) => (S::CONFLICT, codes::MARK_CONFLICT),
            Self::CorrectionOpen => (S::CONFLICT, "correction_open"),
            Self::CorrectionDecided => (S::CONFLICT, "correction_decided"),
            Self::ArrivalVoided => (S::CONFLICT, "arrival_voided"),
            Self::ArrivalCertain => (S::CONFLICT, "arrival_certain"),
            Self::CheckInRefused => (S::UNPROCESSABLE_ENTITY, codes::CHECK_IN_REFUSED),
            Self::PinStopped => (S::UNPROCESSABLE_ENTITY, codes::PIN_STOPPED),
            Self::Overlaps(_) => (S::CONFLICT, "overlaps"),
            Self::DatabaseUnavailable(_) => (S::SERVICE_UNAVAILABLE, codes::DATABASE_UNAVAILABLE),
            Self::StorageUnavailable(_) => (S::SERVICE_UNAVAILABLE, "storage_unavailable"),
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    fn fields(&self) -> BTreeMap<String, String> {
        match self {
            Self::Invalid(fields) | Self::PhotoRefused(fields) => fields.clone(),
            Self::ExternalIdTaken => one("external_id", self),
            Self::NameTaken(_) => one("name", self),
            Self::EmailTaken => one("email", self),
            Self::PersonTaken => one("person", self),
            _ => BTreeMap::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests { retry_after_s, .. } => Some(*retry_after_s),
            Self::RecognizerUnavailable(_)
            | Self::ModelPackMissing(_)
            | Self::DatabaseUnavailable(_)
            | Self::StorageUnavailable(_) => Some(2),
            _ => None,
        }
    }

    /// The body for this error; also what a WebSocket sends. Logs the cause of a 5xx, so call it once.
    pub fn body(&self) -> ErrorBody {
        let (status, code) = self.table();
        match self {
            Self::Internal(cause) => tracing::error!(error.cause = format!("{cause:#}"), "internal error"),
            Self::DatabaseUnavailable(cause) | Self::RecognizerUnavailable(cause) => {
                tracing::warn!(error.code = code, error.cause = cause, "unavailable");
            }
            Self::ModelPackMissing(id) => {
                tracing::warn!(
                    error.code = code,
                    model.id = id,
                    "the recognizer does not offer this model pack"
                );
            }
            Self::StorageUnavailable(cause) => {
                tracing::warn!(error.code = code, error.cause = %cause, "unavailable");
            }
            _ => tracing::debug!(error.code = code, http.status = status.as_u16(), "refused"),
        }
        ErrorBody {
            error: ErrorDetail {
                code: code.to_owned(),
                message: self.to_string(),
                fields: self.fields(),
                person: match self {
                    Self::FaceAlreadyEnrolled(person) => Some(person.clone()),
                    _ => None,
                },
                conflicts: match self {
                    Self::MarkConflict(conflicts) => conflicts.clone(),
                    _ => Vec::new(),
                },
                request_id: REQUEST_ID.try_with(Uuid::to_string).unwrap_or_default(),
            },
        }
    }
}

fn one(field: &str, what: &impl ToString) -> BTreeMap<String, String> {
    BTreeMap::from([(field.to_owned(), what.to_string())])
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.table().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after_s() {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Self::MethodNotAllowed { allow } = self {
            response.insert_header((header::ALLOW, allow.clone()));
        }
        if matches!(self, Self::Unauthenticated) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store")).json(self.body())
    }
}

/// Whether PostgreSQL refused a text for a NUL character in it.
fn says_nul(message: &str) -> bool {
    message.contains("invalid byte sequence") && message.contains("0x00")
}

impl From<DieselError> for ApiError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => Self::NotFound("thing"),
            DieselError::DatabaseError(kind, info) => match (kind, info.constraint_name()) {
                (DatabaseErrorKind::UniqueViolation, Some("people_external_id_key")) => Self::ExternalIdTaken,
                (DatabaseErrorKind::UniqueViolation, Some("feeds_name_key")) => Self::NameTaken("feed"),
                (DatabaseErrorKind::UniqueViolation, Some("groups_name_key")) => Self::NameTaken("group"),
                (DatabaseErrorKind::ExclusionViolation, Some("group_members_once")) => Self::AlreadyMember,
                (DatabaseErrorKind::UniqueViolation, Some("api_keys_name_key")) => Self::NameTaken("key"),
                (DatabaseErrorKind::UniqueViolation, Some("alert_rules_name_key")) => Self::NameTaken("rule"),
                (DatabaseErrorKind::UniqueViolation, Some("webhooks_name_key")) => Self::NameTaken("webhook"),
                (DatabaseErrorKind::UniqueViolation, Some("report_schedules_name_key")) => {
                    Self::NameTaken("scheduled report")
                }
                (DatabaseErrorKind::UniqueViolation, Some("users_email_key")) => Self::EmailTaken,
                (DatabaseErrorKind::UniqueViolation, Some("users_person_id_key")) => Self::PersonTaken,
                (DatabaseErrorKind::UniqueViolation, Some("schedules_name_key")) => {
                    Self::NameTaken("schedule")
                }
                (DatabaseErrorKind::UniqueViolation, Some("corrections_one_open")) => Self::CorrectionOpen,
                (DatabaseErrorKind::UniqueViolation, Some("schedule_versions_pkey")) => {
                    Self::Overlaps("There are rules from this day on already.")
                }
                (DatabaseErrorKind::ExclusionViolation, Some("group_schedules_once")) => {
                    Self::Overlaps("The schedule is this group's already in some of that time.")
                }
                (DatabaseErrorKind::ForeignKeyViolation, _) => Self::NotFound("thing any more"),
                (DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction, _) => {
                    Self::DatabaseUnavailable(error.to_string())
                }
                // PostgreSQL's texts hold everything but NUL.
                (DatabaseErrorKind::Unknown, _) if says_nul(info.message()) => {
                    Self::invalid("body", "A text holds a NUL character. Leave it out.")
                }
                // A server that stops, starts or runs out of disk in the middle of a statement reports codes
                // that Diesel does not name. They pass; a wrong statement would not have passed the tests.
                (DatabaseErrorKind::Unknown, _) => Self::DatabaseUnavailable(error.to_string()),
                _ => Self::Internal(error.into()),
            },
            DieselError::BrokenTransactionManager => Self::DatabaseUnavailable(error.to_string()),
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<object_store::Error> for ApiError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound("photo"),
            error => Self::StorageUnavailable(error),
        }
    }
}

/// Names what is missing.
pub fn missing(error: diesel::result::Error, what: &'static str) -> ApiError {
    match error {
        diesel::result::Error::NotFound => ApiError::NotFound(what),
        error => error.into(),
    }
}
