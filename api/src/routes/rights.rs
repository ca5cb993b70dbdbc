//! People's rights: consents and their texts, a copy of one's data, erasure, how long data is kept.

use actix_web::{HttpResponse, http::header, web};
use types::{
    ConsentRecord, ConsentText, EraseRequest, ErasureReport, NewConsentText, Page, PersonId, Retention, Role,
};

use super::imports::file_stream;
use crate::auth::{Account, Admin, After, CurrentUser, Fresh};
use crate::domain::{consents, erasure, person_data, retention};
use crate::error::ApiError;
use crate::models::audit::Actor;
use crate::models::scope::Scope;
use crate::state::App;

/// Lists all consents of a person, oldest first; a member's are their own.
#[utoipa::path(get, path = "/api/v1/people/{person}/consents", tag = "rights",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = Page<ConsentRecord>), (status = 404, body = types::ErrorBody)))]
pub async fn list_consents(
    app: web::Data<App>,
    After(user, id): After<CurrentUser, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    let items = app.db.run(move |conn| consents::history(conn, &user.scope, *id)).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// A copy of all that is kept of a person, as a ZIP: for an admin, and for the person themselves.
#[utoipa::path(get, path = "/api/v1/people/{person}/data", tag = "rights",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, content_type = "application/zip"), (status = 404, body = types::ErrorBody)))]
pub async fn get_person_data(
    app: web::Data<App>,
    After(Fresh(Account(user)), id): After<Fresh<Account>, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    if user.role != Role::Admin && user.scope != Scope::Person(id.0) {
        return Err(ApiError::NotFound("person"));
    }
    let file = person_data::archive(&app, user.id, *id).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/zip"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"person-{id}.zip\"")))
        .streaming(file_stream(file)))
}

/// Erases a person with all their data and reports what was erased.
#[utoipa::path(post, path = "/api/v1/people/{person}/erasure", tag = "rights", request_body = EraseRequest,
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = ErasureReport), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn erase_person(
    app: web::Data<App>,
    After(Fresh(admin), (id, body)): After<Fresh<Admin>, (web::Path<PersonId>, web::Json<EraseRequest>)>,
) -> Result<HttpResponse, ApiError> {
    let reason = body.into_inner().reason.trim().to_owned();
    if !(1..=500).contains(&reason.chars().count()) {
        return Err(ApiError::invalid("reason", "Say why, in 1 to 500 characters."));
    }
    let report = erasure::erase(&app, Actor::User(admin.0.id.0), *id, reason).await?;
    Ok(HttpResponse::Ok().json(report))
}

/// Lists the versions of what people agree to, newest first.
#[utoipa::path(get, path = "/api/v1/consent-texts", tag = "rights", responses(
    (status = 200, body = Page<ConsentText>)))]
pub async fn list_consent_texts(app: web::Data<App>, _: CurrentUser) -> Result<HttpResponse, ApiError> {
    let items = app.db.run(consents::texts).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Adds a version, which is the one that is asked for from now on.
#[utoipa::path(put, path = "/api/v1/consent-texts", tag = "rights", request_body = NewConsentText, responses(
    (status = 200, body = Page<ConsentText>), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn put_consent_text(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<NewConsentText>>,
) -> Result<HttpResponse, ApiError> {
    let items = app.db.run(move |conn| consents::put_text(conn, admin.0.id, body.into_inner())).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// How long each kind of data is kept.
#[utoipa::path(get, path = "/api/v1/retention", tag = "rights", responses((status = 200, body = Retention)))]
pub async fn get_retention(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.db.run(retention::get).await?))
}

/// Replaces how long each kind of data is kept.
#[utoipa::path(put, path = "/api/v1/retention", tag = "rights", request_body = Retention, responses(
    (status = 200, body = Retention), (status = 422, body = types::ErrorBody)))]
pub async fn put_retention(
    app: web::Data<App>,
    After(Fresh(admin), body): After<Fresh<Admin>, web::Json<Retention>>,
) -> Result<HttpResponse, ApiError> {
    let periods = app.db.run(move |conn| retention::put(conn, admin.0.id, body.into_inner())).await?;
    Ok(HttpResponse::Ok().json(periods))
}
