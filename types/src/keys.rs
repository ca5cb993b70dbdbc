//! Keys that programs call the API with.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::UserId;

/// A key, without what it takes to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyView {
    /// Its id; what it does stands under this id in the audit.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<String>,
    /// Who made it.
    pub created_by: UserId,
    /// Their e-mail address; null where the account is gone.
    pub created_by_email: Option<String>,
    /// Whether their account has ended: it is disabled or gone. The key goes on.
    #[serde(default)]
    pub created_by_ended: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From where.
    pub last_used_address: Option<String>,
}

/// Body of `POST /api/v1/keys`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// What it is for: 1 to 100 characters, unique among keys.
    pub name: String,
    /// What it opens: `people:read`, `people:write`, …, `frames:send`, `backfill`.
    pub scopes: Vec<String>,
    /// When it ends by itself; null: never.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Answer of `POST /api/v1/keys`: the key itself is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyCreated {
    /// What is kept of it.
    #[serde(flatten)]
    pub view: KeyView,
    /// Send it as `Authorization: Bearer KEY`.
    pub key: String,
}

impl std::fmt::Debug for KeyCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCreated").field("view", &self.view).finish_non_exhaustive()
    }
}
