//! What becomes of something that was kept once the server has spoken.

use types::codes;

use crate::api::Failure;

/// Until something is tried again that the server has no room for, in milliseconds.
const SOON_MS: f64 = 2_000.0;
/// Until a tablet that is no kiosk any more asks again, in milliseconds.
const REVOKED_MS: f64 = 60_000.0;

/// What was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A picture.
    Frame,
    /// A PIN or a badge.
    CheckIn,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// It arrived.
    Sent,
    /// It never will.
    GivenUp,
    /// It waits on, for so many milliseconds.
    Later(f64),
}

/// What an answer means for something that was kept.
pub fn verdict(kind: Kind, answer: &Result<(), Failure>) -> Verdict {
    let Err(failure) = answer else { return Verdict::Sent };
    let told = failure.wait_s().map(|seconds| f64::from(seconds) * 1_000.0);
    match (failure.status(), kind) {
        (0 | 408 | 429 | 500.., _) => Verdict::Later(told.unwrap_or(SOON_MS).max(SOON_MS)),
        (400 | 413 | 415 | 422, _) => Verdict::GivenUp,
        _ if is_revoked(failure) => Verdict::Later(REVOKED_MS),
        // A PIN that is wrong stays wrong.
        (_, Kind::CheckIn) => Verdict::GivenUp,
        (_, Kind::Frame) => Verdict::Later(REVOKED_MS),
    }
}

/// Whether the server no longer takes this tablet for a kiosk.
pub fn is_revoked(failure: &Failure) -> bool {
    [codes::UNAUTHENTICATED, codes::FORBIDDEN, codes::WRONG_ORIGIN].contains(&failure.code())
}

/// How long to wait before the next one, in milliseconds: a feed takes `max_fps` pictures a second, of which half are
/// left to those of now, and nearly all while somebody stands there.
pub fn pause_ms(max_fps: u16, somebody_there: bool) -> f64 {
    if somebody_there { 1_000.0 } else { 2_100.0 / f64::from(max_fps.max(1)) }
}

#[cfg(test)]
mod tests {
    use types::ErrorDetail;

    use super::*;

    fn refused(status: u16, code: &str, wait_s: Option<u32>) -> Result<(), Failure> {
        let detail = ErrorDetail {
            code: code.to_owned(),
            message: String::new(),
            fields: Default::default(),
            person: None,
            conflicts: Vec::new(),
            request_id: String::new(),
        };
        Err(Failure::Refused { status, wait_s, detail: Box::new(detail) })
    }

    #[test]
    fn nothing_is_given_up_that_may_still_arrive() {
        for kind in [Kind::Frame, Kind::CheckIn] {
            assert_eq!(verdict(kind, &Ok(())), Verdict::Sent);
            assert_eq!(verdict(kind, &Err(Failure::Unreachable)), Verdict::Later(SOON_MS));
            assert_eq!(
                verdict(kind, &refused(429, codes::TOO_MANY_REQUESTS, Some(7))),
                Verdict::Later(7_000.0)
            );
            assert_eq!(
                verdict(kind, &refused(503, codes::DATABASE_UNAVAILABLE, None)),
                Verdict::Later(SOON_MS)
            );
            assert_eq!(
                verdict(kind, &refused(401, codes::UNAUTHENTICATED, None)),
                Verdict::Later(REVOKED_MS)
            );
            assert_eq!(verdict(kind, &refused(403, codes::FORBIDDEN, None)), Verdict::Later(REVOKED_MS));
            assert_eq!(verdict(kind, &refused(422, "wrong_seal_key", None)), Verdict::GivenUp);
        }
        assert_eq!(verdict(Kind::Frame, &refused(415, "", None)), Verdict::GivenUp);
    }

    #[test]
    fn a_wrong_pin_does_not_stop_what_waits_behind_it() {
        assert_eq!(verdict(Kind::CheckIn, &refused(403, "wrong_pin", None)), Verdict::GivenUp);
        assert_eq!(verdict(Kind::Frame, &refused(404, codes::NOT_FOUND, None)), Verdict::Later(REVOKED_MS));
    }

    #[test]
    fn pictures_of_now_come_first() {
        assert!(pause_ms(10, false) >= 200.0);
        assert!(pause_ms(15, true) > pause_ms(15, false));
    }
}
