//! PINs and badges of people.

use actix_web::{HttpResponse, http::header, web};
use types::{BadgeCreated, CheckInMeans, PersonId, SetPin};
use uuid::Uuid;

use crate::auth::{After, Manager, Reader};
use crate::domain::check_in_means::{self, badges, pins};
use crate::domain::people::check_sight;
use crate::error::ApiError;
use crate::state::App;

/// Says how a person may come in without a face; a member sees their own.
#[utoipa::path(get, path = "/api/v1/people/{person}/check-in-means", tag = "people",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = CheckInMeans), (status = 404, body = types::ErrorBody)))]
pub async fn get_check_in_means(
    app: web::Data<App>,
    After(Reader(user), id): After<Reader, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    let means = app.db.run(move |conn| {
        check_sight(conn, &user.scope, *id)?;
        check_in_means::of_person(conn, *id)
    });
    Ok(HttpResponse::Ok().json(means.await?))
}

/// Sets a person's PIN, in place of one before; a member sets their own.
#[utoipa::path(put, path = "/api/v1/people/{person}/pin", tag = "people", request_body = SetPin,
    params(("person" = uuid::Uuid, Path,)), responses((status = 200, body = CheckInMeans),
    (status = 404, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn set_pin(
    app: web::Data<App>,
    After(Reader(user), (id, body)): After<Reader, (web::Path<PersonId>, web::Json<SetPin>)>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(pins::set(&app, (user.id, user.scope), *id, &body.pin).await?))
}

/// Takes a person's PIN away; a member their own.
#[utoipa::path(delete, path = "/api/v1/people/{person}/pin", tag = "people",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_pin(
    app: web::Data<App>,
    After(Reader(user), id): After<Reader, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    pins::remove(&app, (user.id, user.scope), *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a badge for a person; its text is told this once.
#[utoipa::path(post, path = "/api/v1/people/{person}/badges", tag = "people",
    params(("person" = uuid::Uuid, Path,)), responses((status = 201, body = BadgeCreated),
    (status = 404, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn create_badge(
    app: web::Data<App>,
    After(Manager(user), id): After<Manager, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    let badge = badges::create(&app, (user.id, user.scope), *id).await?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(badge))
}

/// Revokes a badge: it opens nothing from now on.
#[utoipa::path(delete, path = "/api/v1/people/{person}/badges/{badge}", tag = "people",
    params(("person" = uuid::Uuid, Path,), ("badge" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Revoked"), (status = 404, body = types::ErrorBody)))]
pub async fn revoke_badge(
    app: web::Data<App>,
    After(Manager(user), ids): After<Manager, web::Path<(PersonId, Uuid)>>,
) -> Result<HttpResponse, ApiError> {
    badges::revoke(&app, (user.id, user.scope), ids.0, ids.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
