//! Whom backups are sealed to, and what opens them.

use std::path::Path;

use anyhow::{Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealing::{PublicKey, SecretKey};

/// What the secret begins with: its recipient, who looks like it otherwise, cannot be taken for it.
const SECRET: &str = "secret:";

/// What opens a backup.
pub struct Keys<'a> {
    /// The recipient's secret: the database was sealed to it.
    pub secret: &'a SecretKey,
    /// The file with the master keys: they wrap the keys that are in the database.
    pub master_key_file: &'a Path,
}

/// A new pair of keys: the secret for a safe place, and what backups are sealed to.
pub fn new_keys() -> (String, PublicKey) {
    let secret: [u8; 32] = rand::random();
    (format!("{SECRET}{}", URL_SAFE_NO_PAD.encode(secret)), SecretKey::derive(&secret).public().clone())
}

/// Reads a recipient's secret.
///
/// # Errors
/// When it is none.
pub fn secret_key(text: &str) -> Result<SecretKey> {
    // Comments, as `attendance backup-key` writes them, may stand before it.
    let text = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let bytes = text
        .and_then(|text| text.strip_prefix(SECRET))
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| anyhow!("this is no key of `attendance backup-key`"))?;
    Ok(SecretKey::derive(&bytes))
}
