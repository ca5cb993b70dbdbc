//! Sealing of what is read and written as a stream, such as the dump of a database.
//!
//! A file has a key of its own, which stands at its beginning, sealed to the backup's recipient (crate `sealing`).
//! After it come pieces of 64 KiB, AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár:
//! *Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance*, 2015): pieces that are changed, left out,
//! put elsewhere or cut off at the end do not open.

use std::io::{self, ErrorKind, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32, Nonce, StreamBE32};
use aes_gcm::{Aes256Gcm, Key};
use sealing::{OVERHEAD, PublicKey, SecretKey};

const PURPOSE: &[u8] = b"attendance backup 1";
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;
const KEY_BYTES: usize = 32;

/// The key serves one file, so that the counter alone makes every nonce another.
fn nonce() -> Nonce<Aes256Gcm, StreamBE32<Aes256Gcm>> {
    Nonce::<Aes256Gcm, StreamBE32<Aes256Gcm>>::default()
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// Seals what is written to it; [`SealedWriter::finish`] writes the last piece, without which nothing opens.
pub struct SealedWriter<W> {
    inner: W,
    cipher: EncryptorBE32<Aes256Gcm>,
    piece: Vec<u8>,
}

impl<W: Write> SealedWriter<W> {
    /// Writes the head.
    ///
    /// # Errors
    /// When `inner` fails.
    pub fn new(mut inner: W, recipient: &PublicKey) -> io::Result<Self> {
        let key: [u8; KEY_BYTES] = rand::random();
        inner.write_all(&recipient.seal(&key, PURPOSE).map_err(io::Error::other)?)?;
        let cipher = EncryptorBE32::new(&Key::<Aes256Gcm>::from(key), &nonce());
        Ok(Self { inner, cipher, piece: Vec::with_capacity(PIECE) })
    }

    /// Writes the last piece and gives back what it was written to.
    ///
    /// # Errors
    /// When `inner` fails.
    pub fn finish(mut self) -> io::Result<W> {
        let last = self.cipher.encrypt_last(self.piece.as_slice()).map_err(|_| broken("too much to seal"))?;
        self.inner.write_all(&last)?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits for more: it may be the last one.
        if self.piece.len() == PIECE {
            let sealed =
                self.cipher.encrypt_next(self.piece.as_slice()).map_err(|_| broken("too much to seal"))?;
            self.inner.write_all(&sealed)?;
            self.piece.clear();
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what a [`SealedWriter`] wrote.
pub struct SealedReader<R> {
    inner: R,
    /// Gone once the last piece is open.
    cipher: Option<DecryptorBE32<Aes256Gcm>>,
    sealed: Vec<u8>,
    open: Vec<u8>,
    at: usize,
}

impl<R: Read> SealedReader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] when it was not sealed to this key.
    pub fn new(mut inner: R, key: &SecretKey) -> io::Result<Self> {
        let mut head = [0; KEY_BYTES + OVERHEAD];
        inner.read_exact(&mut head)?;
        let key = key.open(&head, PURPOSE).ok().and_then(|key| <[u8; KEY_BYTES]>::try_from(key).ok());
        let key = key.ok_or_else(|| broken("it was sealed to another key, or it is no backup"))?;
        let cipher = DecryptorBE32::new(&Key::<Aes256Gcm>::from(key), &nonce());
        let mut reader = Self { inner, cipher: Some(cipher), sealed: Vec::new(), open: Vec::new(), at: 0 };
        reader.fill()?;
        Ok(reader)
    }

    /// Reads until a piece and the first byte of the next one are there, or the end.
    fn fill(&mut self) -> io::Result<()> {
        let wanted = (PIECE + TAG + 1).saturating_sub(self.sealed.len());
        self.inner.by_ref().take(wanted as u64).read_to_end(&mut self.sealed)?;
        Ok(())
    }

    fn open_piece(&mut self) -> io::Result<()> {
        let Some(mut cipher) = self.cipher.take() else { return Ok(()) };
        let changed = |_| broken("it is damaged or cut off");
        if self.sealed.len() > PIECE + TAG {
            self.open = cipher.decrypt_next(&self.sealed[..PIECE + TAG]).map_err(changed)?;
            self.sealed.drain(..PIECE + TAG);
            self.cipher = Some(cipher);
            self.fill()?;
        } else {
            self.open = cipher.decrypt_last(self.sealed.as_slice()).map_err(changed)?;
        }
        self.at = 0;
        Ok(())
    }
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.open.len() && self.cipher.is_some() {
            self.open_piece()?;
        }
        let given = into.len().min(self.open.len() - self.at);
        into[..given].copy_from_slice(&self.open[self.at..self.at + given]);
        self.at += given;
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &[u8], key: &SecretKey) -> Vec<u8> {
        let mut writer = SealedWriter::new(Vec::new(), key.public()).expect("a head");
        for part in text.chunks(1000) {
            writer.write_all(part).expect("written");
        }
        writer.finish().expect("finished")
    }

    fn opened(sealed: &[u8], key: &SecretKey) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        SealedReader::new(sealed, key)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn every_length_comes_back_and_only_its_key_opens_it() {
        let (key, other) = (SecretKey::derive(&[1; 32]), SecretKey::derive(&[2; 32]));
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 17] {
            let text: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let sealed = sealed(&text, &key);
            assert_eq!(opened(&sealed, &key).expect("opened"), text, "{length}");
            assert!(opened(&sealed, &other).is_err());
        }
    }

    #[test]
    fn what_is_changed_cut_off_or_put_elsewhere_does_not_open() {
        let key = SecretKey::derive(&[1; 32]);
        let text: Vec<u8> = (0..3 * PIECE).map(|at| (at % 253) as u8).collect();
        let whole = sealed(&text, &key);
        let head = KEY_BYTES + OVERHEAD;
        for at in (0..whole.len()).step_by(4099) {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(opened(&changed, &key).is_err(), "byte {at}");
            assert!(opened(&whole[..at], &key).is_err(), "cut at {at}");
        }
        // At the end of a piece, too.
        for pieces in 0..3 {
            assert!(opened(&whole[..head + pieces * (PIECE + TAG)], &key).is_err(), "{pieces} pieces");
        }
        let (first, second) = (head..head + PIECE + TAG, head + PIECE + TAG..head + 2 * (PIECE + TAG));
        let swapped = [&whole[..head], &whole[second.clone()], &whole[first], &whole[second.end..]].concat();
        assert!(opened(&swapped, &key).is_err());
    }
}
