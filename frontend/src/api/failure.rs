//! Why a call did not succeed, and what is said about it.

use std::collections::BTreeMap;

use types::{ErrorDetail, MarkConflict, PersonRef, codes};

use super::refusals;
use crate::language::{Locale, current, say};

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No answer came.
    Unreachable,
    /// The server refused or failed.
    Refused {
        /// HTTP status.
        status: u16,
        /// Seconds after which the same call may work, where the server says.
        wait_s: Option<u32>,
        /// What it said; boxed, because most results are successes.
        detail: Box<ErrorDetail>,
    },
}

impl Failure {
    /// A refusal that came another way than as an answer to a call: over a WebSocket.
    pub fn told(detail: ErrorDetail) -> Self {
        Self::Refused { status: 0, wait_s: None, detail: Box::new(detail) }
    }

    /// One sentence for a person, in their language. What a code stands for is said in general words only where the API
    /// does not speak it: its own sentence knows more.
    pub fn message(&self) -> String {
        let Self::Refused { detail, wait_s, .. } = self else { return say!(errors.unreachable).to_owned() };
        refusals::words(&detail.code, *wait_s)
            .or_else(|| if current() == Locale::en { None } else { sentence(detail) })
            .unwrap_or_else(|| detail.message.clone())
    }

    /// The machine-readable code, where the server gave one.
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable => "",
            Self::Refused { detail, .. } => &detail.code,
        }
    }

    /// What is wrong with one field of the request.
    pub fn field(&self, name: &str) -> Option<String> {
        match self {
            Self::Unreachable => None,
            Self::Refused { detail, .. } => detail.fields.get(name).cloned(),
        }
    }

    /// What is wrong, by field of the request.
    pub fn fields(&self) -> BTreeMap<String, String> {
        match self {
            Self::Unreachable => BTreeMap::new(),
            Self::Refused { detail, .. } => detail.fields.clone(),
        }
    }

    /// The person that stands in the way.
    pub fn person(&self) -> Option<PersonRef> {
        match self {
            Self::Unreachable => None,
            Self::Refused { detail, .. } => detail.person.clone(),
        }
    }

    /// The marks that others made meanwhile.
    pub fn conflicts(&self) -> Vec<MarkConflict> {
        match self {
            Self::Unreachable => Vec::new(),
            Self::Refused { detail, .. } => detail.conflicts.clone(),
        }
    }

    /// Whether the same call may work a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Refused { status: 502..=504, .. })
    }

    /// Seconds after which the same call may work, where the server says.
    pub fn wait_s(&self) -> Option<u32> {
        match self {
            Self::Unreachable => None,
            Self::Refused { wait_s, .. } => *wait_s,
        }
    }

    /// HTTP status; 0 where no answer came.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unreachable => 0,
            Self::Refused { status, .. } => *status,
        }
    }
}

/// What a code means, in the reader's language; none for one that only the API's own words explain.
fn sentence(detail: &ErrorDetail) -> Option<String> {
    let words = match detail.code.as_str() {
        codes::INVALID => return Some(say!(errors.invalid, fields = fields(detail))),
        codes::PHOTO_REFUSED => return Some(say!(errors.photo_refused, fields = fields(detail))),
        codes::FACE_ALREADY_ENROLLED => {
            let name = detail.person.as_ref().map(|person| person.name.clone())?;
            return Some(say!(errors.face_already_enrolled, name = name));
        }
        codes::UNAUTHENTICATED => say!(errors.unauthenticated),
        codes::TOTP_REQUIRED => say!(errors.totp_required),
        codes::FORBIDDEN => say!(errors.forbidden),
        codes::WRONG_ORIGIN => say!(errors.wrong_origin),
        codes::NOT_FOUND => say!(errors.not_found),
        codes::CONSENT_REQUIRED => say!(errors.consent_required),
        codes::EXTERNAL_ID_TAKEN => say!(errors.external_id_taken),
        codes::EMAIL_TAKEN => say!(errors.email_taken),
        codes::PERSON_TAKEN => say!(errors.person_taken),
        codes::LAST_OWNER => say!(errors.last_owner),
        codes::MARK_CONFLICT => say!(errors.mark_conflict),
        codes::TOO_MANY_REQUESTS => say!(errors.too_many_requests),
        codes::RECOGNIZER_UNAVAILABLE => say!(errors.recognizer_unavailable),
        codes::DATABASE_UNAVAILABLE => say!(errors.database_unavailable),
        "already_member" => say!(errors.already_member),
        "arrival_voided" => say!(errors.arrival_voided),
        "correction_decided" => say!(errors.correction_decided),
        "correction_open" => say!(errors.correction_open),
        "import_not_ready" => say!(errors.import_not_ready),
        "internal" => say!(errors.internal),
        "model_pack_missing" => say!(errors.model_pack_missing),
        "name_taken" => say!(errors.name_taken),
        "other_model_pack" => say!(errors.other_model_pack),
        "overlaps" => say!(errors.overlaps),
        "pack_active" => say!(errors.pack_active),
        "second_factor_stands" => say!(errors.second_factor_stands),
        "storage_unavailable" => say!(errors.storage_unavailable),
        "too_large" => say!(errors.too_large),
        _ => return None,
    };
    Some(words.to_owned())
}

fn fields(detail: &ErrorDetail) -> String {
    detail.fields.values().cloned().collect::<Vec<_>>().join(" ")
}
