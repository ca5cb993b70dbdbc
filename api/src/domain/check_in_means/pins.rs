//! PINs: four to eight digits that count together with the staff number.
//!
//! A PIN is kept as argon2id of HMAC-SHA-256 over person and PIN, by a key outside the database: ten thousand PINs are
//! few, and whoever has the database alone can try none of them. The fifth wrong try since it was right last stops it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::{Connection, PgConnection};
use hmac::Mac;
use serde_json::json;
use types::{CheckInMeans, PersonId, UserId};
use uuid::Uuid;

use super::of_person;
use crate::domain::kiosk::check_ins::Shown;
use crate::domain::passwords;
use crate::domain::people::check_sight;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::scope::Scope;
use crate::state::App;

/// Wrong tries that a PIN takes.
pub const TRIES: i32 = 5;
/// The longest PIN.
const MOST_DIGITS: usize = 8;

/// Sets the PIN of a person in the caller's sight.
///
/// # Errors
/// 404; 422 for a PIN that is too easy.
pub async fn set(
    app: &App,
    (by, scope): (UserId, Scope),
    person: PersonId,
    pin: &str,
) -> Result<CheckInMeans, ApiError> {
    let sight = scope.clone();
    app.db.run(move |conn| check_sight(conn, &sight, person)).await?;
    check_new(pin)?;
    let hash = passwords::hash(peppered(app, person, pin)?).await?;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                check_sight(conn, &scope, person)?;
                models::person_pins::put(conn, person.0, &hash)?;
                audit(conn, by, "pin.set", person)?;
                of_person(conn, person)
            })
        })
        .await
}

/// Takes a person's PIN away.
///
/// # Errors
/// 404 where there is none, and for a person out of the caller's sight.
pub async fn remove(app: &App, (by, scope): (UserId, Scope), person: PersonId) -> Result<(), ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                check_sight(conn, &scope, person)?;
                if !models::person_pins::delete(conn, person.0)? {
                    return Err(ApiError::NotFound("PIN"));
                }
                audit(conn, by, "pin.removed", person)
            })
        })
        .await
}

/// Whose number and PIN these are. A number that is nobody's takes as long as one that is.
///
/// # Errors
/// 503.
pub async fn prove(app: &App, number: &str, pin: String) -> Result<Shown, ApiError> {
    let number = number.trim().to_owned();
    let found = app
        .db
        .run(move |conn| {
            // PostgreSQL takes no NUL in a text.
            let person = match number.contains('\0') {
                true => None,
                false => models::person_pins::person(conn, &number)?,
            };
            // Of nobody the same is asked.
            let asked = person.unwrap_or_default();
            let hash = models::person_pins::take_try(conn, asked, TRIES)?;
            let stopped = hash.is_none() && models::person_pins::find(conn, asked)?.is_some();
            Ok((person.map(PersonId), hash, stopped))
        })
        .await?;
    let (person, hash) = match found {
        (Some(person), _, true) => return Ok(Shown::Stopped(person)),
        (person, hash, _) => (person, hash),
    };
    // Nobody has a longer one, and hashing is not for the length that somebody sends.
    let pin: String = pin.chars().take(MOST_DIGITS + 1).collect();
    let given = peppered(app, person.unwrap_or(PersonId(Uuid::nil())), &pin)?;
    match (passwords::verify(given, hash.clone()).await?, person, hash) {
        (true, Some(person), Some(hash)) => {
            app.db.run(move |conn| Ok(models::person_pins::was_right(conn, person.0, &hash)?)).await?;
            Ok(Shown::Good(person))
        }
        _ => Ok(Shown::Wrong(person)),
    }
}

/// What is hashed of a PIN.
fn peppered(app: &App, person: PersonId, pin: &str) -> Result<String, ApiError> {
    let mac = super::mac(app.audit_key.derived("PINs")?, &[person.0.as_bytes(), pin.as_bytes()])?;
    Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Whether a new PIN may be used.
fn check_new(pin: &str) -> Result<(), ApiError> {
    let digits = pin.as_bytes();
    if !(4..=MOST_DIGITS).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ApiError::invalid("pin", "Use four to eight digits."));
    }
    let steps = |step: i16| digits.windows(2).all(|two| i16::from(two[1]) - i16::from(two[0]) == step);
    if steps(0) || steps(1) || steps(-1) {
        let what = "Use digits that are not all the same and do not count up or down.";
        return Err(ApiError::invalid("pin", what));
    }
    Ok(())
}

fn audit(conn: &mut PgConnection, by: UserId, action: &str, person: PersonId) -> Result<(), ApiError> {
    let subject = ("person", Some(person.0));
    Ok(models::audit::insert(conn, Actor::User(by.0), action, subject, json!({}))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_four_to_eight_digits_and_no_run() {
        for good in ["1357", "0012", "12345679", "1123", "9909", "1212"] {
            assert!(check_new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "123",
            "135",
            "123456789",
            "0000",
            "99999999",
            "1234",
            "0123",
            "8765",
            "12a4",
            "１３５７",
            " 1357",
        ] {
            assert!(check_new(bad).is_err(), "{bad}");
        }
    }
}
