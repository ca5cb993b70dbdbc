//! What is written down of a backup.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{DATABASE, hex};
use crate::storage::PHOTOS;

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

impl Stored {
    /// A file with these bytes.
    pub(super) fn of(path: &Path, bytes: &[u8]) -> Self {
        let sha256 = hex(Sha256::new_with_prefix(bytes));
        Self { path: path.to_string(), bytes: bytes.len() as u64, sha256 }
    }

    /// Whether these bytes are the file's.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        hex(Sha256::new_with_prefix(bytes)) == self.sha256
    }
}

/// The database in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dumped {
    /// The sealed file.
    pub file: Stored,
    /// The moment it shows.
    pub at: DateTime<Utc>,
    /// Whose the tables are: what a dump grants to later tables, it grants to this role's.
    #[serde(default)]
    pub owner: Option<String>,
    /// How many rows each table had then.
    pub rows: BTreeMap<String, i64>,
}

/// What a backup holds; a folder without one is a backup that was not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its name, which is the folder's, whatever that was once called.
    #[serde(skip)]
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
    /// How long it is.
    pub(super) fn bytes(&self) -> u64 {
        self.database.file.bytes + self.photos.iter().map(|photo| photo.bytes).sum::<u64>()
    }

    /// Refuses paths that lead elsewhere: an entry of the ledger of erasures, for one, would erase somebody at the next
    /// start.
    pub(super) fn stays_in_its_folders(&self) -> Result<()> {
        ensure!(self.database.file.path == DATABASE, "{} is no database", self.database.file.path);
        for Stored { path, .. } in &self.photos {
            let as_it_is = Path::from(path.as_str()).to_string() == *path;
            let folder = path.split_once('/').map(|(folder, _)| folder);
            ensure!(as_it_is && folder == Some(PHOTOS), "{path:?} is no place of a photo");
        }
        Ok(())
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

/// A backup that was finished, and what its manifest says first of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its name.
    pub name: String,
    /// The moment that its database shows.
    pub at: DateTime<Utc>,
}

impl Finished {
    /// Reads so much of a manifest and no more: it may list a hundred thousand photos.
    pub(super) fn read(name: &str, manifest: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            database: Shown,
        }
        #[derive(Deserialize)]
        struct Shown {
            at: DateTime<Utc>,
        }
        let head: Head = serde_json::from_slice(manifest)?;
        Ok(Self { name: name.to_owned(), at: head.database.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(photo: &str) -> Manifest {
        let file = |path: &str| Stored { path: path.to_owned(), bytes: 1, sha256: String::new() };
        let database = Dumped { file: file(DATABASE), at: Utc::now(), owner: None, rows: BTreeMap::new() };
        Manifest {
            name: String::new(),
            version: String::new(),
            finished_at: Utc::now(),
            database,
            photos: vec![file(photo)],
        }
    }

    #[test]
    fn a_photo_has_no_place_but_among_photos() {
        assert!(manifest("people/one/photo").stays_in_its_folders().is_ok());
        for path in [
            "erasures/one",
            "people",
            "",
            "/people/one/photo",
            "people/../erasures/one",
            "people/./one",
            "people//one",
            "people/one/",
            "peoples/one/photo",
        ] {
            assert!(manifest(path).stays_in_its_folders().is_err(), "{path:?}");
        }
        let mut other = manifest("people/one/photo");
        other.database.file.path = "people/one/photo".to_owned();
        assert!(other.stays_in_its_folders().is_err());
    }
}
