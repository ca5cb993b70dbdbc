//! How people come in without a face: the equal way of whoever declines to be recognised. Withdrawing consent leaves it.

pub mod badges;
pub mod pins;

use anyhow::Context;
use diesel::PgConnection;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use types::{BadgeView, CheckInMeans, PersonId};

use crate::error::ApiError;
use crate::models;
use crate::models::badges::Badge;

/// HMAC-SHA-256 of some parts, the last of which alone may differ in length.
fn mac(key: [u8; 32], parts: &[&[u8]]) -> Result<Hmac<Sha256>, ApiError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).context("a key of PINs and badges")?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac)
}

/// What a person has: never the PIN, and no badge's text.
///
/// # Errors
/// When the database fails.
pub fn of_person(conn: &mut PgConnection, person: PersonId) -> Result<CheckInMeans, ApiError> {
    let pin = models::person_pins::find(conn, person.0)?;
    let badges = models::badges::of_person(conn, person.0)?.into_iter().map(view).collect();
    Ok(CheckInMeans {
        pin_set_at: pin.map(|(set_at, _)| set_at),
        pin_stopped: pin.is_some_and(|(_, wrong)| wrong >= pins::TRIES),
        badges,
    })
}

fn view(Badge { id, created_at, revoked_at, last_used_at }: Badge) -> BadgeView {
    BadgeView { id, created_at, revoked_at, last_used_at }
}
