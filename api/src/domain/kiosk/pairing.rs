//! Making a tablet a kiosk: an admin makes a code, the tablet gives it back once within ten minutes and gets a cookie.
//!
//! A code has 40 bits, few enough to be searched for by whoever has the database, so it is kept as a hash that takes a
//! key from outside it. Wrong codes are counted by address, and from ten in five minutes on no code counts there.

use std::net::IpAddr;

use anyhow::Context;
use chrono::{TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use serde_json::json;
use sha2::Sha256;
use types::{FeedId, KioskPairing, KioskView, UserId};
use uuid::Uuid;

use super::Kiosk;
use crate::domain::audit_chain::ChainKey;
use crate::domain::sessions::new_token;
use crate::domain::throttle::Attempt;
use crate::domain::{feeds, qr, sealed};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::feed_tokens::KIOSK;
use crate::models::feeds::Feed;
use crate::models::kiosk_pairings::Pairing;
use crate::state::App;

/// Capitals and digits, none of which is taken for another.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH: usize = 8;
const HOLDS: TimeDelta = TimeDelta::minutes(10);
const FAILURES: i64 = 10;
const THROTTLED: &str = "Too many wrong codes from here. Wait a few minutes and try again.";

/// Makes a code for a tablet that is to be a kiosk of a feed.
///
/// # Errors
/// 404.
pub async fn begin(app: &App, by: UserId, feed: FeedId) -> Result<KioskPairing, ApiError> {
    let code = new_code();
    let origin = app.site.origins.first().map(String::as_str).unwrap_or_default();
    let url = format!("{origin}/kiosk#{code}");
    let qr_svg = qr::svg(&url)?;
    let expires_at = Utc::now() + HOLDS;
    let code_hash = hash(&app.audit_key, &code)?;
    let row = Pairing { code_hash, feed_id: feed.0, created_by: by.0, expires_at };
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                models::feeds::find(conn, feed.0).map_err(|error| crate::error::missing(error, "feed"))?;
                if !models::kiosk_pairings::insert(conn, &row)? {
                    return Err(ApiError::Internal(anyhow::anyhow!("a pairing code came twice")));
                }
                audit(conn, Actor::User(by.0), "kiosk.pairing_begun", feed.0, json!({}))
            })
        })
        .await?;
    Ok(KioskPairing { code, url, qr_svg, expires_at })
}

/// Makes the tablet that gives a code a kiosk; returns what its cookie holds.
///
/// # Errors
/// 404 for a code that is wrong, used or expired, without telling which; 429 after ten of them from an address.
pub async fn pair(app: &App, code: &str, address: IpAddr) -> Result<(KioskView, String), ApiError> {
    let code_hash = hash(&app.audit_key, &tidy(code))?;
    let attempt = Attempt::on("kiosk pairing", address);
    let (token, token_hash) = new_token();
    let feed = app
        .db
        .run(move |conn| {
            attempt.check_up_to(conn, FAILURES, THROTTLED)?;
            let paired = conn.transaction(|conn| redeem(conn, &code_hash, &token_hash, address))?;
            if paired.is_none() {
                attempt.failed(conn, "kiosk.pairing_refused", None)?;
            }
            paired.ok_or(ApiError::NotFound(
                "pairing code: it is wrong, was used, or has expired. Make another one on the feed's page",
            ))
        })
        .await?;
    Ok((view(app, feed).await?, token))
}

/// Uses a code up and adds the kiosk's token.
fn redeem(
    conn: &mut PgConnection,
    code_hash: &[u8],
    token_hash: &[u8],
    address: IpAddr,
) -> Result<Option<Feed>, ApiError> {
    let Some(pairing) = models::kiosk_pairings::take(conn, code_hash, Utc::now())? else { return Ok(None) };
    let feed = match models::feeds::find(conn, pairing.feed_id) {
        Ok(feed) => feed,
        // The feed was deleted meanwhile.
        Err(diesel::result::Error::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let kiosk = models::feed_tokens::insert(conn, feed.id, KIOSK, token_hash)?;
    let detail = json!({ "kiosk": kiosk, "address": address });
    audit(conn, Actor::User(pairing.created_by), "kiosk.paired", feed.id, detail)?;
    Ok(Some(feed))
}

/// Ends a kiosk.
///
/// # Errors
/// 401 where that was done meanwhile.
pub async fn end(app: &App, kiosk: Kiosk) -> Result<(), ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                if !models::feed_tokens::revoke(conn, kiosk.feed.id, kiosk.token)? {
                    return Err(ApiError::Unauthenticated);
                }
                let detail = json!({ "kiosk": kiosk.token, "address": kiosk.address });
                audit(conn, Actor::Feed(kiosk.feed.id), "kiosk.unpaired", kiosk.feed.id, detail)
            })
        })
        .await
}

/// What a kiosk is told about itself. Every kiosk takes PINs and badges.
///
/// # Errors
/// 503.
pub async fn view(app: &App, feed: Feed) -> Result<KioskView, ApiError> {
    let timezone = app.db.run(|conn| Ok(models::settings::get(conn)?.timezone)).await?;
    Ok(KioskView {
        feed: FeedId(feed.id),
        direction: feeds::direction(&feed.direction),
        liveness: feed.liveness(),
        timezone,
        max_fps: u16::try_from(feed.max_fps).unwrap_or(1),
        pin: true,
        badge: true,
        seal_key: sealed::public_key(app).await?,
        now: Utc::now(),
        name: feed.name,
    })
}

fn new_code() -> String {
    let mut random = rand::rng();
    (0..LENGTH).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// A code as somebody types it.
fn tidy(code: &str) -> String {
    let letters = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    letters.map(|c| c.to_ascii_uppercase()).take(LENGTH + 1).collect()
}

fn hash(key: &ChainKey, code: &str) -> Result<Vec<u8>, ApiError> {
    let key = key.derived("kiosk pairing")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).context("the key of pairing codes")?;
    mac.update(code.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn audit(
    conn: &mut PgConnection,
    by: Actor,
    action: &str,
    feed: Uuid,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, by, action, ("feed", Some(feed)), detail)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = new_code();
        assert_eq!(code.len(), LENGTH);
        assert!(code.bytes().all(|letter| LETTERS.contains(&letter)), "{code}");
        assert_ne!(code, new_code());
        assert_eq!(tidy(" ab2c-d3 ef\n"), "AB2CD3EF");
        assert_ne!(tidy(&format!("{code}A")), code, "one letter more is another code");
    }
}
