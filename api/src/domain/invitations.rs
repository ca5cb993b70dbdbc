//! Links that set a password, once: for somebody new, or in place of a lost password.
//!
//! The token stands in the link's fragment, which no server sees; it comes back in a body. Only its hash is kept.

use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{AcceptInvitation, Invitation, InvitationAccepted};
use uuid::Uuid;

use crate::domain::passwords;
use crate::domain::sessions::{new_token, token_hash};
use crate::domain::throttle::Attempt;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::invitations::NewInvitation;
use crate::state::App;

/// How long somebody new has.
pub const TO_JOIN: TimeDelta = TimeDelta::days(7);
/// How long a lost password can be replaced.
pub const TO_RESET: TimeDelta = TimeDelta::days(1);
/// How long a link from the command line holds.
pub const FROM_CONSOLE: TimeDelta = TimeDelta::minutes(15);

/// Gives a user a link, which replaces an earlier one. Call it in the transaction that writes the audit row.
///
/// # Errors
/// When the database fails.
pub fn invite(
    conn: &mut PgConnection,
    user: Uuid,
    by: Option<Uuid>,
    holds: TimeDelta,
    origin: &str,
) -> Result<Invitation, ApiError> {
    let (token, token_hash) = new_token();
    let now = Utc::now();
    let row =
        NewInvitation { user_id: user, token_hash, created_by: by, created_at: now, expires_at: now + holds };
    models::invitations::put(conn, &row)?;
    Ok(Invitation { link: format!("{origin}/invitation#{token}"), token, expires_at: row.expires_at })
}

/// Sets the password of whoever was invited; all their sessions end.
///
/// Failures are counted by address alone, and a right token is never held up: it is 256 random bits, and wrong
/// ones must not keep everybody else behind the same address out.
///
/// # Errors
/// 404 for a token that was used, replaced or has expired; 422 for the password; 429 after ten wrong ones.
pub async fn accept(
    app: &App,
    request: AcceptInvitation,
    address: IpAddr,
) -> Result<InvitationAccepted, ApiError> {
    let hash = token_hash(request.token.trim());
    let (attempt, looked_up) = (Attempt::on("invitation", address), hash.clone());
    app.db
        .run(move |conn| {
            if models::invitations::find(conn, &looked_up)?.is_some() {
                return Ok(());
            }
            attempt.check(conn)?;
            attempt.failed(conn, "invitation.refused", None)?;
            Err(unknown())
        })
        .await?;
    passwords::check_new("password", &request.password)?;
    let password_hash = passwords::hash(request.password).await?;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let user = models::invitations::take(conn, &hash)?.ok_or_else(unknown)?;
                let user = models::users::find_for_update(conn, user)?;
                if user.disabled_at.is_some() {
                    return Err(unknown());
                }
                models::users::update_password(conn, user.id, &password_hash)?;
                models::sessions::delete_of_user(conn, user.id)?;
                let action = if user.password_hash.is_none() { "user.joined" } else { "user.password_reset" };
                let subject = ("user", Some(user.id));
                models::audit::insert(conn, Actor::User(user.id), action, subject, json!({}))?;
                Ok(InvitationAccepted { email: user.email })
            })
        })
        .await
}

fn unknown() -> ApiError {
    ApiError::NotFound("invitation: it was used, replaced, or has expired. Ask an admin for another one")
}
