//! The audit: who did what to whom.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who did something, or to what it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditParty {
    /// For example `user`, `feed`, `system`, `person`, `group`.
    pub kind: String,
    /// Its id, where it has one that was not erased.
    pub id: Option<Uuid>,
    /// Its name as it is today, where it still is.
    pub name: Option<String>,
}

/// An entry of the audit; `D` is a JSON value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry<D> {
    /// Its number; the entries of two transactions may be numbered in another order than they became visible in.
    pub id: i64,
    /// Its place in the chain; null for the moment until it has joined.
    pub seq: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: AuditParty,
    /// What, for example `person.updated`.
    pub action: String,
    /// To what.
    pub subject: AuditParty,
    /// Values, before and after where something changed; null where they were erased.
    pub detail: Option<D>,
    /// The link of the chain, in hexadecimal.
    pub hash: Option<String>,
}
