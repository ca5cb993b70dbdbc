//! The OpenAPI document.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{arrivals, feeds, frames, people, photos, session, system, watch};

/// The contract, as a document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Attendance", description = "People pass a camera, arrivals are logged."),
    security(("session" = []), ("feed_token" = [])),
    modifiers(&SecuritySchemes),
    paths(
        system::livez, system::readyz, system::health, system::today, system::get_settings, system::put_settings,
        system::get_model,
        session::sign_in, session::get_session, session::sign_out, session::change_password,
        people::list_people, people::create_person, people::count_people, people::get_person,
        people::update_person, people::delete_person,
        photos::list_photos, photos::add_photos, photos::get_photo, photos::delete_photo, photos::check_photos,
        feeds::list_feeds, feeds::create_feed, feeds::get_feed, feeds::update_feed, feeds::delete_feed,
        feeds::rotate_token,
        frames::post_frame, frames::live, watch::stream, watch::watch,
        arrivals::list_arrivals, arrivals::stream_arrivals,
    )
)]
pub struct ApiDoc;

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
