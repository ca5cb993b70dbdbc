//! Refusals that every page meets, in the reader's language; what else the server says is shown as it says it.

use types::codes;

use crate::language::say;

/// The words for a code, where there are any.
pub fn words(code: &str, wait_s: Option<u32>) -> Option<String> {
    let words = match code {
        codes::WRONG_CREDENTIALS => say!(sign_in.wrong_credentials),
        codes::TOTP_WRONG => say!(sign_in.wrong_code),
        codes::TOTP_ENROLMENT_REQUIRED => say!(sign_in.second_factor_required),
        codes::FRESH_SIGN_IN_REQUIRED => say!(sign_in.password_required),
        codes::TOO_MANY_REQUESTS => {
            // Rounded up: a minute too long is better than one attempt too early.
            let minutes = wait_s?.div_ceil(60).max(1);
            return Some(say!(sign_in.wait, count = minutes));
        }
        _ => return None,
    };
    Some(words.to_owned())
}
