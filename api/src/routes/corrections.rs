//! Requests to put a day right.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use types::{AskCorrection, CorrectionId, CorrectionView, DecideCorrection, Page, PersonId};

use super::clamp_limit;
use crate::auth::{After, Manager, Reader};
use crate::domain::attendance::corrections;
use crate::error::ApiError;
use crate::state::App;

/// Which requests.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CorrectionsQuery {
    /// Open ones, or decided ones; both by default.
    open: Option<bool>,
    /// One person's.
    #[param(value_type = Option<uuid::Uuid>)]
    person: Option<PersonId>,
    /// 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists requests, newest first: a member's own, a manager's people's.
#[utoipa::path(get, path = "/api/v1/corrections", tag = "attendance", params(CorrectionsQuery), responses(
    (status = 200, body = Page<CorrectionView>), (status = 422, body = types::ErrorBody)))]
pub async fn list_corrections(
    app: web::Data<App>,
    After(Reader(user), query): After<Reader, web::Query<CorrectionsQuery>>,
) -> Result<HttpResponse, ApiError> {
    let CorrectionsQuery { open, person, limit, after } = query.into_inner();
    let limit = clamp_limit(limit)?;
    let (items, next) = corrections::list(&app, user.scope, (open, person), limit, after).await?;
    Ok(HttpResponse::Ok().json(Page { items, next, total: None }))
}

/// Asks for a correction of one's own day, or of that of somebody one sees.
#[utoipa::path(post, path = "/api/v1/corrections", tag = "attendance", request_body = AskCorrection, responses(
    (status = 201, body = CorrectionView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn ask_correction(
    app: web::Data<App>,
    After(Reader(user), body): After<Reader, web::Json<AskCorrection>>,
) -> Result<HttpResponse, ApiError> {
    let correction = corrections::ask(&app, (user.id, user.scope), body.into_inner()).await?;
    Ok(HttpResponse::Created().json(correction))
}

/// Decides a request; what is granted becomes a mark. Nobody decides their own.
#[utoipa::path(post, path = "/api/v1/corrections/{correction}/decision", tag = "attendance",
    request_body = DecideCorrection, params(("correction" = uuid::Uuid, Path,)), responses(
    (status = 200, body = CorrectionView), (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn decide_correction(
    app: web::Data<App>,
    After(manager, (id, body)): After<Manager, (web::Path<CorrectionId>, web::Json<DecideCorrection>)>,
) -> Result<HttpResponse, ApiError> {
    manager.0.session()?;
    let by = (manager.0.id, manager.0.scope);
    Ok(HttpResponse::Ok().json(corrections::decide(&app, by, *id, body.into_inner()).await?))
}
