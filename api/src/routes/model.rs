//! Model packs: the one in use, what it risks, and changing it.

use actix_web::{HttpResponse, web};
use types::{MatchingRisk, PackStatus, PackView, Page};

use crate::auth::{Admin, After, Viewer};
use crate::domain::{packs, risk};
use crate::error::ApiError;
use crate::state::App;

/// Shows the model pack in use: licences, sources, measured accuracy.
#[utoipa::path(get, path = "/api/v1/model", tag = "model", responses(
    (status = 200, body = PackView), (status = 503, body = types::ErrorBody)))]
pub async fn get_model(app: web::Data<App>, _: Viewer) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(&*app.pack_in_use().await?))
}

/// Bounds how many strangers a day get a name by chance.
#[utoipa::path(get, path = "/api/v1/model/risk", tag = "model", responses(
    (status = 200, body = MatchingRisk), (status = 503, body = types::ErrorBody)))]
pub async fn get_risk(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(risk::matching_risk(&app).await?))
}

/// Lists the packs that the recognizer offers or that templates are kept of.
#[utoipa::path(get, path = "/api/v1/model/packs", tag = "model", responses(
    (status = 200, body = Page<PackStatus>), (status = 503, body = types::ErrorBody)))]
pub async fn list_packs(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(Page { items: packs::list(&app).await?, next: None, total: None }))
}

/// Has templates made for a pack in the background; goes on where it was, and tries failed photos again.
#[utoipa::path(post, path = "/api/v1/model/packs/{pack}/preparation", tag = "model",
    params(("pack" = String, Path,)), responses(
    (status = 202, body = PackStatus), (status = 404, body = types::ErrorBody),
    (status = 503, body = types::ErrorBody)))]
pub async fn prepare_pack(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<String>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Accepted().json(packs::prepare(&app, admin.0.id, id.into_inner()).await?))
}

/// Forgets a pack's templates.
#[utoipa::path(delete, path = "/api/v1/model/packs/{pack}/preparation", tag = "model",
    params(("pack" = String, Path,)), responses(
    (status = 204, description = "Forgotten"), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody)))]
pub async fn forget_pack(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<String>>,
) -> Result<HttpResponse, ApiError> {
    packs::forget(&app, admin.0.id, id.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a pack into use, all at once; taking the one before into use again undoes it.
#[utoipa::path(post, path = "/api/v1/model/packs/{pack}/activation", tag = "model",
    params(("pack" = String, Path,)), responses(
    (status = 200, body = PackStatus), (status = 409, body = types::ErrorBody),
    (status = 503, body = types::ErrorBody)))]
pub async fn activate_pack(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<String>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(packs::activate(&app, admin.0.id, id.into_inner()).await?))
}
