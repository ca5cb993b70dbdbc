//! The OpenAPI document.

use std::sync::LazyLock;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    alerts, analytics, api_keys, arrivals, attendance, audit, check_in_means, corrections, devices, feeds,
    frames, groups, imports, kiosk, mjpeg, model, oidc, people, photos, report_schedules, reports, review,
    rights, schedules, session, system, users, watch,
};

/// The contract, as a document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Attendance", description = "People pass a camera, arrivals are logged."),
    security(("session" = []), ("feed_token" = [])),
    modifiers(&SecuritySchemes),
    // What parameters alone refer to; bodies bring theirs.
    components(schemas(types::AnalyticsKind)),
    paths(
        system::livez, system::readyz, system::health, system::today, system::get_settings, system::put_settings,
        model::get_model, model::get_risk, model::list_packs, model::prepare_pack, model::forget_pack,
        model::activate_pack,
        session::sign_in, session::get_session, session::sign_out, session::change_password,
        session::confirm_session, session::begin_totp, session::confirm_totp, session::remove_totp,
        oidc::get_oidc, oidc::start_oidc, oidc::finish_oidc, oidc::oidc_second_factor,
        session::list_sessions, session::end_session, session::end_other_sessions,
        users::list_users, users::create_user, users::get_user, users::update_user, users::delete_user,
        users::reset_user, users::remove_user_totp, users::list_user_sessions, users::end_user_sessions,
        users::end_user_session, users::accept_invitation,
        api_keys::list_keys, api_keys::create_key, api_keys::revoke_key,
        people::list_people, people::create_person, people::count_people, people::get_person,
        people::update_person, people::delete_person,
        photos::list_photos, photos::add_photos, photos::get_photo, photos::delete_photo, photos::check_photos,
        check_in_means::get_check_in_means, check_in_means::set_pin, check_in_means::delete_pin,
        check_in_means::create_badge, check_in_means::revoke_badge,
        groups::list_groups, groups::create_group, groups::get_group, groups::update_group, groups::delete_group,
        groups::list_members, groups::add_member, groups::update_member, groups::delete_member,
        groups::list_memberships,
        imports::create_import, imports::get_import, imports::list_import_rows, imports::apply_import,
        imports::export_people, imports::create_photo_import, imports::get_photo_import,
        feeds::list_feeds, feeds::create_feed, feeds::get_feed, feeds::update_feed, feeds::delete_feed,
        devices::list_devices, devices::post_heartbeat, devices::rotate_token, devices::revoke_token,
        kiosk::begin_pairing, kiosk::pair_kiosk, kiosk::get_kiosk, kiosk::unpair_kiosk, kiosk::check_in,
        kiosk::greet_arrival, kiosk::get_arrival_photo,
        frames::post_frame, frames::live, mjpeg::stream, watch::watch,
        review::get_review_settings, review::put_review_settings, review::list_review, review::get_review_image,
        review::enrol_from_review, review::record_non_match, review::dismiss_review,
        audit::list_audit, audit::export_audit,
        rights::list_consents, rights::get_person_data, rights::erase_person, rights::list_consent_texts,
        rights::put_consent_text, rights::get_retention, rights::put_retention,
        reports::get_report, analytics::get_analytics,
        report_schedules::list_report_schedules, report_schedules::create_report_schedule,
        report_schedules::update_report_schedule, report_schedules::delete_report_schedule,
        report_schedules::run_report_schedule,
        alerts::list_alert_rules, alerts::create_alert_rule, alerts::update_alert_rule, alerts::delete_alert_rule,
        alerts::list_alert_channels, alerts::test_alert_channel,
        alerts::list_webhooks, alerts::create_webhook, alerts::update_webhook, alerts::delete_webhook,
        alerts::rotate_webhook_secret, alerts::test_webhook,
        alerts::list_outbox, alerts::count_outbox, alerts::retry_outbox, alerts::retry_message,
        alerts::drop_message,
        alerts::get_alert_preferences, alerts::put_alert_preferences, alerts::get_person_alert_preferences,
        alerts::put_person_alert_preferences,
        arrivals::list_arrivals, arrivals::stream_arrivals, arrivals::void_arrival, arrivals::reassign_arrival,
        arrivals::confirm_arrival,
        schedules::list_schedules, schedules::create_schedule, schedules::get_schedule,
        schedules::update_schedule, schedules::delete_schedule, schedules::add_schedule_version,
        schedules::delete_schedule_version, schedules::assign_schedule, schedules::unassign_schedule,
        schedules::preview_schedule, schedules::list_holidays, schedules::create_holiday,
        schedules::delete_holiday,
        attendance::get_sheet, attendance::put_sheet, attendance::list_days, attendance::get_on_site,
        corrections::list_corrections, corrections::ask_correction, corrections::decide_correction,
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
        let kiosk = ApiKey::Cookie(ApiKeyValue::new("attendance_kiosk"));
        components.add_security_scheme("kiosk", SecurityScheme::ApiKey(kiosk));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("feed_token", SecurityScheme::Http(bearer));
    }
}
