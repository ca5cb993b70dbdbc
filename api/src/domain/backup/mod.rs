//! Backups of the database and the photos, and the way back.
//!
//! A backup is a folder in any place that [`storage::open`] opens: `NAME/database`, the database as one moment saw it,
//! sealed to the recipient's key ([`sealed_file`]); `NAME/people/…`, the photos as they are stored, sealed under keys
//! that are in the database, wrapped by the master key; `NAME/manifest.json`, written last, with the SHA-256 of each.
//! Whoever takes a backup has nothing without the recipient's secret and the master key, and neither is in it. The ledger
//! of erasures is not in it either, so that a restore cannot take an erasure back.
//!
//! Anybody can seal to a public key, and a restore runs as the database's owner what the dump says. So a file beside the
//! manifest proves, by the audit key, that it was written by who holds that key; what it does not prove is not restored.

mod database;
mod forgetting;
mod manifest;
mod photos;
mod recipient;
mod restoring;
mod sealed_file;
mod wrapped_keys;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use chrono::Utc;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sealing::PublicKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use self::database::Content;
pub use self::manifest::{Dumped, Finished, Manifest, Stored};
pub use self::recipient::{Keys, new_keys, secret_key};
use crate::config::Secret;
use crate::domain::audit_chain::ChainKey;
use crate::storage;

const DATABASE: &str = "database";
const DUMPED: &str = "database.json";
const MANIFEST: &str = "manifest.json";
/// How much of a dump is asked for at once.
const PIECE: usize = 8 * 1024 * 1024;

/// Tells how far long work has come, every other second.
struct Progress {
    what: &'static str,
    of: u64,
    done: u64,
    told: Instant,
}

impl Progress {
    fn of(what: &'static str, of: u64) -> Self {
        Self { what, of, done: 0, told: Instant::now() }
    }

    fn add(&mut self, done: u64) {
        self.done += done;
        if self.told.elapsed() >= Duration::from_secs(2) {
            self.told = Instant::now();
            tracing::info!(backup.done = self.done, backup.of = self.of, "{}", self.what);
        }
    }
}

/// A place of backups.
pub struct Backups {
    place: Arc<dyn ObjectStore>,
    /// Where it is a folder of this machine, that one.
    folder: Option<PathBuf>,
}

impl Backups {
    /// Opens a place of backups.
    ///
    /// # Errors
    /// As [`storage::open`].
    pub fn open(address: &str) -> Result<Self> {
        let place = storage::open(address).context("the place of backups cannot be used")?;
        Ok(Self { place, folder: address.strip_prefix("file:").map(PathBuf::from) })
    }

    /// Makes a backup, or finishes the one of this name; reads it once more before it counts as finished.
    ///
    /// # Errors
    /// When something cannot be read or written, or is not as it was; the same name goes on with it.
    pub async fn make(
        &self,
        name: &str,
        database: &Secret,
        recipient: &PublicKey,
        photos: &str,
        key: &ChainKey,
    ) -> Result<Manifest> {
        ensure!(
            !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign)),
            "a backup's name has letters, digits, - and _ alone; {name:?} has not"
        );
        ensure!(self.read(name, MANIFEST).await?.is_none(), "the backup {name} is finished already");
        let database = match self.kept_dump(name, key).await? {
            Some(dumped) => {
                tracing::info!(backup.name = name, "the database is in this backup already");
                dumped
            }
            None => {
                let dumped = database::dump(&self.place, name, database, recipient).await?;
                self.write_proved(name, DUMPED, &dumped, key).await?;
                dumped
            }
        };
        let source = storage::open(photos).context("the photos cannot be read")?;
        let kept = photos::keep(&source, &self.place, name).await?;
        let known = database.rows.get("photos").copied().unwrap_or_default();
        ensure!(
            known == 0 || !kept.is_empty(),
            "the database knows {known} photos and {photos} has none: does ATTENDANCE_DATA, or ATTENDANCE_STORAGE, name \
             the right place?"
        );
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let manifest =
            Manifest { name: name.to_owned(), version, finished_at: Utc::now(), database, photos: kept };
        self.check(&manifest, None).await?;
        self.write_proved(name, MANIFEST, &manifest, key).await?;
        Ok(manifest)
    }

    /// The database of a backup that was begun; one that is not as it was is dumped again.
    async fn kept_dump(&self, name: &str, key: &ChainKey) -> Result<Option<Dumped>> {
        if self.read(name, DUMPED).await?.is_none() {
            return Ok(None);
        }
        let kept = async {
            let dumped: Dumped = self.read_proved(name, DUMPED, Some(key)).await?;
            self.hold(name, &dumped.file).await?;
            anyhow::Ok(dumped)
        };
        match kept.await {
            Ok(dumped) => Ok(Some(dumped)),
            Err(error) => {
                tracing::warn!(backup.name = name, error.cause = %error, "the database is dumped again");
                Ok(None)
            }
        }
    }

    async fn folders(&self) -> Result<Vec<String>> {
        let listed = self.place.list_with_delimiter(None).await;
        let folders = listed.context("the place of backups cannot be read")?.common_prefixes;
        Ok(folders.into_iter().map(String::from).collect())
    }

    /// All that were finished, oldest first. Other folders may be beside them.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub async fn all(&self) -> Result<Vec<Finished>> {
        let mut all = Vec::new();
        for name in self.folders().await? {
            let finished = async {
                let text = self.read(&name, MANIFEST).await?;
                text.map(|text| Finished::read(&name, &text)).transpose()
            };
            match finished.await {
                Ok(finished) => all.extend(finished),
                Err(error) => {
                    tracing::warn!(backup.name = name, error.cause = %error, "this folder is damaged, or no backup");
                }
            }
        }
        all.sort_by_key(|backup| backup.at);
        Ok(all)
    }

    /// The backup of a name, or the newest one, whose manifest was written with this key. Without a key any manifest is
    /// believed.
    ///
    /// # Errors
    /// When there is none, it was not finished, or nothing proves it.
    pub async fn find(&self, name: Option<&str>, key: Option<&ChainKey>) -> Result<Manifest> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => self.all().await?.pop().context("there is no finished backup at this place")?.name,
        };
        if name.is_empty() || self.read(&name, MANIFEST).await?.is_none() {
            ensure!(
                !name.is_empty() && self.read(&name, DUMPED).await?.is_some(),
                "there is no backup {name} at this place"
            );
            bail!("the backup {name} was not finished: run `attendance backup --name {name}` again");
        }
        let mut manifest: Manifest = self.read_proved(&name, MANIFEST, key).await?;
        manifest.stays_in_its_folders().with_context(|| format!("the backup {name} is no backup"))?;
        manifest.name = name;
        Ok(manifest)
    }

    /// Reads every file of a backup and holds it against the manifest; with its keys opens the database, too, and tries the
    /// master key on what is in it.
    ///
    /// # Errors
    /// The first file that is missing or not as it was; a key that is another.
    pub async fn check(&self, manifest: &Manifest, keys: Option<Keys<'_>>) -> Result<()> {
        let (name, database) = (manifest.name.as_str(), &manifest.database.file);
        let mut progress = Progress::of("bytes checked", manifest.bytes());
        let hashes = self.hold(name, database).await?;
        progress.add(database.bytes);
        let mut checks = stream::iter(&manifest.photos)
            .map(|photo| async move { photos::whole(&self.place, name, photo).await.map(|_| photo.bytes) })
            .buffer_unordered(photos::AT_ONCE);
        while let Some(bytes) = checks.try_next().await? {
            progress.add(bytes);
        }
        if let Some(keys) = keys {
            let content = self.held(name, database, hashes).await?;
            let found = database::open_all(content, keys.secret).await?;
            wrapped_keys::open(&found, &manifest.database.rows, keys.master_key_file)?;
        }
        Ok(())
    }

    /// Holds the database against its hash. Gives those of its pieces, by which [`Self::held`] knows them again.
    async fn hold(&self, name: &str, file: &Stored) -> Result<Vec<String>> {
        let mut content = self.pieces(name, file).await?;
        let (mut hash, mut hashes) = (Sha256::new(), Vec::new());
        while let Some(piece) =
            content.try_next().await.with_context(|| format!("{} of the backup cannot be read", file.path))?
        {
            hash.update(&piece);
            hashes.push(hex(Sha256::new_with_prefix(&piece)));
        }
        ensure!(hex(hash) == file.sha256, "{} of the backup is not as it was", file.path);
        Ok(hashes)
    }

    /// Reads the database again, and hands on a piece only once it is what [`Self::hold`] found: whoever may write where
    /// backups are kept can change the file at any moment, and what a dump says is done before its end is read.
    async fn held(&self, name: &str, file: &Stored, hashes: Vec<String>) -> Result<Content> {
        let path = file.path.clone();
        let pieces = self.pieces(name, file).await?.zip(stream::iter(hashes));
        let held = pieces.map(move |(piece, hash)| {
            let piece = piece.with_context(|| format!("{path} of the backup cannot be read"))?;
            ensure!(hex(Sha256::new_with_prefix(&piece)) == hash, "{path} of the backup is not as it was");
            anyhow::Ok(piece)
        });
        Ok(held.boxed())
    }

    /// A long file in pieces, each asked for when the one before is used up: clouds do not wait while PostgreSQL is busy
    /// with what it has.
    async fn pieces(
        &self,
        name: &str,
        file: &Stored,
    ) -> Result<BoxStream<'static, object_store::Result<Bytes>>> {
        let (place, path, end) = (Arc::clone(&self.place), at(name, &file.path), file.bytes);
        let there = place.head(&path).await;
        let there = there.with_context(|| format!("{} of the backup is missing", file.path))?;
        ensure!(there.size == end, "{} of the backup is not as it was", file.path);
        let pieces = stream::iter((0..end).step_by(PIECE)).then(move |from| {
            let (place, path) = (Arc::clone(&place), path.clone());
            async move { place.get_range(&path, from..end.min(from + PIECE as u64)).await }
        });
        Ok(pieces.boxed())
    }

    async fn read(&self, name: &str, file: &str) -> Result<Option<Bytes>> {
        let read = match self.place.get(&at(name, file)).await {
            Ok(object) => object.bytes().await,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => Err(error),
        };
        Ok(Some(read.context("the place of backups cannot be read")?))
    }

    /// Reads a file that is there; with a key, what that key proves alone.
    async fn read_proved<T: DeserializeOwned>(
        &self,
        name: &str,
        file: &str,
        key: Option<&ChainKey>,
    ) -> Result<T> {
        let damaged = || format!("{file} of the backup {name} is damaged");
        let text = self.read(name, file).await?.with_context(damaged)?;
        let text = str::from_utf8(&text).with_context(damaged)?;
        if let Some(key) = key {
            let proof = self.read(name, &proof_of(file)).await?;
            let proof = proof.with_context(|| {
                format!("nothing proves that {file} of the backup {name} was written here")
            })?;
            ensure!(
                str::from_utf8(&proof).is_ok_and(|proof| key.is_proof(&purpose(file), text, proof)),
                "{file} of the backup {name} was changed, or written with another audit key"
            );
        }
        serde_json::from_str(text).with_context(damaged)
    }

    /// Writes a file, and before it what proves it: without the file the proof is nothing.
    async fn write_proved(
        &self,
        name: &str,
        file: &str,
        value: &impl Serialize,
        key: &ChainKey,
    ) -> Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        let proof = key.proof(&purpose(file), &text)?;
        for (path, text) in [(at(name, &proof_of(file)), proof), (at(name, file), text)] {
            let put = self.place.put(&path, PutPayload::from(text)).await;
            put.context("the place of backups cannot be written")?;
        }
        Ok(())
    }
}

fn proof_of(file: &str) -> String {
    format!("{file}.proof")
}

fn purpose(file: &str) -> String {
    format!("backup {file}")
}

fn at(name: &str, file: &str) -> Path {
    Path::from(format!("{name}/{file}"))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A place with a database of two pieces and a little more.
    fn long() -> (TempDir, Backups, Vec<u8>, Stored) {
        let folder = tempfile::tempdir().expect("a folder");
        let backups = Backups::open(&format!("file:{}", folder.path().display())).expect("a place");
        let text: Vec<u8> = (0..2 * PIECE + 7).map(|at| (at % 251) as u8).collect();
        std::fs::create_dir(folder.path().join("monday")).expect("a folder");
        let file = Stored::of(&Path::from(DATABASE), &text);
        write(&folder, &text);
        (folder, backups, text, file)
    }

    fn write(folder: &TempDir, text: &[u8]) {
        std::fs::write(folder.path().join("monday").join(DATABASE), text).expect("written");
    }

    #[tokio::test]
    async fn a_long_file_comes_in_pieces() {
        let (folder, backups, text, file) = long();
        let hashes = backups.hold("monday", &file).await.expect("as it was");
        let pieces = backups.held("monday", &file, hashes).await.expect("it is there");
        let pieces: Vec<Bytes> = pieces.try_collect().await.expect("read");
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE, PIECE, 7]);
        assert!(pieces.iter().flatten().eq(&text));

        for changed in [&text[..PIECE], &[text.as_slice(), b"more"].concat()] {
            write(&folder, changed);
            let refused = backups.hold("monday", &file).await.expect_err("refused").to_string();
            assert!(refused.contains("is not as it was"), "{refused}");
        }
    }

    #[tokio::test]
    async fn what_is_changed_once_it_was_held_is_not_handed_on() {
        let (folder, backups, text, file) = long();
        let hashes = backups.hold("monday", &file).await.expect("as it was");
        // Before it is read again, and while it is.
        for at_once in [true, false] {
            write(&folder, &text);
            let mut pieces = backups.held("monday", &file, hashes.clone()).await.expect("it is there");
            if !at_once {
                let first = pieces.try_next().await.expect("read").expect("a piece");
                assert!(first == text[..PIECE]);
            }
            let mut swapped = text.clone();
            swapped[if at_once { 0 } else { PIECE }] ^= 1;
            write(&folder, &swapped);
            let refused = pieces.try_next().await.expect_err("refused").to_string();
            assert_eq!(refused, "database of the backup is not as it was");
        }
        write(&folder, &text[..PIECE + 1]);
        assert!(backups.held("monday", &file, hashes).await.is_err(), "and nothing of what is shorter");
    }
}
