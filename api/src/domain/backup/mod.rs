//! Backups of the database and the photos, and the way back.
//!
//! A backup is a folder in any place that [`storage::open`] opens: `NAME/database`, the database as one moment saw it,
//! sealed to the recipient's key ([`sealed_file`]); `NAME/people/…`, the photos as they are stored, sealed under keys
//! that are in the database, wrapped by the master key; `NAME/manifest.json`, written last, with the SHA-256 of each.
//! Whoever takes a backup has nothing without the recipient's secret and the master key, and neither is in it. The ledger
//! of erasures is not in it either, so that a restore cannot take an erasure back.

mod database;
mod photos;
mod sealed_file;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sealing::{PublicKey, SecretKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Secret;
use crate::{models, storage};

const DATABASE: &str = "database";
const DUMPED: &str = "database.json";
const MANIFEST: &str = "manifest.json";

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Where it is, from the backup's folder.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// The database in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dumped {
    /// The sealed file.
    pub file: Stored,
    /// The moment it shows.
    pub at: DateTime<Utc>,
    /// How many rows each table had then.
    pub rows: BTreeMap<String, i64>,
}

/// What a backup holds; a folder without one is a backup that was not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// The program that made it.
    pub version: String,
    /// When it was finished.
    pub finished_at: DateTime<Utc>,
    /// The database.
    pub database: Dumped,
    /// The photos.
    pub photos: Vec<Stored>,
}

impl Manifest {
    fn bytes(&self) -> u64 {
        self.database.file.bytes + self.photos.iter().map(|photo| photo.bytes).sum::<u64>()
    }

    /// What it is, in one line.
    pub fn summary(&self) -> String {
        format!(
            "{}: the database of {} with {} rows, {} photos, {:.1} MB",
            self.name,
            self.database.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            self.database.rows.values().sum::<i64>(),
            self.photos.len(),
            self.bytes() as f64 / 1e6
        )
    }
}

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
}

/// A new pair of keys: the secret for a safe place, and what backups are sealed to.
pub fn new_keys() -> (String, PublicKey) {
    let secret: [u8; 32] = rand::random();
    (URL_SAFE_NO_PAD.encode(secret), SecretKey::derive(&secret).public().clone())
}

/// Reads a recipient's secret.
///
/// # Errors
/// When it is none.
pub fn secret_key(text: &str) -> Result<SecretKey> {
    // Comments, as `attendance backup-key` writes them, may stand before it.
    let text = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let bytes = URL_SAFE_NO_PAD
        .decode(text.unwrap_or_default())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| anyhow!("this is no key of `attendance backup-key`"))?;
    Ok(SecretKey::derive(&bytes))
}

impl Backups {
    /// Opens a place of backups.
    ///
    /// # Errors
    /// As [`storage::open`].
    pub fn open(address: &str) -> Result<Self> {
        Ok(Self { place: storage::open(address).context("the place of backups cannot be used")? })
    }

    /// Makes a backup, or finishes the one of this name.
    ///
    /// # Errors
    /// When something cannot be read or written; the same name goes on with it.
    pub async fn make(
        &self,
        name: &str,
        database: &Secret,
        recipient: &PublicKey,
        photos: &str,
    ) -> Result<Manifest> {
        ensure!(
            !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign)),
            "a backup's name has letters, digits, - and _ alone; {name:?} has not"
        );
        ensure!(
            self.read::<Manifest>(name, MANIFEST).await?.is_none(),
            "the backup {name} is finished already"
        );
        let database = match self.read::<Dumped>(name, DUMPED).await? {
            Some(dumped) => {
                tracing::info!(backup.name = name, "the database is in this backup already");
                dumped
            }
            None => {
                let dumped = database::dump(&self.place, name, database, recipient).await?;
                self.write(name, DUMPED, &dumped).await?;
                dumped
            }
        };
        let source = storage::open(photos).context("the photos cannot be read")?;
        let photos = photos::keep(&source, &self.place, name).await?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let manifest = Manifest { name: name.to_owned(), version, finished_at: Utc::now(), database, photos };
        self.write(name, MANIFEST, &manifest).await?;
        Ok(manifest)
    }

    /// All that were finished, oldest first.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub async fn all(&self) -> Result<Vec<Manifest>> {
        let folders = self.place.list_with_delimiter(None).await?.common_prefixes;
        let mut all = Vec::new();
        for folder in folders {
            all.extend(self.read::<Manifest>(folder.as_ref(), MANIFEST).await?);
        }
        all.sort_by_key(|manifest| manifest.finished_at);
        Ok(all)
    }

    /// The backup of a name, or the newest one.
    ///
    /// # Errors
    /// When there is none, or it was not finished.
    pub async fn find(&self, name: Option<&str>) -> Result<Manifest> {
        let Some(name) = name else {
            return self.all().await?.pop().context("there is no finished backup at this place");
        };
        match self.read(name, MANIFEST).await? {
            Some(manifest) => Ok(manifest),
            None if self.read::<Dumped>(name, DUMPED).await?.is_some() => {
                bail!("the backup {name} was not finished: run `attendance backup --name {name}` again")
            }
            None => bail!("there is no backup {name} at this place"),
        }
    }

    /// Deletes backups that are older than some days; the newest always stays.
    ///
    /// # Errors
    /// When one cannot be deleted.
    pub async fn forget_older(&self, days: u32) -> Result<usize> {
        let mut all = self.all().await?;
        all.pop();
        let old = Utc::now() - TimeDelta::days(days.into());
        all.retain(|manifest| manifest.finished_at < old);
        for manifest in &all {
            // Without its manifest it is no backup any more, whatever comes between.
            self.place.delete(&at(&manifest.name, MANIFEST)).await?;
            let rest: Vec<_> =
                self.place.list(Some(&Path::from(manifest.name.as_str()))).try_collect().await?;
            for object in rest {
                self.place.delete(&object.location).await?;
            }
        }
        Ok(all.len())
    }

    /// Reads every file of a backup and holds it against the manifest; with the recipient's secret opens the database,
    /// too.
    ///
    /// # Errors
    /// The first file that is missing or not as it was.
    pub async fn check(&self, manifest: &Manifest, secret: Option<&SecretKey>) -> Result<()> {
        let mut progress = Progress::of("checked", manifest.bytes());
        let files = std::iter::once(&manifest.database.file).chain(&manifest.photos);
        let mut checks = stream::iter(files)
            .map(|file| async move { self.hold(&manifest.name, file).await.map(|()| file.bytes) })
            .buffer_unordered(photos::AT_ONCE);
        while let Some(bytes) = checks.try_next().await? {
            progress.add(bytes);
        }
        if let Some(secret) = secret {
            let whole = self.stream(&manifest.name, &manifest.database.file).await?;
            database::open_all(whole, secret).await?;
        }
        Ok(())
    }

    /// Fills an empty database and the store of photos with a backup that [`Backups::check`] found whole. What was cut
    /// short is taken up by doing it again.
    ///
    /// # Errors
    /// When the database is not empty, or something cannot be written.
    pub async fn restore(
        &self,
        manifest: &Manifest,
        secret: &SecretKey,
        database: &Secret,
        photos: &str,
    ) -> Result<()> {
        let target = storage::open(photos).context("the photos cannot be written")?;
        let note = format!("Attendance: photos of the backup {} are still to come", manifest.name);
        let found = blocking(database, models::backup::state).await?;
        match found {
            (true, _) => {
                blocking(database, models::backup::make_roles).await?;
                let whole = self.stream(&manifest.name, &manifest.database.file).await?;
                database::load(whole, secret, database).await?;
                let rows = blocking(database, models::backup::table_counts).await?;
                ensure!(
                    rows == manifest.database.rows,
                    "the database has other numbers of rows than the backup: {rows:?}"
                );
                let note = note.clone();
                blocking(database, move |conn| models::backup::note(conn, &note)).await?;
            }
            (false, Some(comment)) if comment == note => {
                tracing::info!(backup.name = manifest.name, "the database is there already");
            }
            (false, _) => bail!("the database is not empty: restore into a new one"),
        }
        photos::bring(&self.place, manifest, &target).await?;
        blocking(database, |conn| models::backup::note(conn, "")).await
    }

    async fn hold(&self, name: &str, file: &Stored) -> Result<()> {
        let mut content = self.stream(name, file).await?;
        let mut hash = Sha256::new();
        while let Some(bytes) =
            content.try_next().await.with_context(|| format!("{} of the backup cannot be read", file.path))?
        {
            hash.update(&bytes);
        }
        ensure!(hex(hash) == file.sha256, "{} of the backup is not as it was", file.path);
        Ok(())
    }

    async fn stream(
        &self,
        name: &str,
        file: &Stored,
    ) -> Result<stream::BoxStream<'static, object_store::Result<Bytes>>> {
        let object = self.place.get(&at(name, &file.path)).await;
        Ok(object.with_context(|| format!("{} of the backup is missing", file.path))?.into_stream())
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, name: &str, file: &str) -> Result<Option<T>> {
        let bytes = match self.place.get(&at(name, file)).await {
            Ok(object) => object.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error).context("the place of backups cannot be read"),
        };
        let read = serde_json::from_slice(&bytes);
        Ok(Some(read.with_context(|| format!("{file} of the backup {name} is damaged"))?))
    }

    async fn write(&self, name: &str, file: &str, value: &impl Serialize) -> Result<()> {
        self.place.put(&at(name, file), PutPayload::from(serde_json::to_vec_pretty(value)?)).await?;
        Ok(())
    }
}

fn at(name: &str, file: &str) -> Path {
    Path::from(format!("{name}/{file}"))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn blocking<T: Send + 'static>(
    database: &Secret,
    work: impl FnOnce(&mut diesel::PgConnection) -> diesel::QueryResult<T> + Send + 'static,
) -> Result<T> {
    let database = database.clone();
    tokio::task::spawn_blocking(move || {
        let mut conn = crate::db::connect(&database).context("the database cannot be reached")?;
        work(&mut conn).context("the database refused")
    })
    .await?
}
