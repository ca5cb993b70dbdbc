//! The OpenAPI document.

use std::sync::LazyLock;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{arrivals, feeds, frames, model, people, photos, review, session, system, watch};

/// The contract, as a document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Attendance", description = "People pass a camera, arrivals are logged."),
    security(("session" = []), ("feed_token" = [])),
    modifiers(&SecuritySchemes),
    paths(
        system::livez, system::readyz, system::health, system::today, system::get_settings, system::put_settings,
        model::get_model, model::get_risk, model::list_packs, model::prepare_pack, model::forget_pack,
        model::activate_pack,
        session::sign_in, session::get_session, session::sign_out, session::change_password,
        people::list_people, people::create_person, people::count_people, people::get_person,
        people::update_person, people::delete_person,
        photos::list_photos, photos::add_photos, photos::get_photo, photos::delete_photo, photos::check_photos,
        feeds::list_feeds, feeds::create_feed, feeds::get_feed, feeds::update_feed, feeds::delete_feed,
        feeds::rotate_token,
        frames::post_frame, frames::live, watch::stream, watch::watch,
        review::get_review_settings, review::put_review_settings, review::list_review, review::get_review_image,
        review::enrol_from_review, review::record_non_match, review::dismiss_review,
        arrivals::list_arrivals, arrivals::stream_arrivals,
    )
)]
pub struct ApiDoc;

/// The methods of an address, as its template stands in the document.
pub fn methods_of(template: &str) -> Option<String> {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(ApiDoc::openapi);
    let item = DOCUMENT.paths.paths.get(template)?;
    let methods = [
        ("GET", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ];
    let taken: Vec<&str> = methods.iter().filter(|(_, taken)| *taken).map(|(method, _)| *method).collect();
    Some(taken.join(", "))
}

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::new("attendance_session"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("feed_token", SecurityScheme::Http(bearer));
    }
}
