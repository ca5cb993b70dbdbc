//! Sessions: signing in, being recognised, signing out.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use serde_json::json;
use sha2::{Digest, Sha256};
use types::{ConfirmSession, OpenSession, PersonId, Role, SessionView, SignIn, UserId, UserView};
use uuid::Uuid;

use crate::domain::throttle::Attempt;
use crate::domain::{credentials, first_admin, passwords, second_factor};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::scope::Scope;
use crate::models::sessions::{NewSession, Session};
use crate::models::users::User;
use crate::state::App;

/// A session that nobody used for this long has ended.
pub const IDLE: TimeDelta = TimeDelta::hours(12);
/// A session ends after this long in any case.
pub const ABSOLUTE: TimeDelta = TimeDelta::days(7);
/// How often use is noted.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

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

/// Whose records somebody of a role may see.
///
/// # Errors
/// 503.
pub fn scope(conn: &mut PgConnection, role: Role, user: Uuid) -> Result<Scope, ApiError> {
    Ok(match role {
        Role::Admin | Role::Guard => Scope::Everyone,
        Role::Manager => match models::scope::groups_of(conn, user)? {
            groups if groups.is_empty() => Scope::Nobody,
            groups => Scope::Groups(groups),
        },
        Role::Member => models::scope::person_of(conn, user)?.map_or(Scope::Nobody, Scope::Person),
    })
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

/// Checks the password, and the second factor where there is one, and starts a session; returns its token.
///
/// # Errors
/// 401 for a wrong password or code; 429 after ten failures of this account from this address in five minutes; 503
/// while the database is away.
pub async fn sign_in(app: &App, request: SignIn, from: SignInFrom) -> Result<(User, String), ApiError> {
    let attempt = Attempt::on(&request.email, from.address);
    let user = credentials::password(app, &attempt, request.password).await?;
    second_factor::check(app, &attempt, user.id, request.totp).await?;
    let (token, id_hash) = new_token();
    let id = user.id;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                attempt.succeeded(conn)?;
                if let Some(old) = &from.old_session {
                    models::sessions::delete(conn, old)?;
                }
                start(conn, id, id_hash, &from)
            })
        })
        .await?;
    Ok((user, token))
}

/// Starts a session.
///
/// # Errors
/// When the database fails.
pub fn start(
    conn: &mut PgConnection,
    user: Uuid,
    id_hash: Vec<u8>,
    from: &SignInFrom,
) -> Result<(), ApiError> {
    let session = NewSession {
        id_hash,
        user_id: user,
        expires_at: Utc::now() + ABSOLUTE,
        address: Some(from.address.into()),
        user_agent: from.user_agent.as_ref().map(|text| text.chars().take(200).collect()),
    };
    models::sessions::insert(conn, &session)?;
    models::audit::insert(conn, Actor::User(user), "session.started", ("user", Some(user)), json!({}))?;
    Ok(())
}

/// Whose session this is.
///
/// # Errors
/// 401 when it has ended, 503 while the database is away.
pub fn find(conn: &mut PgConnection, id_hash: &[u8]) -> Result<(User, Session), ApiError> {
    let now = Utc::now();
    let found = models::sessions::find_user(conn, id_hash, now - IDLE)?;
    let (user, session) = found.ok_or(ApiError::Unauthenticated)?;
    if now - session.last_seen_at > NOTED_EVERY {
        models::sessions::touch(conn, id_hash)?;
    }
    Ok((user, session))
}

/// What somebody signed in is told about themselves.
///
/// # Errors
/// 503.
pub async fn session_view(app: &App, user: UserView) -> Result<SessionView, ApiError> {
    app.db
        .run(move |conn| {
            let second_factor = second_factor::stands(conn, user.id.0)?;
            let second_factor_required =
                user.role == Role::Admin && second_factor::must_enrol(conn, user.id.0)?;
            let person = models::scope::person_of(conn, user.id.0)?.map(PersonId);
            let password = models::users::find(conn, user.id.0)?.password_hash.is_some();
            Ok(SessionView { user, second_factor, second_factor_required, person, password })
        })
        .await
}

/// Takes the password, and the second factor where there is one, once more.
///
/// # Errors
/// 422 that names the field that is wrong; 429.
pub async fn confirm(
    app: &App,
    (user, email): (UserId, &str),
    session: Uuid,
    request: ConfirmSession,
    address: IpAddr,
) -> Result<(), ApiError> {
    prove(app, (user, email), request, address).await?;
    app.db.run(move |conn| Ok(models::sessions::confirm(conn, session)?)).await
}

/// Gives up one's own second factor.
///
/// # Errors
/// 404 where there is none; 422 that names the field that is wrong; 429.
pub async fn remove_second_factor(
    app: &App,
    (user, email): (UserId, &str),
    request: ConfirmSession,
    address: IpAddr,
) -> Result<(), ApiError> {
    prove(app, (user, email), request, address).await?;
    app.db.run(move |conn| conn.transaction(|conn| second_factor::remove(conn, user.0, user.0))).await
}

async fn prove(
    app: &App,
    (user, email): (UserId, &str),
    request: ConfirmSession,
    address: IpAddr,
) -> Result<(), ApiError> {
    let attempt = Attempt::on(email, address);
    credentials::password_of(app, &attempt, request.password, "password").await?;
    match second_factor::check(app, &attempt, user.0, request.totp).await {
        Err(error @ (ApiError::TotpRequired | ApiError::TotpWrong)) => {
            return Err(ApiError::invalid("totp", error.to_string()));
        }
        checked => checked?,
    }
    app.db.run(move |conn| attempt.succeeded(conn)).await
}

/// Replaces the password of somebody signed in, ends all their other sessions and renews this one; returns its
/// new token.
///
/// # Errors
/// 422 when the current password is wrong or the new one may not be used; 429.
pub async fn change_password(
    app: &App,
    (user, email): (UserId, &str),
    change: types::ChangePassword,
    from: SignInFrom,
) -> Result<String, ApiError> {
    passwords::check_new("new", &change.new)?;
    let attempt = Attempt::on(email, from.address);
    credentials::password_of(app, &attempt, change.current, "current").await?;
    let hash = passwords::hash(change.new).await?;
    let (token, id_hash) = new_token();
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                attempt.succeeded(conn)?;
                models::users::update_password(conn, user.0, &hash)?;
                models::sessions::delete_of_user(conn, user.0)?;
                models::invitations::delete_of_user(conn, user.0)?;
                start(conn, user.0, id_hash, &from)?;
                let (actor, subject) = (Actor::User(user.0), ("user", Some(user.0)));
                Ok(models::audit::insert(conn, actor, "user.password_changed", subject, json!({}))?)
            })
        })
        .await?;
    first_admin::forget(&app.data, email);
    Ok(token)
}

/// The sessions of a user that stand; `current` is the one that asks, where it is theirs.
///
/// # Errors
/// When the database fails.
pub fn list(
    conn: &mut PgConnection,
    user: UserId,
    current: Option<Uuid>,
) -> Result<Vec<OpenSession>, ApiError> {
    let rows = models::sessions::of_user(conn, user.0, Utc::now() - IDLE)?;
    let view = |row: Session| OpenSession {
        id: row.id,
        current: Some(row.id) == current,
        address: row.address.map(|network| network.ip().to_string()),
        user_agent: row.user_agent,
        created_at: row.created_at,
        last_used_at: row.last_seen_at,
        expires_at: row.expires_at.min(row.last_seen_at + IDLE),
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Ends one session of a user.
///
/// # Errors
/// 404 where there is none.
pub fn end(conn: &mut PgConnection, by: UserId, user: UserId, session: Uuid) -> Result<(), ApiError> {
    conn.transaction(|conn| {
        if !models::sessions::delete_one(conn, user.0, session)? {
            return Err(ApiError::NotFound("session"));
        }
        audit_end(conn, by, user, json!({ "session": session }))
    })
}

/// Ends all sessions of a user but `kept`.
///
/// # Errors
/// When the database fails.
pub fn end_others(
    conn: &mut PgConnection,
    by: UserId,
    user: UserId,
    kept: Option<Uuid>,
) -> Result<(), ApiError> {
    conn.transaction(|conn| {
        let ended = models::sessions::delete_others(conn, user.0, kept.unwrap_or_default())?;
        audit_end(conn, by, user, json!({ "sessions": ended }))
    })
}

fn audit_end(
    conn: &mut PgConnection,
    by: UserId,
    user: UserId,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    let (actor, subject) = (Actor::User(by.0), ("user", Some(user.0)));
    Ok(models::audit::insert(conn, actor, "session.ended", subject, detail)?)
}

/// Removes what has ended.
///
/// # Errors
/// When the database fails.
pub fn purge(conn: &mut PgConnection) -> Result<(), ApiError> {
    models::invitations::purge(conn)?;
    models::oidc::purge(conn)?;
    Ok(models::sessions::purge(conn, Utc::now() - TimeDelta::days(1))?)
}
