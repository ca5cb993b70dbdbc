//! Consents there were, and the texts that people agree to.

use std::collections::BTreeMap;

use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{ConsentRecord, ConsentText, NewConsentText, PersonId, UserId};

use crate::domain::names;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::scope::{self, Scope};

/// All consents of a person, oldest first.
///
/// # Errors
/// 404, also for a person outside the caller's scope.
pub fn history(conn: &mut PgConnection, scope: &Scope, id: PersonId) -> Result<Vec<ConsentRecord>, ApiError> {
    if !scope::sees_person(conn, scope, id.0)? {
        return Err(ApiError::NotFound("person"));
    }
    let rows = models::rights::consents_of(conn, id.0)?.into_iter();
    Ok(rows
        .map(|row| ConsentRecord {
            given_by: row.given_by,
            at: row.at,
            text_version: row.text_version,
            recorded_by: UserId(row.recorded_by),
            recorded_at: row.recorded_at,
            ended_at: row.ended_at,
            ended_by: row.ended_by.map(UserId),
            withdrawn: row.withdrawn,
        })
        .collect())
}

/// The versions of the text, newest first.
///
/// # Errors
/// When the database fails.
pub fn texts(conn: &mut PgConnection) -> Result<Vec<ConsentText>, ApiError> {
    let rows = models::rights::texts(conn)?.into_iter();
    Ok(rows.map(|(version, text, created_at)| ConsentText { version, text, created_at }).collect())
}

/// Adds a version of the text, which is the one that is asked for from now on.
///
/// # Errors
/// 422; 409 for a version that is there already.
pub fn put_text(
    conn: &mut PgConnection,
    by: UserId,
    request: NewConsentText,
) -> Result<Vec<ConsentText>, ApiError> {
    let version = names::tidy(&request.version);
    let text = request.text.trim().to_owned();
    let mut fields = BTreeMap::new();
    names::check(&mut fields, "version", &version, 50);
    if !(1..=20_000).contains(&text.chars().count()) || text.contains('\0') {
        fields.insert("text".to_owned(), "Give a text of 1 to 20000 characters.".to_owned());
    }
    if !fields.is_empty() {
        return Err(ApiError::Invalid(fields));
    }
    conn.transaction(|conn| {
        if !models::rights::insert_text(conn, &version, &text, by.0)? {
            return Err(ApiError::NameTaken("version"));
        }
        let detail = json!({ "version": version });
        models::audit::insert(conn, Actor::User(by.0), "consent_text.added", ("settings", None), detail)?;
        texts(conn)
    })
}
