//! Signing in.

use serde::{Deserialize, Serialize};

use crate::{PersonId, UserId};

/// Body of `POST /api/v1/session`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignIn {
    /// The account's e-mail address.
    pub email: String,
    /// The account's password.
    pub password: String,
    /// The second factor, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Body of `PUT /api/v1/session/password`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    /// The password that stands now.
    pub current: String,
    /// 12 to 128 characters.
    pub new: String,
}

impl std::fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangePassword").finish_non_exhaustive()
    }
}

/// Body of `POST /api/v1/session/confirmation`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConfirmSession {
    /// The password once more.
    pub password: String,
    /// The second factor, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
}

impl std::fmt::Debug for ConfirmSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfirmSession").finish_non_exhaustive()
    }
}

/// Answer of `POST /api/v1/session/totp`: what an app that makes one-time passwords needs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpEnrolment {
    /// The secret in base 32, to type in.
    pub secret: String,
    /// The same as an address that apps open.
    pub otpauth_url: String,
    /// The address as a QR code: a PNG as a `data:` URL.
    pub qr: String,
}

impl std::fmt::Debug for TotpEnrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpEnrolment").finish_non_exhaustive()
    }
}

/// Body of `POST /api/v1/session/totp/confirmation`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    /// Six digits, from the app.
    pub code: String,
}

/// Answer of `POST /api/v1/session/totp/confirmation`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Each stands in for a code of the app once; only their hashes are kept.
    pub items: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryCodes").field("items", &self.items.len()).finish()
    }
}

/// Answer of `POST` and `GET /api/v1/session`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Who is signed in.
    pub user: UserView,
    /// Whether signing in takes a second factor.
    #[serde(default)]
    pub second_factor: bool,
    /// Whether one must be enrolled before anything else.
    #[serde(default)]
    pub second_factor_required: bool,
    /// The person whose record is their own; null where the account is tied to none.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// Whether the account has a password here. One without confirms itself at the provider that it signs in by.
    #[serde(default)]
    pub password: bool,
}

/// Answer of `GET /api/v1/session/oidc`: whether people may sign in by a provider of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OidcView {
    /// Whether one is configured.
    pub enabled: bool,
    /// What to write on the button.
    pub label: String,
}

/// Body of `POST /api/v1/session/oidc/second-factor`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OidcSecondFactor {
    /// A code of the app, or a recovery code.
    pub totp: String,
}

impl std::fmt::Debug for OidcSecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcSecondFactor").finish_non_exhaustive()
    }
}

/// Answer of `POST /api/v1/session/oidc/second-factor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OidcSignedIn {
    /// Path of the page to show now.
    pub return_to: String,
}

/// Why signing in by a provider came to nothing: `sign-in-error` in the address of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OidcRefusal {
    /// Not the browser that began, too late, or done already.
    Expired,
    /// The provider says that somebody, or it itself, refused.
    Denied,
    /// The provider does not answer, or not as one should.
    ProviderUnavailable,
    /// What the provider answered does not prove who it is.
    TokenRefused,
    /// No account is theirs yet, and the provider does not vouch for their e-mail address.
    EmailUnverified,
    /// Nobody here has their e-mail address.
    NoAccount,
    /// The account is disabled.
    AccountDisabled,
    /// The account belongs to somebody else at the provider.
    AccountTaken,
    /// To confirm a session, the provider must say that they have just now shown who they are.
    NotRecent,
    /// To confirm a session, somebody else signed in.
    OtherAccount,
    /// This server cannot at the moment.
    Unavailable,
}

impl OidcRefusal {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Expired,
        Self::Denied,
        Self::ProviderUnavailable,
        Self::TokenRefused,
        Self::EmailUnverified,
        Self::NoAccount,
        Self::AccountDisabled,
        Self::AccountTaken,
        Self::NotRecent,
        Self::OtherAccount,
        Self::Unavailable,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::TokenRefused => "token_refused",
            Self::EmailUnverified => "email_unverified",
            Self::NoAccount => "no_account",
            Self::AccountDisabled => "account_disabled",
            Self::AccountTaken => "account_taken",
            Self::NotRecent => "not_recent",
            Self::OtherAccount => "other_account",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserView {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Whether this admin is an owner, whom other admins cannot change or remove.
    #[serde(default)]
    pub owner: bool,
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything; what concerns owners takes an owner, who is an admin too.
    Admin,
    /// A manager or teacher: sees and marks the people of their own groups.
    Manager,
    /// Sees the live view, people and arrivals; voids a wrong arrival.
    Guard,
    /// Sees their own record and asks for corrections of it.
    Member,
}

impl Role {
    /// Every role, from the most to the least powerful.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Manager, Self::Guard, Self::Member];

    /// The name on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Guard => "guard",
            Self::Member => "member",
        }
    }
}
