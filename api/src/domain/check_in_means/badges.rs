//! Badges: a QR code with an id and a signature under a key outside the database, so that nobody who reads or writes the
//! database makes one.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::{Connection, PgConnection};
use hmac::Mac;
use serde_json::json;
use types::{BadgeCreated, PersonId, UserId};
use uuid::Uuid;

use crate::domain::audit_chain::ChainKey;
use crate::domain::kiosk::check_ins::Shown;
use crate::domain::people::check_sight;
use crate::domain::qr;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::scope::Scope;
use crate::state::App;

/// What the text of a badge begins with.
const PREFIX: &str = "AB1.";
const ID_BYTES: usize = 16;
/// 128 bits of the signature: as hard to guess as the id.
const SIGNATURE_BYTES: usize = 16;
/// Good badges that a person has at most: the lost ones are to be revoked.
const MOST: i64 = 10;

/// Makes a badge for a person in the caller's sight; its text is told this once.
///
/// # Errors
/// 404; 422 where they have ten that are good.
pub async fn create(
    app: &App,
    (by, scope): (UserId, Scope),
    person: PersonId,
) -> Result<BadgeCreated, ApiError> {
    // Random throughout: when a badge was made is nobody's who finds one.
    let id = Uuid::new_v4();
    let text = text(&app.audit_key, id)?;
    let qr_svg = qr::svg(&text)?;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                check_sight(conn, &scope, person)?;
                if models::badges::count_good(conn, person.0)? >= MOST {
                    let what = format!("There are {MOST} badges already: revoke those that are lost.");
                    return Err(ApiError::invalid("badges", what));
                }
                models::badges::insert(conn, id, person.0)?;
                audit(conn, by, "badge.created", (person, id))
            })
        })
        .await?;
    Ok(BadgeCreated { id, text, qr_svg })
}

/// Ends a badge of a person in the caller's sight.
///
/// # Errors
/// 404 where there is none, or it was revoked before.
pub async fn revoke(
    app: &App,
    (by, scope): (UserId, Scope),
    person: PersonId,
    badge: Uuid,
) -> Result<(), ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                check_sight(conn, &scope, person)?;
                if !models::badges::revoke(conn, person.0, badge)? {
                    return Err(ApiError::NotFound("badge"));
                }
                audit(conn, by, "badge.revoked", (person, badge))
            })
        })
        .await
}

/// Whose badge a text is.
///
/// # Errors
/// 503.
pub async fn prove(app: &App, text: &str) -> Result<Shown, ApiError> {
    let Some(id) = read(&app.audit_key, text)? else { return Ok(Shown::Wrong(None)) };
    app.db
        .run(move |conn| {
            let person = models::badges::person(conn, id)?;
            if person.is_some() {
                models::badges::used(conn, id)?;
            }
            Ok(person.map_or(Shown::Wrong(None), |person| Shown::Good(PersonId(person))))
        })
        .await
}

fn signature(key: &ChainKey, id: Uuid) -> Result<hmac::Hmac<sha2::Sha256>, ApiError> {
    super::mac(key.derived("badges")?, &[id.as_bytes()])
}

fn text(key: &ChainKey, id: Uuid) -> Result<String, ApiError> {
    let whole = signature(key, id)?.finalize().into_bytes();
    let short = whole.get(..SIGNATURE_BYTES).context("a signature is too short")?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([id.as_bytes(), short].concat())))
}

/// The id in the text of a badge; none where this site did not sign it.
fn read(key: &ChainKey, text: &str) -> Result<Option<Uuid>, ApiError> {
    let bytes = text.trim().strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
    let Some(bytes) = bytes.filter(|bytes| bytes.len() == ID_BYTES + SIGNATURE_BYTES) else {
        return Ok(None);
    };
    let (id, signed) = bytes.split_at(ID_BYTES);
    let Ok(id) = Uuid::from_slice(id) else { return Ok(None) };
    Ok(signature(key, id)?.verify_truncated_left(signed).is_ok().then_some(id))
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    (person, badge): (PersonId, Uuid),
) -> Result<(), ApiError> {
    let (subject, detail) = (("person", Some(person.0)), json!({ "badge": badge }));
    Ok(models::audit::insert(conn, Actor::User(by.0), action, subject, detail)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_site_signed_is_a_badge() {
        let (key, other) = (ChainKey::of_test(1), ChainKey::of_test(2));
        let id = Uuid::from_u128(7);
        let badge = text(&key, id).expect("signed");
        assert_eq!(badge.len(), PREFIX.len() + 43);
        assert_eq!(read(&key, &format!(" {badge}\n")).expect("read"), Some(id));
        assert_eq!(read(&other, &badge).expect("read"), None, "another site's");
        let mut bytes = URL_SAFE_NO_PAD.decode(&badge[PREFIX.len()..]).expect("base64");
        for index in 0..bytes.len() {
            bytes[index] ^= 1;
            let altered = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(read(&key, &altered).expect("read"), None, "byte {index}");
            bytes[index] ^= 1;
        }
        for wrong in ["", "AB1.", "AB2.x", &badge[1..], &badge[..badge.len() - 2]] {
            assert_eq!(read(&key, wrong).expect("read"), None, "{wrong}");
        }
    }
}
