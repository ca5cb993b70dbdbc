//! Feeds.

use actix_web::{HttpResponse, web};
use types::{CreateFeed, FeedCreated, FeedId, FeedView, Page, Role, UpdateFeed};

use crate::auth::{Admin, After, Viewer};
use crate::domain::feeds;
use crate::error::ApiError;
use crate::state::App;

/// Lists the feeds that the caller may see.
#[utoipa::path(get, path = "/api/v1/feeds", tag = "feeds", responses((status = 200, body = Page<FeedView>)))]
pub async fn list_feeds(app: web::Data<App>, Viewer(user): Viewer) -> Result<HttpResponse, ApiError> {
    let addresses = user.role == Role::Admin;
    let items = feeds::list(&app, user.scope, addresses).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Adds a feed; its token is shown this once.
#[utoipa::path(post, path = "/api/v1/feeds", tag = "feeds", request_body = CreateFeed, responses(
    (status = 201, body = FeedCreated), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_feed(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<CreateFeed>>,
) -> Result<HttpResponse, ApiError> {
    let created = feeds::create(&app, admin.0.id, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(created))
}

/// Shows a feed.
#[utoipa::path(get, path = "/api/v1/feeds/{feed}", tag = "feeds", params(("feed" = uuid::Uuid, Path,)), responses(
    (status = 200, body = FeedView), (status = 404, body = types::ErrorBody)))]
pub async fn get_feed(
    app: web::Data<App>,
    After(Viewer(user), id): After<Viewer, web::Path<FeedId>>,
) -> Result<HttpResponse, ApiError> {
    let addresses = user.role == Role::Admin;
    Ok(HttpResponse::Ok().json(feeds::find(&app, user.scope, *id, addresses).await?))
}

/// Changes a feed.
#[utoipa::path(patch, path = "/api/v1/feeds/{feed}", tag = "feeds", request_body = UpdateFeed,
    params(("feed" = uuid::Uuid, Path,)), responses(
    (status = 200, body = FeedView), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn update_feed(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<FeedId>, web::Json<UpdateFeed>)>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(feeds::update(&app, admin.0.id, *id, body.into_inner()).await?))
}

/// Deletes a feed; its arrivals stay.
#[utoipa::path(delete, path = "/api/v1/feeds/{feed}", tag = "feeds", params(("feed" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_feed(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<FeedId>>,
) -> Result<HttpResponse, ApiError> {
    feeds::delete(&app, admin.0.id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
