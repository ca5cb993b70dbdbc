//! What waits for the network is sealed to the server's public key: whoever takes a camera's disk or a tablet from its
//! wall finds faces and PINs that only the server opens.
//!
//! HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305. Anybody may
//! seal; who sent a message is proved by the token that it comes with. A sealed message is the encapsulated key
//! (32 bytes), then the ciphertext, which is 16 bytes longer than the message.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};

type Suite = X25519HkdfSha256;

const INFO: &[u8] = b"attendance sealed message 1";
const KEY_BYTES: usize = 32;

/// Bytes that a sealed message has more than the message.
pub const OVERHEAD: usize = KEY_BYTES + 16;

/// Why nothing was sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text is no public key.
    #[error("this is no public key: 32 bytes as base64url are wanted")]
    Key,
    /// The bytes were not sealed to this key, or not for this purpose, or they changed on the way.
    #[error("this was not sealed to the key of this server, or it changed on the way")]
    Opening,
    /// The system gives no randomness.
    #[error("nothing can be sealed here")]
    Sealing,
}

/// What a message is sealed to.
#[derive(Clone, PartialEq)]
pub struct PublicKey(<Suite as Kem>::PublicKey);

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_bytes()))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Key)?;
        Ok(Self(<Suite as Kem>::PublicKey::from_bytes(&bytes).map_err(|_| SealError::Key)?))
    }
}

/// What opens messages; it stays on the server.
#[derive(Clone)]
pub struct SecretKey(<Suite as Kem>::PrivateKey, PublicKey);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(of {})", self.1)
    }
}

impl SecretKey {
    /// The key that secret bytes lead to (DeriveKeyPair of RFC 9180); the same bytes give the same key.
    pub fn derive(secret: &[u8; 32]) -> Self {
        let (secret, public) = Suite::derive_keypair(secret);
        Self(secret, PublicKey(public))
    }

    /// What to seal to.
    pub fn public(&self) -> &PublicKey {
        &self.1
    }

    /// Opens what was sealed for `purpose`.
    ///
    /// # Errors
    /// [`SealError::Opening`].
    pub fn open(&self, sealed: &[u8], purpose: &[u8]) -> Result<Vec<u8>, SealError> {
        let (key, ciphertext) = sealed.split_at_checked(KEY_BYTES).ok_or(SealError::Opening)?;
        let key = <Suite as Kem>::EncappedKey::from_bytes(key).map_err(|_| SealError::Opening)?;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, Suite>(
            &OpModeR::Base,
            &self.0,
            &key,
            INFO,
            ciphertext,
            purpose,
        )
        .map_err(|_| SealError::Opening)
    }
}

impl PublicKey {
    /// Seals a message; `purpose` must be the same when it is opened, so that a message cannot be sent as another.
    ///
    /// # Errors
    /// [`SealError::Sealing`].
    pub fn seal(&self, message: &[u8], purpose: &[u8]) -> Result<Vec<u8>, SealError> {
        let (key, ciphertext) = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Suite>(
            &OpModeS::Base,
            &self.0,
            INFO,
            message,
            purpose,
        )
        .map_err(|_| SealError::Sealing)?;
        Ok([key.to_bytes().as_slice(), &ciphertext].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_and_the_purpose_open_a_message() {
        let (key, other) = (SecretKey::derive(&[7; 32]), SecretKey::derive(&[8; 32]));
        let public: PublicKey = key.public().to_string().parse().expect("a key");
        let sealed = public.seal(b"a frame", b"feed 1").expect("sealed");
        assert_eq!(sealed.len(), 7 + OVERHEAD);
        assert_eq!(key.open(&sealed, b"feed 1").expect("opened"), b"a frame");
        assert_eq!(key.open(&sealed, b"feed 2"), Err(SealError::Opening));
        assert_eq!(other.open(&sealed, b"feed 1"), Err(SealError::Opening));
        for broken in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[broken] ^= 1;
            assert_eq!(key.open(&changed, b"feed 1"), Err(SealError::Opening), "byte {broken}");
            assert_eq!(key.open(&sealed[..broken], b"feed 1"), Err(SealError::Opening));
        }
        assert_ne!(public.seal(b"a frame", b"feed 1").expect("sealed"), sealed, "never the same twice");
    }

    #[test]
    fn a_key_is_read_as_it_is_written_and_nothing_else_is() {
        let key = SecretKey::derive(&[7; 32]);
        assert_eq!(&key.public().to_string().parse::<PublicKey>().expect("a key"), key.public());
        for wrong in ["", "abc", "!!!!", &"A".repeat(44)] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(SealError::Key), "{wrong}");
        }
        assert!(!format!("{key:?}").contains("7, 7"));
    }
}
