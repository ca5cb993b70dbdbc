//! Photos of people.

use actix_multipart::Multipart;
use actix_web::{HttpResponse, http::header, web};
use serde::Serialize;
use types::{Page, PersonId, PhotoId, PhotoView};

use crate::auth::{Admin, After, CurrentUser};
use crate::domain::{enrolment, people, photos};
use crate::error::ApiError;
use crate::routes::people::Override;
use crate::routes::uploads;
use crate::state::App;

/// Lists a person's photos.
#[utoipa::path(get, path = "/api/v1/people/{person}/photos", tag = "people",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = Page<PhotoView>), (status = 404, body = types::ErrorBody)))]
pub async fn list_photos(
    app: web::Data<App>,
    After(user, id): After<CurrentUser, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    let items = photos::list(&app, user.scope, *id).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Adds photos to a person.
#[utoipa::path(post, path = "/api/v1/people/{person}/photos", tag = "people",
    params(("person" = uuid::Uuid, Path,), Override),
    request_body(content = PhotosForm, content_type = "multipart/form-data"), responses(
    (status = 201, body = Page<PhotoView>), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn add_photos(
    app: web::Data<App>,
    After(admin, (id, query, form)): After<Admin, (web::Path<PersonId>, web::Query<Override>, Multipart)>,
) -> Result<HttpResponse, ApiError> {
    query.check(&admin.0)?;
    let form = uploads::read(form).await?;
    let items = people::add_photos(&app, admin.0.id, *id, form.photos, query.knowingly()).await?;
    Ok(HttpResponse::Created().json(Page { items, next: None, total: None }))
}

/// One or more photos.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct PhotosForm {
    /// Up to ten images.
    #[schema(value_type = Vec<String>, format = Binary)]
    photo: Vec<Vec<u8>>,
}

/// Shows a photo.
#[utoipa::path(get, path = "/api/v1/people/{person}/photos/{photo}", tag = "people",
    params(("person" = uuid::Uuid, Path,), ("photo" = uuid::Uuid, Path,)), responses(
    (status = 200, content_type = "image/jpeg"), (status = 404, body = types::ErrorBody)))]
pub async fn get_photo(
    app: web::Data<App>,
    After(user, ids): After<CurrentUser, web::Path<(PersonId, PhotoId)>>,
) -> Result<HttpResponse, ApiError> {
    let jpeg = photos::read(&app, user.scope, ids.0, ids.1).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/jpeg")).body(jpeg))
}

/// Deletes a photo.
#[utoipa::path(delete, path = "/api/v1/people/{person}/photos/{photo}", tag = "people",
    params(("person" = uuid::Uuid, Path,), ("photo" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_photo(
    app: web::Data<App>,
    After(admin, ids): After<Admin, web::Path<(PersonId, PhotoId)>>,
) -> Result<HttpResponse, ApiError> {
    photos::delete(&app, admin.0.id, ids.0, ids.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether a photo could be enrolled.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhotoCheck {
    /// It can be, together with the others.
    ok: bool,
    /// What is wrong and what to do; of a picture that was sent twice, which other it is.
    message: Option<String>,
    /// How good a portrait it is, 0 to 1, for choosing the best of a burst; null for one that is refused by itself.
    score: Option<f32>,
}

/// Judges photos, each by itself and beside the others, without storing anything.
#[utoipa::path(post, path = "/api/v1/photo-checks", tag = "people",
    request_body(content = PhotosForm, content_type = "multipart/form-data"), responses(
    (status = 200, body = Page<PhotoCheck>), (status = 413, body = types::ErrorBody),
    (status = 503, body = types::ErrorBody)))]
pub async fn check_photos(
    app: web::Data<App>,
    After(_, form): After<Admin, Multipart>,
) -> Result<HttpResponse, ApiError> {
    let form = uploads::read(form).await?;
    let checked = enrolment::check(&app, &form.photos).await?;
    let view = |enrolment::Checked { ok, message, score }| PhotoCheck { ok, message, score };
    let items: Vec<PhotoCheck> = checked.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}
