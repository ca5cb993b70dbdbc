//! Imports of people from a table, and of photos from an archive.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ImportId;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Read and judged; nothing is stored yet.
    Preview,
    /// Being stored.
    Running,
    /// Stored.
    Done,
    /// Ended without storing anything; `message` says why.
    Failed,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportVerdict {
    /// A new person.
    Create,
    /// A person of this `external_id` changes.
    Update,
    /// A person of this `external_id` is so already.
    Unchanged,
    /// It cannot be stored; `problems` says why.
    Error,
}

impl ImportVerdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Create, Self::Update, Self::Unchanged, Self::Error];

    /// The name on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Unchanged => "unchanged",
            Self::Error => "error",
        }
    }
}

/// How many rows have each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(missing_docs)]
pub struct ImportCounts {
    pub create: i64,
    pub update: i64,
    pub unchanged: i64,
    pub error: i64,
}

/// An import of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportView {
    /// Its id.
    pub id: ImportId,
    /// How far it is.
    pub state: ImportState,
    /// How the file was read.
    pub source: ImportSource,
    /// How many rows have each verdict.
    pub counts: ImportCounts,
    /// Rows that are worked off, while it is running.
    pub done: i64,
    /// Rows in all.
    pub of: i64,
    /// Why it failed, or what is to be looked at.
    pub message: Option<String>,
    /// When the file was sent.
    pub created_at: DateTime<Utc>,
    /// When the import and what it holds of people is deleted.
    pub expires_at: DateTime<Utc>,
}

/// How a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportSource {
    /// `csv` or `xlsx`.
    pub format: String,
    /// Of a CSV file, its encoding: `UTF-8`, `UTF-16LE`, `UTF-16BE`; `windows-1252` where it is none of these.
    pub encoding: Option<String>,
    /// Of a CSV file, what separates its columns.
    pub delimiter: Option<String>,
    /// The columns it has.
    pub columns: Vec<String>,
}

/// A row of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRow {
    /// Its number in the file; the headings are row 1.
    pub row: i64,
    /// What becomes of it.
    pub verdict: ImportVerdict,
    /// Its cells, by column.
    pub cells: BTreeMap<String, String>,
    /// What is wrong, by column.
    pub problems: BTreeMap<String, String>,
}

/// An import of photos.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoImportView {
    /// Its id.
    pub id: ImportId,
    /// How far it is.
    pub state: ImportState,
    /// Files that are worked off.
    pub done: i64,
    /// Files in all.
    pub of: i64,
    /// Why it failed.
    pub message: Option<String>,
    /// The files, in the archive's order.
    pub entries: Vec<PhotoImportEntry>,
    /// When the archive was sent.
    pub created_at: DateTime<Utc>,
    /// When the import is deleted.
    pub expires_at: DateTime<Utc>,
}

/// A file of an archive of photos.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoImportEntry {
    /// Its name in the archive.
    pub name: String,
    /// `waiting`, `stored` or `refused`.
    pub verdict: String,
    /// Why it was refused.
    pub message: Option<String>,
}
