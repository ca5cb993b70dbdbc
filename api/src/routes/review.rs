//! The review queue.

use actix_web::{HttpResponse, http::header, web};
use serde::Deserialize;
use types::{
    EnrolFromReview, NonMatch, Page, PersonView, ReviewFaceId, ReviewId, ReviewItem, ReviewSettings,
};

use super::clamp_limit;
use crate::auth::{Admin, After};
use crate::domain::{review, review_enrolment};
use crate::error::ApiError;
use crate::routes::people::Override;
use crate::state::App;

/// Which items to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReviewQuery {
    /// 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Shows whether unknown faces are kept, why, and for how long.
#[utoipa::path(get, path = "/api/v1/review/settings", tag = "review", responses(
    (status = 200, body = ReviewSettings)))]
pub async fn get_review_settings(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(review::settings(&app).await?))
}

/// Switches the queue on, with a reason, or off, which erases everything in it.
#[utoipa::path(put, path = "/api/v1/review/settings", tag = "review", request_body = ReviewSettings, responses(
    (status = 200, body = ReviewSettings), (status = 422, body = types::ErrorBody)))]
pub async fn put_review_settings(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<ReviewSettings>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(review::update_settings(&app, admin.0.id, body.into_inner()).await?))
}

/// Lists unknown faces, those of one person together, last seen first.
#[utoipa::path(get, path = "/api/v1/review", tag = "review", params(ReviewQuery), responses(
    (status = 200, body = Page<ReviewItem>), (status = 422, body = types::ErrorBody)))]
pub async fn list_review(
    app: web::Data<App>,
    After(_, query): After<Admin, web::Query<ReviewQuery>>,
) -> Result<HttpResponse, ApiError> {
    let ReviewQuery { limit, after } = query.into_inner();
    Ok(HttpResponse::Ok().json(review::list(&app, clamp_limit(limit)?, after).await?))
}

/// Shows the picture of a face.
#[utoipa::path(get, path = "/api/v1/review/{item}/faces/{face}/image", tag = "review",
    params(("item" = uuid::Uuid, Path,), ("face" = uuid::Uuid, Path,)), responses(
    (status = 200, content_type = "image/jpeg"), (status = 404, body = types::ErrorBody)))]
pub async fn get_review_image(
    app: web::Data<App>,
    After(_, ids): After<Admin, web::Path<(ReviewId, ReviewFaceId)>>,
) -> Result<HttpResponse, ApiError> {
    let jpeg = review::picture(&app, ids.0, ids.1).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/jpeg")).body(jpeg))
}

/// What naming an item takes.
type Naming = (web::Path<ReviewId>, web::Query<Override>, web::Json<EnrolFromReview>);

/// Enrols the person whose faces these are, new or known, with their consent.
#[utoipa::path(post, path = "/api/v1/review/{item}/enrolment", tag = "review", request_body = EnrolFromReview,
    params(("item" = uuid::Uuid, Path,), Override), responses(
    (status = 201, body = PersonView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn enrol_from_review(
    app: web::Data<App>,
    After(admin, (item, query, body)): After<Admin, Naming>,
) -> Result<HttpResponse, ApiError> {
    query.check(&admin.0)?;
    let (request, knowingly) = (body.into_inner(), query.knowingly());
    let person = review_enrolment::enrol(&app, admin.0.id, *item, request, knowingly).await?;
    Ok(HttpResponse::Created().json(person))
}

/// Records that these faces are not a person's, whatever the score says.
#[utoipa::path(post, path = "/api/v1/review/{item}/non-match", tag = "review", request_body = NonMatch,
    params(("item" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Recorded"), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn record_non_match(
    app: web::Data<App>,
    After(admin, (item, body)): After<Admin, (web::Path<ReviewId>, web::Json<NonMatch>)>,
) -> Result<HttpResponse, ApiError> {
    review::non_match(&app, admin.0.id, *item, body.person_id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Erases an item.
#[utoipa::path(delete, path = "/api/v1/review/{item}", tag = "review", params(("item" = uuid::Uuid, Path,)),
    responses((status = 204, description = "Erased"), (status = 404, body = types::ErrorBody)))]
pub async fn dismiss_review(
    app: web::Data<App>,
    After(admin, item): After<Admin, web::Path<ReviewId>>,
) -> Result<HttpResponse, ApiError> {
    review::dismiss(&app, admin.0.id, *item).await?;
    Ok(HttpResponse::NoContent().finish())
}
