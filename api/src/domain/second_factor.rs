//! The second factor: one-time passwords of an app (RFC 6238: six digits, half a minute, SHA-1, as every app has
//! them), and recovery codes for when the device is lost.
//!
//! The secret is sealed under a key of its own. A code is accepted once, one step of clock skew either way. Wrong
//! ones count for account and address as wrong passwords do, and for the account alone besides: only who knows the
//! password gets this far, and must not go on from address to address.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::anyhow;
use chrono::Utc;
use diesel::{Connection, PgConnection};
use rand::RngExt;
use serde_json::json;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};
use types::{RecoveryCodes, TotpEnrolment, UserId};
use uuid::Uuid;

use crate::domain::sessions::{self, SignInFrom, new_token};
use crate::domain::throttle::Attempt;
use crate::error::ApiError;
use crate::keys::{MasterKeys, Sealed, WrappedKey};
use crate::models;
use crate::models::audit::Actor;
use crate::models::second_factors::SecondFactor;
use crate::state::App;

/// What RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
const RECOVERY_CODES: usize = 10;
/// None of them is taken for another.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// 79 bits: too many to search for, so a plain hash will do.
const CODE_LENGTH: usize = 16;

fn totp(secret: &[u8], email: &str, site: &str) -> Result<Totp, ApiError> {
    // A colon parts issuer and account in the address that the app reads.
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_secret(Secret::from(secret.to_vec()))
        .with_account_name(plain(email))
        .with_issuer(Some(plain(site)))
        .build()
        .map_err(|error| ApiError::Internal(anyhow!("a one-time password: {error}")))
}

fn open(keys: &MasterKeys, row: &SecondFactor) -> Result<Vec<u8>, ApiError> {
    let wrapped = WrappedKey { version: row.master_key_version, bytes: row.wrapped.clone() };
    Ok(keys.unwrap(UserId(row.user_id), &wrapped)?.open(Sealed::TotpSecret, &row.sealed)?)
}

/// Makes a secret for somebody's app. It counts once a first code has confirmed it.
///
/// # Errors
/// 409 where there is a second factor already.
pub async fn begin(app: &App, user: UserId, email: String) -> Result<TotpEnrolment, ApiError> {
    let secret: [u8; SECRET_BYTES] = rand::random();
    let (key, wrapped) = app.keys.new_key(user)?;
    let row = SecondFactor {
        user_id: user.0,
        master_key_version: wrapped.version,
        wrapped: wrapped.bytes,
        sealed: key.seal(Sealed::TotpSecret, &secret)?,
        confirmed_at: None,
        last_step: 0,
    };
    let site = app
        .db
        .run(move |conn| {
            conn.transaction(|conn| {
                if !models::second_factors::put_unconfirmed(conn, &row)? {
                    return Err(ApiError::SecondFactorStands);
                }
                Ok(models::settings::get(conn)?.site_name)
            })
        })
        .await?;
    let totp = totp(&secret, &email, &site)?;
    let failed = |error| ApiError::Internal(anyhow!("a one-time password: {error}"));
    Ok(TotpEnrolment {
        secret: Secret::from(secret.to_vec()).to_base32(),
        otpauth_url: totp.to_url().map_err(failed)?,
        qr: format!("data:image/png;base64,{}", totp.to_qr_base64().map_err(failed)?),
    })
}

/// Takes the second factor into use: the first code is right. All other sessions end, and this one is renewed.
/// Returns the recovery codes, and the session's new token.
///
/// # Errors
/// 404 where none was begun, 409 where it stands already, 422 for a wrong code, 429.
pub async fn confirm(
    app: &App,
    user: UserId,
    email: &str,
    code: String,
    from: SignInFrom,
) -> Result<(RecoveryCodes, String), ApiError> {
    let attempt = Attempt::on(email, from.address);
    let keys = app.keys.clone();
    let (codes, hashes) = recovery_codes(user.0);
    let (token, id_hash) = new_token();
    app.db
        .run(move |conn| {
            attempt.check(conn)?;
            let row = models::second_factors::find(conn, user.0)?;
            let row = row.ok_or(ApiError::NotFound("second factor: begin its enrolment first"))?;
            if row.confirmed_at.is_some() {
                return Err(ApiError::SecondFactorStands);
            }
            if !right_code(conn, &keys, &row, &code)? {
                attempt.failed(conn, "second_factor.refused", Some(user.0))?;
                return Err(ApiError::invalid(
                    "code",
                    "This code is wrong. Is the clock of your device right?",
                ));
            }
            conn.transaction(|conn| {
                models::second_factors::confirm(conn, user.0)?;
                models::second_factors::set_recovery_codes(conn, user.0, &hashes)?;
                audit(conn, user.0, user.0, "second_factor.enrolled")?;
                models::sessions::delete_of_user(conn, user.0)?;
                sessions::start(conn, user.0, id_hash, &from)
            })
        })
        .await?;
    Ok((RecoveryCodes { items: codes }, token))
}

fn recovery_codes(user: Uuid) -> (Vec<String>, Vec<Vec<u8>>) {
    let mut random = rand::rng();
    let mut letter = || char::from(LETTERS[random.random_range(0..LETTERS.len())]);
    let codes: Vec<String> =
        (0..RECOVERY_CODES).map(|_| (0..CODE_LENGTH).map(|_| letter()).collect()).collect();
    let hashes = codes.iter().map(|code| code_hash(user, code)).collect();
    let shown = |code: &String| {
        let quarters: Vec<&str> = (0..4).map(|n| &code[4 * n..4 * n + 4]).collect();
        quarters.join("-")
    };
    (codes.iter().map(shown).collect(), hashes)
}

fn code_hash(user: Uuid, code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::new().chain_update(user.as_bytes()).chain_update(plain.to_ascii_lowercase()).finalize().to_vec()
}

/// Whether this is the code of now, or of half a minute before or after, and was not used yet; it is used then.
fn right_code(
    conn: &mut PgConnection,
    keys: &MasterKeys,
    row: &SecondFactor,
    code: &str,
) -> Result<bool, ApiError> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(false);
    }
    let totp = totp(&open(keys, row)?, "", "")?;
    let now = u64::try_from(Utc::now().timestamp()).unwrap_or_default();
    let step = totp.check(&code, now).and_then(|step| i64::try_from(step).ok());
    match step {
        Some(step) => Ok(models::second_factors::use_step(conn, row.user_id, step)?),
        None => Ok(false),
    }
}

/// Checks the second factor of somebody whose password is right; nothing is asked where they have none.
///
/// # Errors
/// 401 without a code or for a wrong one, 429.
pub async fn check(app: &App, attempt: &Attempt, user: Uuid, code: Option<String>) -> Result<(), ApiError> {
    let keys = app.keys.clone();
    let attempt = attempt.clone();
    app.db
        .run(move |conn| {
            let row = models::second_factors::find(conn, user)?.filter(|row| row.confirmed_at.is_some());
            let Some(row) = row else { return Ok(()) };
            let code = code.filter(|code| !code.trim().is_empty()).ok_or(ApiError::TotpRequired)?;
            let everywhere =
                Attempt::on(&format!("second factor of {user}"), IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            everywhere.check(conn)?;
            if right_code(conn, &keys, &row, &code)? {
                return everywhere.succeeded(conn);
            }
            if models::second_factors::use_recovery_code(conn, user, &code_hash(user, &code))? {
                audit(conn, user, user, "second_factor.recovery_code_used")?;
                return everywhere.succeeded(conn);
            }
            attempt.failed(conn, "session.refused", Some(user))?;
            everywhere.failed(conn, "second_factor.refused", Some(user))?;
            Err(ApiError::TotpWrong)
        })
        .await
}

/// Gives up the second factor of a user; `by` is themselves, or an admin where the device is lost.
///
/// # Errors
/// 404 where there is none.
pub fn remove(conn: &mut PgConnection, by: Uuid, user: Uuid) -> Result<(), ApiError> {
    if !models::second_factors::delete(conn, user)? {
        return Err(ApiError::NotFound("second factor"));
    }
    audit(conn, by, user, "second_factor.removed")
}

/// Whether a user has a second factor.
///
/// # Errors
/// When the database fails.
pub fn stands(conn: &mut PgConnection, user: Uuid) -> Result<bool, ApiError> {
    Ok(!models::second_factors::confirmed(conn, &[user])?.is_empty())
}

/// Whether an admin must enrol a second factor before anything else.
///
/// # Errors
/// When the database fails.
pub fn must_enrol(conn: &mut PgConnection, admin: Uuid) -> Result<bool, ApiError> {
    Ok(models::settings::get(conn)?.admins_need_second_factor && !stands(conn, admin)?)
}

fn audit(conn: &mut PgConnection, by: Uuid, user: Uuid, action: &str) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, Actor::User(by), action, ("user", Some(user)), json!({}))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B: SHA-1, the last six of its eight digits.
        let totp = totp(b"12345678901234567890", "a@example.org", "School: one").expect("totp");
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(totp.check(code, time), Some(time / 30), "{time}");
            assert_eq!(totp.check(code, time + 30), Some(time / 30), "one step of skew");
            assert_eq!(totp.check(code, time + 60), None, "and no more");
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_read_as_people_type_them() {
        let user = Uuid::from_u128(1);
        let (codes, hashes) = recovery_codes(user);
        let distinct: std::collections::BTreeSet<&Vec<u8>> = hashes.iter().collect();
        assert_eq!((codes.len(), distinct.len()), (RECOVERY_CODES, RECOVERY_CODES));
        let typed = codes[0].replace('-', " ").to_uppercase();
        assert_eq!(code_hash(user, &typed), hashes[0]);
        assert_ne!(code_hash(Uuid::from_u128(2), &codes[0]), hashes[0], "another account's");
    }
}
