//! Accounts: who may sign in, as what, and how they get in the first time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{FeedId, GroupId, PersonId, Role, UserId};

/// An account, as admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountView {
    /// Its id.
    pub id: UserId,
    /// The e-mail address to sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Whether this admin is an owner.
    pub owner: bool,
    /// The groups that a manager is in charge of.
    pub groups: Vec<GroupId>,
    /// The feeds that they may send frames to.
    pub feeds: Vec<FeedId>,
    /// The person who they are.
    pub person: Option<PersonId>,
    /// Whether they are kept from signing in.
    pub disabled: bool,
    /// Whether they have yet to set a password.
    pub invited: bool,
    /// Whether signing in takes a second factor.
    pub second_factor: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// Body of `POST /api/v1/users`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The e-mail address to sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Makes an admin an owner; takes an owner.
    #[serde(default)]
    pub owner: bool,
    /// The groups that a manager is in charge of.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// The feeds that they may send frames to.
    #[serde(default)]
    pub feeds: Vec<FeedId>,
    /// The person who they are.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// 12 to 128 characters; without one the answer has an invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl std::fmt::Debug for CreateUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateUser")
            .field("email", &self.email)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Body of `PATCH /api/v1/users/{id}`; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Another role ends their sessions.
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub owner: Option<bool>,
    /// All groups; those not named are left.
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupId>>,
    /// All feeds; those not named are left.
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub feeds: Option<Vec<FeedId>>,
    /// Null: nobody.
    #[serde(default, deserialize_with = "crate::people::present", skip_serializing_if = "Option::is_none")]
    pub person: Option<Option<PersonId>>,
    /// `true` ends their sessions and lets them sign in no more.
    #[serde(default, deserialize_with = "crate::people::not_null", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// Answer of `POST /api/v1/users`: the account, and the invitation this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserCreated {
    /// The account.
    #[serde(flatten)]
    pub account: AccountView,
    /// How they set their password, where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
}

/// A link that sets a password, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// What to send them. The token stands after the `#`, which browsers send to nobody.
    pub link: String,
    /// The token alone; only its hash is kept.
    pub token: String,
    /// Until when it holds.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Body of `POST /api/v1/invitations/acceptance`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The token of the link.
    pub token: String,
    /// 12 to 128 characters.
    pub password: String,
}

impl std::fmt::Debug for AcceptInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcceptInvitation").finish_non_exhaustive()
    }
}

/// Answer of `POST /api/v1/invitations/acceptance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationAccepted {
    /// The e-mail address to sign in with now.
    pub email: String,
}

/// A session: one browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenSession {
    /// What it is called here; it opens nothing.
    pub id: Uuid,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Address that it was opened from.
    pub address: Option<String>,
    /// The browser's name for itself.
    pub user_agent: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: DateTime<Utc>,
    /// When it ends in any case.
    pub expires_at: DateTime<Utc>,
}
