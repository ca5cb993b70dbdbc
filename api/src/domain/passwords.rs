//! Passwords: argon2id with the crate's defaults (19 MiB, two passes: OWASP's recommendation).

use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::anyhow;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand::RngExt;
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// Hashing takes 19 MiB each; more at once than this would let a flood of sign-ins take the memory.
static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// The memory of those, which is used again: given back after each it would stay with the threads' allocators.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
/// Letters and digits that are not mistaken for each other on paper.
const READABLE: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The form to store a password in.
///
/// # Errors
/// When hashing fails, which it does for lack of memory alone.
pub async fn hash(password: String) -> Result<String, ApiError> {
    let _permit = permit().await?;
    tokio::task::spawn_blocking(move || hash_now(&password))
        .await
        .map_err(|e| ApiError::Internal(e.into()))?
}

/// [`hash`] without a runtime, for the command line.
///
/// # Errors
/// As [`hash`].
pub fn hash_now(password: &str) -> Result<String, ApiError> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    Ok(hashed.map_err(|error| anyhow!("hashing a password: {error}"))?.to_string())
}

/// Whether `password` is the one that `stored` was made of. Without `stored` (no such account) it takes the
/// same time and says no, so that an answer's delay does not tell which accounts exist.
///
/// # Errors
/// When hashing fails.
pub async fn verify(password: String, stored: Option<String>) -> Result<bool, ApiError> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let _permit = permit().await?;
    let verified = tokio::task::spawn_blocking(move || {
        let exists = stored.is_some();
        let nobody =
            || NOBODY.get_or_init(|| hash_now("nobody has this password").unwrap_or_default()).clone();
        let stored = stored.unwrap_or_else(nobody);
        is_made_of(&stored, &password) && exists
    });
    verified.await.map_err(|e| ApiError::Internal(e.into()))
}

/// Whether `stored` was made of `password`, in constant time.
fn is_made_of(stored: &str, password: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else { return false };
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return false };
    let Ok(algorithm) = Algorithm::try_from(stored.algorithm.as_str()) else { return false };
    let (Ok(params), Ok(version)) =
        (Params::try_from(&stored), Version::try_from(stored.version.unwrap_or(0x13)))
    else {
        return false;
    };
    let argon2 = Argon2::new(algorithm, version, params);
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    if memory.len() < argon2.params().block_count() {
        memory.resize(argon2.params().block_count(), Block::default());
    }
    let mut made = vec![0; expected.len()];
    let hashed = argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut made, &mut memory[..]);
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    hashed.is_ok() && Output::new(&made).is_ok_and(|made| made == *expected)
}

async fn permit() -> Result<tokio::sync::SemaphorePermit<'static>, ApiError> {
    AT_ONCE.acquire().await.map_err(|e| ApiError::Internal(e.into()))
}

/// A password of 20 readable characters (115 bits).
pub fn generate() -> String {
    let mut random = rand::rng();
    (0..20).map(|_| char::from(READABLE[random.random_range(0..READABLE.len())])).collect()
}

/// Whether a new password may be used.
///
/// # Errors
/// 422 that names `field`.
pub fn check_new(field: &str, password: &str) -> Result<(), ApiError> {
    match password.chars().count() {
        0..12 => Err(ApiError::invalid(field, "Use at least 12 characters.")),
        129.. => Err(ApiError::invalid(field, "Use at most 128 characters.")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_an_account_that_exists_is_right() {
        let stored = hash("correct horse".to_owned()).await.expect("hash");
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify("correct horse".to_owned(), Some(stored.clone())).await.expect("verify"));
        assert!(!verify("wrong horse".to_owned(), Some(stored)).await.expect("verify"));
        assert!(!verify("nobody has this password".to_owned(), None).await.expect("verify"));
    }

    #[test]
    fn generated_passwords_differ_and_may_be_used() {
        let (one, other) = (generate(), generate());
        assert_ne!(one, other);
        assert!(check_new("new", &one).is_ok());
        assert!(check_new("new", "short").is_err());
    }
}
