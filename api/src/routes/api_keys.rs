//! Keys of programs.

use actix_web::{HttpResponse, web};
use types::{CreateKey, KeyCreated, KeyView, Page};
use uuid::Uuid;

use crate::auth::{Admin, After, Fresh};
use crate::domain::api_keys;
use crate::error::ApiError;
use crate::state::App;

/// Lists the keys that were not revoked.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", responses((status = 200, body = Page<KeyView>)))]
pub async fn list_keys(app: web::Data<App>, _: Fresh<Admin>) -> Result<HttpResponse, ApiError> {
    let items = api_keys::list(&app).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Makes a key, which is shown this once.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = CreateKey, responses(
    (status = 201, body = KeyCreated), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_key(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), body): After<Fresh<Admin>, web::Json<CreateKey>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Created().json(api_keys::create(&app, admin.id, body.into_inner()).await?))
}

/// Revokes a key.
#[utoipa::path(delete, path = "/api/v1/keys/{key}", tag = "keys", params(("key" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Revoked"), (status = 404, body = types::ErrorBody)))]
pub async fn revoke_key(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), id): After<Fresh<Admin>, web::Path<Uuid>>,
) -> Result<HttpResponse, ApiError> {
    api_keys::revoke(&app, admin.id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
