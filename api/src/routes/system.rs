//! Health, today's numbers, settings.

use actix_web::{HttpResponse, web};
use chrono::Utc;
use types::{Health, PartStatus, Settings, Today};

use crate::auth::{Admin, After, CurrentUser, Viewer};
use crate::domain::site;
use crate::error::ApiError;
use crate::state::App;

/// Tells how the parts are.
#[utoipa::path(get, path = "/api/v1/health", tag = "system", security(()), responses(
    (status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(app: web::Data<App>) -> HttpResponse {
    let (database, trouble) = tokio::join!(site::database_answers(&app), site::recognition_trouble(&app));
    let recognizer = trouble.is_none();
    let status = |ok| if ok { PartStatus::Ok } else { PartStatus::Down };
    let health = Health {
        status: status(database && recognizer),
        database: status(database),
        recognizer: status(recognizer),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        message: trouble.map(str::to_owned),
    };
    if database && recognizer {
        HttpResponse::Ok().json(health)
    } else {
        HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "2")).json(health)
    }
}

/// Answers while the process runs.
#[utoipa::path(get, path = "/livez", tag = "system", security(()), responses((status = 200)))]
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// Answers 200 while requests can be served; the recognizer is not asked.
#[utoipa::path(get, path = "/readyz", tag = "system", security(()), responses((status = 200), (status = 503)))]
pub async fn readyz(app: web::Data<App>) -> HttpResponse {
    if site::is_ready(&app).await {
        let missing = app.pack_is_missing().then(|| format!("ready, but: {}\n", site::PACK_MISSING));
        HttpResponse::Ok().content_type("text/plain").body(missing.unwrap_or_else(|| "ready\n".to_owned()))
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", "2"))
            .content_type("text/plain")
            .body("the database does not answer, or the gallery is still loading\n")
    }
}

/// Counts what happened today, in the site's zone, of the people and feeds that the caller may see.
#[utoipa::path(get, path = "/api/v1/today", tag = "arrivals", responses((status = 200, body = Today)))]
pub async fn today(app: web::Data<App>, Viewer(user): Viewer) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(site::today(&app, user.scope, Utc::now()).await?))
}

/// Shows the site's settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "system", responses((status = 200, body = Settings)))]
pub async fn get_settings(app: web::Data<App>, _: CurrentUser) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(site::settings(&app).await?))
}

/// Replaces the site's settings.
#[utoipa::path(put, path = "/api/v1/settings", tag = "system", request_body = Settings, responses(
    (status = 200, body = Settings), (status = 422, body = types::ErrorBody)))]
pub async fn put_settings(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<Settings>>,
) -> Result<HttpResponse, ApiError> {
    // Who needs a second factor is a matter of roles.
    if body.admins_need_second_factor.is_some() {
        admin.0.check_fresh()?;
    }
    Ok(HttpResponse::Ok().json(site::update_settings(&app, admin.0.id, body.into_inner()).await?))
}
