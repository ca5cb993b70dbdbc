//! The first admin of an empty system, who is its owner, and users made on the command line.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::Role;
use uuid::Uuid;

use crate::domain::passwords;
use crate::error::ApiError;
use crate::models::audit::Actor;
use crate::models::users::User;
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
        insert(conn, EMAIL, hash, Role::Admin, true)
    })
}

/// Adds a user with a generated password, which is returned.
///
/// # Errors
/// When the address is no e-mail address or taken, or the database fails.
pub fn add_user(conn: &mut PgConnection, email: &str, role: Role) -> Result<String> {
    ensure!(email.contains('@') && email.len() <= 254, "{email:?} is not an e-mail address");
    let password = passwords::generate();
    let hash = passwords::hash_now(&password)?;
    conn.transaction(|conn| insert(conn, email, hash, role, false))?;
    Ok(password)
}

fn insert(
    conn: &mut PgConnection,
    email: &str,
    password_hash: String,
    role: Role,
    owner: bool,
) -> Result<(), ApiError> {
    let role = role.name();
    let user =
        User { id: Uuid::now_v7(), email: email.to_owned(), password_hash, role: role.to_owned(), owner };
    models::users::insert(conn, &user)?;
    models::audit::insert(
        conn,
        Actor::System,
        "user.created",
        ("user", Some(user.id)),
        json!({ "role": role, "owner": owner }),
    )?;
    Ok(())
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
