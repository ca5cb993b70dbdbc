//! The HTTP face: the whole route table, and what all routes share.
//!
//! Who may call a handler stands in its signature (`auth`). Without a permission answer only sign-in, health,
//! livez, readyz, the OpenAPI document, its page, and the static files of the front end.

mod arrivals;
mod feeds;
mod frames;
mod headers;
mod model;
mod openapi;
mod people;
mod photos;
mod review;
mod session;
mod sockets;
mod spa;
mod system;
mod uploads;
mod watch;

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{self, delete, get, head, patch, post, put};
use utoipa::OpenApi;

use crate::error::ApiError;

pub use headers::{request_ids, security_headers};
pub use openapi::ApiDoc;
pub use spa::{Spa, configure as configure_spa};

/// How often a connection that stays open proves its permission again: revocation closes it within 15 s.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// The route table.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/livez", get().to(system::livez))
        .route("/livez", head().to(system::livez))
        .route("/readyz", get().to(system::readyz))
        .route("/readyz", head().to(system::readyz))
        .service(
            utoipa_swagger_ui::SwaggerUi::new("/api/docs/{_:.*}")
                .url("/api/v1/openapi.json", ApiDoc::openapi()),
        )
        .service(web::redirect("/api/docs", "/api/docs/"))
        .service(
            web::scope("/api/v1")
                .route("/health", get().to(system::health))
                .route("/health", head().to(system::health))
                .route("/session", post().to(session::sign_in))
                .route("/session", get().to(session::get_session))
                .route("/session", delete().to(session::sign_out))
                .route("/session/password", put().to(session::change_password))
                .route("/people", get().to(people::list_people))
                .route("/people", post().to(people::create_person))
                .route("/people/count", get().to(people::count_people))
                .route("/people/{person}", get().to(people::get_person))
                .route("/people/{person}", patch().to(people::update_person))
                .route("/people/{person}", delete().to(people::delete_person))
                .route("/people/{person}/photos", get().to(photos::list_photos))
                .route("/people/{person}/photos", post().to(photos::add_photos))
                .route("/people/{person}/photos/{photo}", get().to(photos::get_photo))
                .route("/people/{person}/photos/{photo}", delete().to(photos::delete_photo))
                .route("/photo-checks", post().to(photos::check_photos))
                .route("/feeds", get().to(feeds::list_feeds))
                .route("/feeds", post().to(feeds::create_feed))
                .route("/feeds/{feed}", get().to(feeds::get_feed))
                .route("/feeds/{feed}", patch().to(feeds::update_feed))
                .route("/feeds/{feed}", delete().to(feeds::delete_feed))
                .route("/feeds/{feed}/token", post().to(feeds::rotate_token))
                .route("/feeds/{feed}/frames", post().to(frames::post_frame))
                .route("/feeds/{feed}/live", get().to(frames::live))
                .route("/feeds/{feed}/stream", get().to(watch::stream))
                .route("/watch", get().to(watch::watch))
                .route("/arrivals", get().to(arrivals::list_arrivals))
                .route("/arrivals/events", get().to(arrivals::stream_arrivals))
                .route("/today", get().to(system::today))
                .route("/settings", get().to(system::get_settings))
                .route("/settings", put().to(system::put_settings))
                .route("/model", get().to(model::get_model))
                .route("/model/risk", get().to(model::get_risk))
                .route("/model/packs", get().to(model::list_packs))
                .route("/model/packs/{pack}/preparation", post().to(model::prepare_pack))
                .route("/model/packs/{pack}/preparation", delete().to(model::forget_pack))
                .route("/model/packs/{pack}/activation", post().to(model::activate_pack))
                .route("/review", get().to(review::list_review))
                .route("/review/settings", get().to(review::get_review_settings))
                .route("/review/settings", put().to(review::put_review_settings))
                .route("/review/{item}", delete().to(review::dismiss_review))
                .route("/review/{item}/faces/{face}/image", get().to(review::get_review_image))
                .route("/review/{item}/enrolment", post().to(review::enrol_from_review))
                .route("/review/{item}/non-match", post().to(review::record_non_match))
                .default_service(web::to(no_such_route)),
        )
        .service(web::scope("/api").default_service(web::to(no_such_route)))
        .app_data(web::JsonConfig::default().limit(256 * 1024).error_handler(json_error))
        .app_data(web::QueryConfig::default().error_handler(|error, _| {
            ApiError::invalid("query", format!("The query string cannot be read: {error}")).into()
        }))
        // An id that is none names nothing.
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::NotFound("thing").into()));
}

/// 405 for an address that other methods have, 404 for one that there is not.
async fn no_such_route(request: HttpRequest) -> Result<&'static str, ApiError> {
    match request.match_pattern().and_then(|pattern| openapi::methods_of(&pattern)) {
        Some(allow) => Err(ApiError::MethodNotAllowed { allow }),
        None => Err(ApiError::NotFound("address in this API")),
    }
}

fn json_error(error: actix_web::error::JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    use actix_web::error::JsonPayloadError as E;
    let error = match &error {
        E::Deserialize(cause) => body_error("body", cause),
        E::Overflow { limit } => ApiError::TooLarge { limit: *limit },
        E::OverflowKnownLength { limit, .. } => ApiError::TooLarge { limit: *limit },
        E::ContentType => ApiError::BadRequest("Send JSON, with Content-Type: application/json.".to_owned()),
        other => ApiError::BadRequest(format!("The body cannot be read: {other}")),
    };
    error.into()
}

/// 400 for what is no JSON, 422 for JSON of another shape.
fn body_error(field: &str, error: &serde_json::Error) -> ApiError {
    match error.classify() {
        serde_json::error::Category::Data => ApiError::invalid(field, format!("{error}.")),
        _ => ApiError::BadRequest(format!("This is not valid JSON: {error}.")),
    }
}

fn clamp_limit(limit: Option<i64>) -> Result<i64, ApiError> {
    match limit.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit),
        _ => Err(ApiError::invalid("limit", "Give a number from 1 to 200.")),
    }
}

/// A search text without white space around it; an empty one searches nothing.
fn text_of(query: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(query) = query else { return Ok(None) };
    if query.chars().count() > 200 || query.contains('\0') {
        return Err(ApiError::invalid("query", "Use at most 200 characters, and no NUL."));
    }
    Ok(Some(query.trim().to_owned()).filter(|query| !query.is_empty()))
}
