//! Whose account it is that somebody of a provider signs in to.

use diesel::PgConnection;
use serde_json::json;
use types::OidcRefusal;
use uuid::Uuid;

use super::Identity;
use crate::domain::credentials;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::users::{NewUser, User};

/// The account of an identity, bound to it from now on; made where there is none, `create` is set and their claims give
/// a role. Call it in a transaction.
///
/// # Errors
/// [`ApiError::OidcRefused`].
pub fn of(conn: &mut PgConnection, identity: &Identity, create: bool) -> Result<User, ApiError> {
    if let Some(user) = models::oidc::find_user(conn, &identity.issuer, &identity.subject)? {
        return active(models::users::find_for_update(conn, user)?);
    }
    let refuse = |why| Err(ApiError::OidcRefused(why));
    let Some(email) = &identity.email else { return refuse(OidcRefusal::EmailUnverified) };
    let user = match models::users::find_by_email(conn, email.trim())? {
        Some(user) => active(models::users::find_for_update(conn, user.id)?)?,
        None => match identity.role.filter(|_| create) {
            Some(role) => make(conn, email, role.name())?,
            None => return refuse(OidcRefusal::NoAccount),
        },
    };
    if !models::oidc::bind(conn, &identity.issuer, &identity.subject, user.id)? {
        return refuse(OidcRefusal::AccountTaken);
    }
    // They are in: a link that sets a password would be a second way, for whoever has it.
    models::invitations::delete_of_user(conn, user.id)?;
    let detail = json!({ "issuer": identity.issuer });
    models::audit::insert(conn, Actor::User(user.id), "user.oidc_bound", ("user", Some(user.id)), detail)?;
    Ok(user)
}

fn active(user: User) -> Result<User, ApiError> {
    match user.disabled_at {
        Some(_) => Err(ApiError::OidcRefused(OidcRefusal::AccountDisabled)),
        None => Ok(user),
    }
}

fn make(conn: &mut PgConnection, email: &str, role: &str) -> Result<User, ApiError> {
    let email = credentials::email(email).map_err(|_| ApiError::OidcRefused(OidcRefusal::NoAccount))?;
    let new = NewUser {
        id: Uuid::now_v7(),
        email,
        password_hash: None,
        role: role.to_owned(),
        owner: false,
        person_id: None,
    };
    let user = models::users::insert(conn, &new)?;
    let detail = json!({ "role": user.role, "owner": user.owner, "oidc": true });
    models::audit::insert(conn, Actor::System, "user.created", ("user", Some(user.id)), detail)?;
    Ok(user)
}
