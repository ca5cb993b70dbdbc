//! The HTTP face: the whole route table, and what all routes share.
//!
//! Who may call a handler stands in its signature (`auth`). Without a permission answer only sign-in (by a provider, too), the
//! acceptance of an invitation, the pairing of a kiosk, health, livez, readyz, the OpenAPI document, its page, and the static files of the front end.

mod alerts;
mod analytics;
mod api_keys;
mod arrivals;
mod attendance;
mod audit;
mod check_in_means;
mod corrections;
mod devices;
mod feeds;
mod frames;
mod groups;
mod headers;
mod imports;
mod kiosk;
mod mjpeg;
mod model;
mod oidc;
mod openapi;
mod peers;
mod people;
mod photos;
mod report_schedules;
mod reports;
mod review;
mod rights;
mod schedules;
mod session;
mod sockets;
mod spa;
mod spans;
mod system;
mod uploads;
mod users;
mod watch;

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{self, delete, get, head, patch, post, put};
use utoipa::OpenApi;

use crate::error::ApiError;

pub use headers::{request_ids, security_headers};
pub use openapi::ApiDoc;
pub use spa::{Spa, configure as configure_spa};
pub use spans::RequestSpans;

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
        .route("/peer/v1/feeds/{feed}", get().to(peers::show_feed))
        .service(
            web::scope("/api/v1")
                .route("/health", get().to(system::health))
                .route("/health", head().to(system::health))
                .route("/session", post().to(session::sign_in))
                .route("/session", get().to(session::get_session))
                .route("/session", delete().to(session::sign_out))
                .route("/session/password", put().to(session::change_password))
                .route("/session/confirmation", post().to(session::confirm_session))
                .route("/session/totp", post().to(session::begin_totp))
                .route("/session/totp/confirmation", post().to(session::confirm_totp))
                .route("/session/totp/removal", post().to(session::remove_totp))
                .route("/session/oidc", get().to(oidc::get_oidc))
                .route("/session/oidc/start", get().to(oidc::start_oidc))
                .route("/session/oidc/callback", get().to(oidc::finish_oidc))
                .route("/session/oidc/second-factor", post().to(oidc::oidc_second_factor))
                .route("/sessions", get().to(session::list_sessions))
                .route("/sessions", delete().to(session::end_other_sessions))
                .route("/sessions/{session}", delete().to(session::end_session))
                .route("/invitations/acceptance", post().to(users::accept_invitation))
                .route("/users", get().to(users::list_users))
                .route("/users", post().to(users::create_user))
                .route("/users/{user}", get().to(users::get_user))
                .route("/users/{user}", patch().to(users::update_user))
                .route("/users/{user}", delete().to(users::delete_user))
                .route("/users/{user}/reset", post().to(users::reset_user))
                .route("/users/{user}/totp", delete().to(users::remove_user_totp))
                .route("/users/{user}/sessions", get().to(users::list_user_sessions))
                .route("/users/{user}/sessions", delete().to(users::end_user_sessions))
                .route("/users/{user}/sessions/{session}", delete().to(users::end_user_session))
                .route("/keys", get().to(api_keys::list_keys))
                .route("/keys", post().to(api_keys::create_key))
                .route("/keys/{key}", delete().to(api_keys::revoke_key))
                .route("/people", get().to(people::list_people))
                .route("/people", post().to(people::create_person))
                .route("/people/count", get().to(people::count_people))
                .route("/people/export", get().to(imports::export_people))
                .route("/people/{person}", get().to(people::get_person))
                .route("/people/{person}", patch().to(people::update_person))
                .route("/people/{person}", delete().to(people::delete_person))
                .route("/people/{person}/memberships", get().to(groups::list_memberships))
                .route("/people/{person}/consents", get().to(rights::list_consents))
                .route("/people/{person}/data", get().to(rights::get_person_data))
                .route("/people/{person}/erasure", post().to(rights::erase_person))
                .route("/consent-texts", get().to(rights::list_consent_texts))
                .route("/consent-texts", put().to(rights::put_consent_text))
                .route("/retention", get().to(rights::get_retention))
                .route("/retention", put().to(rights::put_retention))
                .route("/people/{person}/photos", get().to(photos::list_photos))
                .route("/people/{person}/photos", post().to(photos::add_photos))
                .route("/people/{person}/photos/{photo}", get().to(photos::get_photo))
                .route("/people/{person}/photos/{photo}", delete().to(photos::delete_photo))
                .route("/people/{person}/check-in-means", get().to(check_in_means::get_check_in_means))
                .route("/people/{person}/pin", put().to(check_in_means::set_pin))
                .route("/people/{person}/pin", delete().to(check_in_means::delete_pin))
                .route("/people/{person}/badges", post().to(check_in_means::create_badge))
                .route("/people/{person}/badges/{badge}", delete().to(check_in_means::revoke_badge))
                .route("/groups", get().to(groups::list_groups))
                .route("/groups", post().to(groups::create_group))
                .route("/groups/{group}", get().to(groups::get_group))
                .route("/groups/{group}", patch().to(groups::update_group))
                .route("/groups/{group}", delete().to(groups::delete_group))
                .route("/groups/{group}/members", get().to(groups::list_members))
                .route("/groups/{group}/members", post().to(groups::add_member))
                .route("/groups/{group}/members/{membership}", patch().to(groups::update_member))
                .route("/groups/{group}/members/{membership}", delete().to(groups::delete_member))
                .route("/imports", post().to(imports::create_import))
                .route("/imports/{import}", get().to(imports::get_import))
                .route("/imports/{import}/rows", get().to(imports::list_import_rows))
                .route("/imports/{import}/apply", post().to(imports::apply_import))
                .route("/photo-imports", post().to(imports::create_photo_import))
                .route("/photo-imports/{import}", get().to(imports::get_photo_import))
                .route("/photo-checks", post().to(photos::check_photos))
                .route("/feeds", get().to(feeds::list_feeds))
                .route("/feeds", post().to(feeds::create_feed))
                .route("/feeds/{feed}", get().to(feeds::get_feed))
                .route("/feeds/{feed}", patch().to(feeds::update_feed))
                .route("/feeds/{feed}", delete().to(feeds::delete_feed))
                .route("/feeds/{feed}/devices", get().to(devices::list_devices))
                .route("/feeds/{feed}/heartbeat", post().to(devices::post_heartbeat))
                .route("/feeds/{feed}/token", post().to(devices::rotate_token))
                .route("/feeds/{feed}/tokens/{token}", delete().to(devices::revoke_token))
                .route("/feeds/{feed}/pairing", post().to(kiosk::begin_pairing))
                .route("/feeds/{feed}/frames", post().to(frames::post_frame))
                .route("/feeds/{feed}/live", get().to(frames::live))
                .route("/feeds/{feed}/stream", get().to(mjpeg::stream))
                .route("/kiosk", get().to(kiosk::get_kiosk))
                .route("/kiosk", delete().to(kiosk::unpair_kiosk))
                .route("/kiosk/pairing", post().to(kiosk::pair_kiosk))
                .route("/kiosk/check-ins", post().to(kiosk::check_in))
                .route("/kiosk/arrivals/{arrival}", get().to(kiosk::greet_arrival))
                .route("/kiosk/arrivals/{arrival}/photo", get().to(kiosk::get_arrival_photo))
                .route("/watch", get().to(watch::watch))
                .route("/arrivals", get().to(arrivals::list_arrivals))
                .route("/arrivals/events", get().to(arrivals::stream_arrivals))
                .route("/audit", get().to(audit::list_audit))
                .route("/audit/export", get().to(audit::export_audit))
                .route("/arrivals/{arrival}/void", post().to(arrivals::void_arrival))
                .route("/arrivals/{arrival}/confirmation", post().to(arrivals::confirm_arrival))
                .route("/arrivals/{arrival}/reassign", post().to(arrivals::reassign_arrival))
                .route("/schedules", get().to(schedules::list_schedules))
                .route("/schedules", post().to(schedules::create_schedule))
                .route("/schedules/{schedule}", get().to(schedules::get_schedule))
                .route("/schedules/{schedule}", patch().to(schedules::update_schedule))
                .route("/schedules/{schedule}", delete().to(schedules::delete_schedule))
                .route("/schedules/{schedule}/versions", post().to(schedules::add_schedule_version))
                .route(
                    "/schedules/{schedule}/versions/{day}",
                    delete().to(schedules::delete_schedule_version),
                )
                .route("/schedules/{schedule}/groups", post().to(schedules::assign_schedule))
                .route("/schedules/{schedule}/groups/{assignment}", delete().to(schedules::unassign_schedule))
                .route("/schedules/{schedule}/preview", get().to(schedules::preview_schedule))
                .route("/holidays", get().to(schedules::list_holidays))
                .route("/holidays", post().to(schedules::create_holiday))
                .route("/holidays/{holiday}", delete().to(schedules::delete_holiday))
                .route("/attendance", get().to(attendance::get_sheet))
                .route("/attendance", put().to(attendance::put_sheet))
                .route("/attendance/days", get().to(attendance::list_days))
                .route("/attendance/on-site", get().to(attendance::get_on_site))
                .route("/corrections", get().to(corrections::list_corrections))
                .route("/corrections", post().to(corrections::ask_correction))
                .route("/corrections/{correction}/decision", post().to(corrections::decide_correction))
                .route("/today", get().to(system::today))
                .route("/settings", get().to(system::get_settings))
                .route("/settings", put().to(system::put_settings))
                .route("/model", get().to(model::get_model))
                .route("/model/risk", get().to(model::get_risk))
                .route("/model/packs", get().to(model::list_packs))
                .route("/model/packs/{pack}/preparation", post().to(model::prepare_pack))
                .route("/model/packs/{pack}/preparation", delete().to(model::forget_pack))
                .route("/model/packs/{pack}/activation", post().to(model::activate_pack))
                .route("/reports/{kind}", get().to(reports::get_report))
                .route("/analytics/{kind}", get().to(analytics::get_analytics))
                .route("/report-schedules", get().to(report_schedules::list_report_schedules))
                .route("/report-schedules", post().to(report_schedules::create_report_schedule))
                .route(
                    "/report-schedules/{report_schedule}",
                    put().to(report_schedules::update_report_schedule),
                )
                .route(
                    "/report-schedules/{report_schedule}",
                    delete().to(report_schedules::delete_report_schedule),
                )
                .route(
                    "/report-schedules/{report_schedule}/run",
                    post().to(report_schedules::run_report_schedule),
                )
                .route("/alerts/rules", get().to(alerts::list_alert_rules))
                .route("/alerts/rules", post().to(alerts::create_alert_rule))
                .route("/alerts/rules/{rule}", put().to(alerts::update_alert_rule))
                .route("/alerts/rules/{rule}", delete().to(alerts::delete_alert_rule))
                .route("/alerts/channels", get().to(alerts::list_alert_channels))
                .route("/alerts/channels/{channel}/test", post().to(alerts::test_alert_channel))
                .route("/alerts/webhooks", get().to(alerts::list_webhooks))
                .route("/alerts/webhooks", post().to(alerts::create_webhook))
                .route("/alerts/webhooks/{webhook}", put().to(alerts::update_webhook))
                .route("/alerts/webhooks/{webhook}", delete().to(alerts::delete_webhook))
                .route("/alerts/webhooks/{webhook}/secret", post().to(alerts::rotate_webhook_secret))
                .route("/alerts/webhooks/{webhook}/test", post().to(alerts::test_webhook))
                .route("/alerts/outbox", get().to(alerts::list_outbox))
                .route("/alerts/outbox/counts", get().to(alerts::count_outbox))
                .route("/alerts/outbox/retry", post().to(alerts::retry_outbox))
                .route("/alerts/outbox/{message}", delete().to(alerts::drop_message))
                .route("/alerts/outbox/{message}/retry", post().to(alerts::retry_message))
                .route("/alerts/preferences", get().to(alerts::get_alert_preferences))
                .route("/alerts/preferences", put().to(alerts::put_alert_preferences))
                .route("/alerts/people/{person}/preferences", get().to(alerts::get_person_alert_preferences))
                .route("/alerts/people/{person}/preferences", put().to(alerts::put_person_alert_preferences))
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

/// Where a page of a numbered list begins: `next` of the page before.
fn offset_of(after: Option<&str>) -> Result<i64, ApiError> {
    let Some(after) = after else { return Ok(0) };
    let offset = after.parse().ok().filter(|offset| (0..1_000_000_000).contains(offset));
    offset.ok_or_else(|| ApiError::invalid("after", "Pass the `next` of the page before."))
}

/// A search text without white space around it; an empty one searches nothing.
fn text_of(query: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(query) = query else { return Ok(None) };
    if query.chars().count() > 200 || query.contains('\0') {
        return Err(ApiError::invalid("query", "Use at most 200 characters, and no NUL."));
    }
    Ok(Some(query.trim().to_owned()).filter(|query| !query.is_empty()))
}
