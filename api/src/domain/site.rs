//! The site as a whole: settings, today, whether the database answers.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::Connection;
use serde_json::json;
use types::{Settings, Today, UserId};

use crate::domain::attendance::schedules;
use crate::domain::{arrivals, clock, second_factor, traffic};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::scope::Scope;
use crate::models::settings::SiteSettings;
use crate::state::App;

/// Whether the database answers a query.
pub async fn database_answers(app: &App) -> bool {
    app.db.run(|conn| Ok(models::gallery::revision(conn)?)).await.is_ok()
}

/// Why frames are not recognised, in words; none where they are.
pub async fn recognition_trouble(app: &App) -> Option<&'static str> {
    if !app.recognizer.is_ready().await {
        Some("The recognizer does not answer or is not ready.")
    } else if app.pack_is_missing() {
        Some(PACK_MISSING)
    } else if !app.gallery_is_loaded() {
        Some("The gallery is still loading.")
    } else {
        None
    }
}

/// Said where the recognizer does not offer the model pack in use.
pub const PACK_MISSING: &str = "The recognizer does not offer the model pack that is in use: give it that pack \
    again with RECOGNIZER_PACK, or take another into use.";

/// Whether requests can be served. The recognizer may be away, or lack the pack in use, which an admin can only
/// mend through these requests; while it offers that pack, its gallery must be loaded.
pub async fn is_ready(app: &App) -> bool {
    let waiting_for_gallery =
        app.recognizer.packs().is_some() && !app.gallery_is_loaded() && !app.pack_is_missing();
    !waiting_for_gallery && database_answers(app).await
}

/// The settings.
///
/// # Errors
/// 503.
pub async fn settings(app: &App) -> Result<Settings, ApiError> {
    Ok(settings_view(app.db.run(|conn| Ok(models::settings::get(conn)?)).await?))
}

fn settings_view(row: SiteSettings) -> Settings {
    let SiteSettings { site_name, timezone, admins_need_second_factor } = row;
    Settings { site_name, timezone, admins_need_second_factor: Some(admins_need_second_factor) }
}

/// Replaces the settings. Schedules whose rules have begun keep the zone they had.
///
/// # Errors
/// 422 for an empty name, a zone that does not exist, or a second factor that the admin who asks has not either.
pub async fn update_settings(app: &App, by: UserId, settings: Settings) -> Result<Settings, ApiError> {
    let site_name = settings.site_name.trim().to_owned();
    if !(1..=80).contains(&site_name.chars().count()) || site_name.chars().any(char::is_control) {
        return Err(ApiError::invalid("site_name", "Give a name of 1 to 80 characters, on one line."));
    }
    zone(&settings.timezone)?;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let before = models::settings::get(conn)?;
                let needed = settings.admins_need_second_factor.unwrap_or(before.admins_need_second_factor);
                if needed && !before.admins_need_second_factor && !second_factor::stands(conn, by.0)? {
                    let what = "Enrol your own second factor first.";
                    return Err(ApiError::invalid("admins_need_second_factor", what));
                }
                if settings.timezone != before.timezone {
                    schedules::keep_zone(conn, by, &before.timezone)?;
                }
                let row = SiteSettings {
                    site_name,
                    timezone: settings.timezone,
                    admins_need_second_factor: needed,
                };
                models::settings::update(conn, &row)?;
                let view = settings_view(row);
                let detail = json!(view);
                let (actor, subject) = (Actor::User(by.0), ("settings", None));
                models::audit::insert(conn, actor, "settings.updated", subject, detail)?;
                Ok(view)
            })
        })
        .await
}

fn zone(name: &str) -> Result<Tz, ApiError> {
    name.parse().map_err(|_| {
        ApiError::invalid("timezone", "Give a zone of the IANA database, for example Europe/Berlin.")
    })
}

/// Today's numbers of the people and feeds that may be seen, in the site's zone.
///
/// # Errors
/// 503.
pub async fn today(app: &App, scope: Scope, now: DateTime<Utc>) -> Result<Today, ApiError> {
    let seen = app.traffic.last_frames();
    app.db
        .run(move |conn| {
            let timezone = models::settings::get(conn)?.timezone;
            let zone = zone(&timezone)?;
            let since = clock::start_of_day(now, zone);
            let (present, arrivals, expected) = arrivals::counts_since(conn, &scope, since)?;
            let date = now.with_timezone(&zone).date_naive();
            let (late, absent) = models::attendance_days::late_and_absent(conn, &scope, date)?;
            let feeds = models::feeds::list(conn, &scope)?;
            let live = feeds
                .iter()
                .filter(|feed| {
                    let here = seen.get(&types::FeedId(feed.id)).copied();
                    traffic::is_live(feed.last_frame_at.max(here), now)
                })
                .count();
            Ok(Today {
                date,
                timezone,
                since,
                present,
                expected,
                late,
                absent,
                arrivals,
                feeds_live: live as i64,
                feeds: feeds.len() as i64,
            })
        })
        .await
}
