//! Stored photos: reading and deleting them.

use bytes::Bytes;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{PersonId, PhotoId, PhotoView, UserId};

use crate::domain::master_key::wrapped;
use crate::domain::people::{check_sight, photo_view};
use crate::error::ApiError;
use crate::keys::Sealed;
use crate::models;
use crate::models::audit::Actor;
use crate::models::scope::Scope;
use crate::state::App;

/// The photos of a person, oldest first.
///
/// # Errors
/// 404 when there is no such person whom the caller may see.
pub async fn list(app: &App, scope: Scope, person: PersonId) -> Result<Vec<PhotoView>, ApiError> {
    app.db
        .run(move |conn| {
            check_sight(conn, &scope, person)?;
            Ok(models::biometrics::photos_of(conn, &[person.0])?.into_iter().map(photo_view).collect())
        })
        .await
}

/// A photo as a JPEG.
///
/// # Errors
/// 404; 503 when storage is away; 500 when it does not open with the person's key.
pub async fn read(app: &App, scope: Scope, person: PersonId, photo: PhotoId) -> Result<Bytes, ApiError> {
    let find_key = move |conn: &mut PgConnection| {
        check_sight(conn, &scope, person)?;
        Ok(models::biometrics::key(conn, person.0)?)
    };
    let key = app.db.run(find_key).await?;
    let key = app.keys.unwrap(person, &wrapped(key.ok_or(ApiError::NotFound("photo"))?))?;
    let sealed = app.photos.get(person, photo).await?;
    Ok(key.open(Sealed::Photo(photo), &sealed)?.into())
}

/// Deletes a photo and what was learnt from it.
///
/// # Errors
/// 404.
pub async fn delete(app: &App, by: UserId, person: PersonId, photo: PhotoId) -> Result<(), ApiError> {
    let task = app.clone();
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                if !models::biometrics::delete_photo(conn, person.0, photo.0)? {
                    return Err(ApiError::NotFound("photo"));
                }
                models::gallery::touch(conn, &[person.0])?;
                let (subject, detail) = (("person", Some(person.0)), json!({ "photo": photo }));
                Ok(models::audit::insert(conn, Actor::User(by.0), "photo.deleted", subject, detail)?)
            })?;
            task.follow_own_change(conn);
            Ok(())
        })
        .await?;
    if let Err(error) = app.photos.delete(person, photo).await {
        tracing::warn!(photo.id = %photo, error.cause = %error, "a sealed photo without a row is left over");
    }
    Ok(())
}
