//! What devices keep while this server is away is sealed to it: its key pair, and opening what they send.
//!
//! The pair follows from 32 random bytes, which the database holds sealed under a key that the master key wraps, and
//! this process keeps opened once it was needed. All processes of a site have the same pair.

use std::sync::OnceLock;

use diesel::PgConnection;
use sealing::SecretKey;
use types::FeedId;

use crate::error::ApiError;
use crate::keys::{MasterKeys, Owner, Sealed, WrappedKey};
use crate::models;
use crate::models::seal_keys::SealKey;
use crate::state::App;

/// Content type of a body that is sealed.
pub const CONTENT_TYPE: &str = "application/vnd.attendance.sealed";

/// The pair of this process, once it was needed.
#[derive(Debug, Default)]
pub struct KeyPair(OnceLock<SecretKey>);

/// What a frame of a feed is sealed for: it opens for that feed alone.
pub fn frame_purpose(feed: FeedId) -> String {
    format!("frame {feed}")
}

/// What devices seal to, as text (X25519, base64url).
///
/// # Errors
/// 503 while the database is away.
pub async fn public_key(app: &App) -> Result<String, ApiError> {
    Ok(pair(app).await?.public().to_string())
}

/// Opens what was sealed to this server for `purpose`.
///
/// # Errors
/// 422 `wrong_seal_key` for bytes that were sealed to another server, for another purpose, or changed since; 503 while
/// the database is away.
pub async fn open(app: &App, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, ApiError> {
    pair(app).await?.open(sealed, purpose.as_bytes()).map_err(|_| ApiError::WrongSealKey)
}

async fn pair(app: &App) -> Result<SecretKey, ApiError> {
    if let Some(pair) = app.seal_keys.0.get() {
        return Ok(pair.clone());
    }
    let keys = app.keys.clone();
    let found = app.db.run(move |conn| find_or_create(conn, &keys)).await?;
    Ok(app.seal_keys.0.get_or_init(|| found).clone())
}

fn find_or_create(conn: &mut PgConnection, keys: &MasterKeys) -> Result<SecretKey, ApiError> {
    let row = match models::seal_keys::find(conn)? {
        Some(row) => row,
        None => models::seal_keys::put(conn, &new(keys)?)?,
    };
    let secret = keys.unwrap(Owner::Server, &wrapped(&row))?.open(Sealed::SealSecret, &row.sealed)?;
    let secret: [u8; 32] = secret
        .try_into()
        .map_err(|_| anyhow::anyhow!("the secret that devices seal to has a wrong length"))?;
    Ok(SecretKey::derive(&secret))
}

fn new(keys: &MasterKeys) -> Result<SealKey, ApiError> {
    let secret: [u8; 32] = rand::random();
    let (key, wrapped) = keys.new_key(Owner::Server)?;
    let sealed = key.seal(Sealed::SealSecret, &secret)?;
    Ok(SealKey { master_key_version: wrapped.version, wrapped: wrapped.bytes, sealed })
}

/// The key's wrapped form, as [`MasterKeys`] opens it.
pub fn wrapped(row: &SealKey) -> WrappedKey {
    WrappedKey { version: row.master_key_version, bytes: row.wrapped.clone() }
}
