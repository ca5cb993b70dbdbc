//! The first admin of an empty system, who is its owner, and what the command line does with users.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use diesel::{Connection, PgConnection};
use serde_json::{Value, json};
use types::{Invitation, Role};
use uuid::Uuid;

use crate::domain::{credentials, invitations, passwords};
use crate::error::ApiError;
use crate::models::audit::Actor;
use crate::models::users::NewUser;
use crate::models::{self};

const EMAIL: &str = "admin@attendance.local";

/// Makes the first admin where there is no user yet and writes `first-admin.json` (mode 0600) into `folder`.
/// The file comes before the row: a crash in between leaves a file that the next start replaces, never an
/// account whose password nobody knows.
///
/// # Errors
/// When the database fails or the file cannot be written.
pub fn ensure(conn: &mut PgConnection, folder: &Path) -> Result<(), ApiError> {
    if models::users::count(conn)? > 0 {
        return Ok(());
    }
    let password = passwords::generate();
    let hash = passwords::hash_now(&password)?;
    conn.transaction(|conn| {
        models::users::lock(conn)?;
        if models::users::count(conn)? > 0 {
            return Ok(());
        }
        write_private(
            &folder.join("first-admin.json"),
            &json!({ "email": EMAIL, "password": password }).to_string(),
        )?;
        insert(conn, EMAIL, Some(hash), Role::Admin, true).map(drop)
    })
}

/// Takes the password out of `first-admin.json` once it is not that account's any more.
pub fn forget(folder: &Path, email: &str) {
    let path = folder.join("first-admin.json");
    let stands =
        std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if stands.is_some_and(|stands| stands["email"] == email && stands.get("password").is_some())
        && let Err(error) = write_private(&path, &json!({ "email": email }).to_string())
    {
        tracing::warn!(error.cause = %error, path = %path.display(), "the first admin's old password stays in the file");
    }
}

/// Adds a user with a generated password, which is returned.
///
/// # Errors
/// When the address is no e-mail address or taken, or the database fails.
pub fn add_user(conn: &mut PgConnection, email: &str, role: Role) -> Result<String> {
    let email = credentials::email(email)?;
    let password = passwords::generate();
    let hash = passwords::hash_now(&password)?;
    conn.transaction(|conn| insert(conn, &email, Some(hash), role, false))?;
    Ok(password)
}

/// Adds an admin without a password; returns a link to set it with.
///
/// # Errors
/// When the address is no e-mail address or taken, or the database fails.
pub fn create_admin(conn: &mut PgConnection, email: &str, owner: bool, origin: &str) -> Result<Invitation> {
    let email = credentials::email(email)?;
    Ok(conn.transaction(|conn| {
        let user = insert(conn, &email, None, Role::Admin, owner)?;
        link(conn, user, origin)
    })?)
}

/// Gives an admin a link to set a new password with, and takes their second factor away where that is lost too.
///
/// # Errors
/// When there is no such admin, or the database fails.
pub fn reset_admin(
    conn: &mut PgConnection,
    email: &str,
    without_second_factor: bool,
    origin: &str,
) -> Result<Invitation> {
    let user = models::users::find_by_email(conn, email.trim())?
        .filter(|user| user.role == Role::Admin.name() && user.disabled_at.is_none())
        .with_context(|| format!("there is no admin {email:?} who may sign in"))?;
    Ok(conn.transaction(|conn| {
        if without_second_factor && models::second_factors::delete(conn, user.id)? {
            let subject = ("user", Some(user.id));
            models::audit::insert(conn, Actor::System, "second_factor.removed", subject, json!({}))?;
        }
        link(conn, user.id, origin)
    })?)
}

fn link(conn: &mut PgConnection, user: Uuid, origin: &str) -> Result<Invitation, ApiError> {
    let link = invitations::invite(conn, user, None, invitations::FROM_CONSOLE, origin)?;
    let detail = json!({ "expires_at": link.expires_at });
    models::audit::insert(conn, Actor::System, "user.reset_offered", ("user", Some(user)), detail)?;
    Ok(link)
}

fn insert(
    conn: &mut PgConnection,
    email: &str,
    password_hash: Option<String>,
    role: Role,
    owner: bool,
) -> Result<Uuid, ApiError> {
    let user = NewUser {
        id: Uuid::now_v7(),
        email: email.to_owned(),
        password_hash,
        role: role.name().to_owned(),
        owner,
        person_id: None,
    };
    models::users::insert(conn, &user)?;
    let (subject, detail) = (("user", Some(user.id)), json!({ "role": role, "owner": owner }));
    models::audit::insert(conn, Actor::System, "user.created", subject, detail)?;
    Ok(user.id)
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let fresh = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(|| format!("{} cannot be written", fresh.display()))?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(&fresh, path).with_context(|| format!("{} cannot be put in place", path.display()))
}
