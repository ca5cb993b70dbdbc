//! Checking in without a face: the PIN or the badge goes to the server, or waits for it, sealed.

use std::rc::Rc;

use leptos::prelude::*;
use types::{CheckIn, CheckInProof, codes};

use super::keeper::Keeper;
use super::memory;
use super::replay::is_revoked;
use super::state::Kiosk;
use crate::api::{Failure, kiosk as server};
use crate::language::say;

/// 422: five wrong tries.
const PIN_STOPPED: &str = "pin_stopped";

/// How somebody is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They are greeted.
    Welcome,
    /// It waits for the connection.
    Kept,
    /// In one sentence, why not.
    Refused(&'static str),
}

/// Sends what somebody showed, and greets them.
pub async fn submit(kiosk: Kiosk, keeper: Rc<Keeper>, proof: CheckInProof) -> Outcome {
    let badge = matches!(proof, CheckInProof::Qr { .. });
    let mut check_in = CheckIn { id: memory::random_id(), proof, captured_at: None };
    let captured_at = kiosk.server_now();
    // Without a connection nobody waits for one.
    let answer = match kiosk.online.try_get_untracked() {
        Some(true) => server::check_in(&check_in).await,
        _ => Err(Failure::Unreachable),
    };
    let failure = match answer {
        Ok(greeting) => {
            kiosk.welcome(greeting);
            return Outcome::Welcome;
        }
        Err(failure) => failure,
    };
    if is_revoked(&failure) {
        kiosk.revoked.try_set(true);
    }
    if matches!(failure.status(), 0 | 500..) || is_revoked(&failure) {
        check_in.captured_at = Some(captured_at);
        let kept = keeper.keep_check_in(&check_in).await;
        return if kept { Outcome::Kept } else { Outcome::Refused(say!(kiosk.not_kept)) };
    }
    Outcome::Refused(match failure.code() {
        codes::TOO_MANY_REQUESTS => say!(kiosk.too_often),
        PIN_STOPPED => say!(kiosk.pin_stopped),
        _ if badge => say!(kiosk.wrong_badge),
        _ => say!(kiosk.wrong_pin),
    })
}
