//! Sessions: signing in, being recognised, signing out.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use ipnetwork::IpNetwork;
use serde_json::json;
use sha2::{Digest, Sha256};
use types::{Role, SignIn, UserId, UserView};
use uuid::Uuid;

use crate::db::Db;
use crate::domain::passwords;
use crate::error::ApiError;
use crate::models::audit::Actor;
use crate::models::sessions::NewSession;
use crate::models::users::User;
use crate::models::{self};

/// A session that nobody used for this long has ended.
pub const IDLE: TimeDelta = TimeDelta::hours(12);
/// A session ends after this long in any case.
pub const ABSOLUTE: TimeDelta = TimeDelta::days(7);
/// How often use is noted.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);
const FAILURES: i64 = 10;
const FAILURES_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// A random token, and the hash to store it as.
pub fn new_token() -> (String, Vec<u8>) {
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let hash = token_hash(&token);
    (token, hash)
}

/// How tokens are stored. They are 256 random bits, so a plain hash cannot be searched; looking one up by its
/// hash compares nothing secret byte by byte.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The role of a name; one that nobody knows may do the least.
pub fn role(text: &str) -> Role {
    Role::ALL.into_iter().find(|role| role.name() == text).unwrap_or(Role::Member)
}

/// A user as clients see them.
pub fn view(user: &User) -> UserView {
    UserView { id: UserId(user.id), email: user.email.clone(), role: role(&user.role), owner: user.owner }
}

/// From where and with what somebody signs in.
#[derive(Debug, Clone)]
pub struct SignInFrom {
    /// Client address.
    pub address: IpAddr,
    /// The browser's name for itself.
    pub user_agent: Option<String>,
    /// The session that the browser had; it ends.
    pub old_session: Option<Vec<u8>>,
}

/// Checks the password and starts a session; returns its token.
///
/// # Errors
/// 401 for a wrong password; 429 after ten failures of this account from this address in five minutes; 503
/// while the database is away.
pub async fn sign_in(db: &Db, request: SignIn, from: SignInFrom) -> Result<(UserView, String), ApiError> {
    let account: String =
        request.email.trim().to_lowercase().chars().filter(|c| !c.is_control()).take(254).collect();
    let address = IpNetwork::from(from.address);
    let lookup = account.clone();
    let user = db
        .run(move |conn| {
            let since = Utc::now() - FAILURES_WITHIN;
            let (failures, oldest) = models::sessions::failures(conn, &lookup, address, since)?;
            if failures >= FAILURES {
                return Err(throttled(oldest));
            }
            Ok(models::users::find_by_email(conn, &lookup)?)
        })
        .await?;
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let right = passwords::verify(request.password, stored).await?;
    let Some(user) = user.filter(|_| right) else {
        db.run(move |conn| {
            models::sessions::insert_failure(conn, &account, address)?;
            Ok(models::audit::insert(conn, Actor::System, "session.refused", ("user", None), json!({}))?)
        })
        .await?;
        return Err(ApiError::WrongCredentials);
    };
    let (token, id_hash) = new_token();
    let signed_in = view(&user);
    db.run(move |conn| {
        conn.transaction(|conn| {
            models::sessions::delete_failures(conn, &account, address)?;
            if let Some(old) = &from.old_session {
                models::sessions::delete(conn, old)?;
            }
            start(conn, user.id, id_hash, address, from.user_agent)
        })
    })
    .await?;
    Ok((signed_in, token))
}

fn start(
    conn: &mut PgConnection,
    user: Uuid,
    id_hash: Vec<u8>,
    address: IpNetwork,
    user_agent: Option<String>,
) -> Result<(), ApiError> {
    let user_agent = user_agent.map(|text| text.chars().take(200).collect());
    let session = NewSession {
        id_hash,
        user_id: user,
        expires_at: Utc::now() + ABSOLUTE,
        address: Some(address),
        user_agent,
    };
    models::sessions::insert(conn, &session)?;
    models::audit::insert(conn, Actor::User(user), "session.started", ("user", Some(user)), json!({}))?;
    Ok(())
}

fn throttled(oldest: Option<DateTime<Utc>>) -> ApiError {
    let frees = oldest.map_or(FAILURES_WITHIN, |oldest| oldest + FAILURES_WITHIN - Utc::now());
    ApiError::TooManyRequests {
        message: "Too many failed sign-ins for this account from here. Wait a few minutes and try again.",
        retry_after_s: u64::try_from(frees.num_seconds()).unwrap_or(0).max(1),
    }
}

/// Whose session this is.
///
/// # Errors
/// 401 when it has ended, 503 while the database is away.
pub fn find(conn: &mut PgConnection, id_hash: &[u8]) -> Result<User, ApiError> {
    let now = Utc::now();
    let found = models::sessions::find_user(conn, id_hash, now - IDLE)?;
    let (user, last_seen) = found.ok_or(ApiError::Unauthenticated)?;
    if now - last_seen > NOTED_EVERY {
        models::sessions::touch(conn, id_hash)?;
    }
    Ok(user)
}

/// Replaces the password of somebody signed in, ends all their other sessions and renews this one; returns its
/// new token.
///
/// # Errors
/// 422 when the current password is wrong or the new one may not be used.
pub async fn change_password(
    db: &Db,
    user: UserId,
    change: types::ChangePassword,
    from: SignInFrom,
) -> Result<String, ApiError> {
    passwords::check_new("new", &change.new)?;
    let stored = db.run(move |conn| Ok(models::users::find(conn, user.0)?.password_hash)).await?;
    if !passwords::verify(change.current, Some(stored)).await? {
        return Err(ApiError::invalid("current", "This is not your current password."));
    }
    let hash = passwords::hash(change.new).await?;
    let (token, id_hash) = new_token();
    db.run(move |conn| {
        conn.transaction(|conn| {
            models::users::update_password(conn, user.0, &hash)?;
            models::sessions::delete_of_user(conn, user.0)?;
            start(conn, user.0, id_hash, from.address.into(), from.user_agent)?;
            let subject = ("user", Some(user.0));
            Ok(models::audit::insert(conn, Actor::User(user.0), "user.password_changed", subject, json!({}))?)
        })
    })
    .await?;
    Ok(token)
}

/// Removes what has ended.
///
/// # Errors
/// When the database fails.
pub fn purge(conn: &mut PgConnection) -> Result<(), ApiError> {
    Ok(models::sessions::purge(conn, Utc::now() - TimeDelta::days(1))?)
}
