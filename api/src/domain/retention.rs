//! How long data is kept, and the purge at night.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{Retention, UserId};

use crate::domain::audit_chain::Purged;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::rights::Periods;
use crate::state::App;

/// The hours of the site's night in which the purge begins.
const NIGHT: std::ops::Range<u32> = 2..5;
const LOOK_EVERY: Duration = Duration::from_secs(60);
const BATCH: i64 = 5000;
/// How long messages stay that were sent, withdrawn or given up. What is usual at an hour is counted from four weeks.
const MESSAGES: TimeDelta = TimeDelta::days(35);
/// How long devices stay that do not call any more.
const DEVICES: TimeDelta = TimeDelta::days(30);
/// How long gaps stay that are too short to count for anybody's day: devices send what they kept for three days.
const SHORT_GAPS: TimeDelta = TimeDelta::days(4);

/// How long each kind of data is kept.
///
/// # Errors
/// When the database fails.
pub fn get(conn: &mut PgConnection) -> Result<Retention, ApiError> {
    let Periods { arrivals_days, attendance_days, audit_days, imports_days } = models::rights::periods(conn)?;
    Ok(Retention { arrivals_days, attendance_days, audit_days, imports_days })
}

/// Replaces the periods.
///
/// # Errors
/// 422.
pub fn put(conn: &mut PgConnection, by: UserId, request: Retention) -> Result<Retention, ApiError> {
    for (field, days) in [
        ("arrivals_days", request.arrivals_days),
        ("attendance_days", request.attendance_days),
        ("audit_days", request.audit_days),
    ] {
        if days.is_some_and(|days| !(1..=36_500).contains(&days)) {
            return Err(ApiError::invalid(field, "Give 1 to 36500 days, or null to keep it without end."));
        }
    }
    if !(1..=30).contains(&request.imports_days) {
        return Err(ApiError::invalid("imports_days", "Give 1 to 30 days."));
    }
    conn.transaction(|conn| {
        let before = get(conn)?;
        let Retention { arrivals_days, attendance_days, audit_days, imports_days } = request;
        models::rights::set_periods(
            conn,
            &Periods { arrivals_days, attendance_days, audit_days, imports_days },
        )?;
        let after = get(conn)?;
        let detail = json!({ "before": before, "after": after });
        models::audit::insert(conn, Actor::User(by.0), "retention.changed", ("settings", None), detail)?;
        Ok(after)
    })
}

/// Purges once a night, by one process of all, until the server stops.
pub async fn run(app: App) {
    let mut stopping = app.stopping.subscribe();
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        if let Err(error) = app.db.run_long(|conn| purge_if_night(conn, Utc::now())).await {
            tracing::warn!(error.cause = %error, "old data was not purged; trying again");
        }
    }
}

/// Purges where it is night and nobody has done so.
///
/// # Errors
/// When the database fails.
pub fn purge_if_night(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), ApiError> {
    let zone: Tz = models::settings::get(conn)?.timezone.parse().unwrap_or(Tz::UTC);
    let local = now.with_timezone(&zone);
    if !NIGHT.contains(&local.hour()) {
        return Ok(());
    }
    let today = local.date_naive();
    // The night is taken for good only when all is purged: a failure gives it back.
    conn.transaction(
        |conn| {
            if models::rights::claim_night(conn, today)? { purge(conn, today, now) } else { Ok(()) }
        },
    )
}

/// Deletes what is older than its period, and notes up to when arrivals are gone: days that are kept longer say from
/// then on themselves what was seen. Run it in a transaction.
///
/// # Errors
/// When the database fails.
pub fn purge(conn: &mut PgConnection, today: NaiveDate, now: DateTime<Utc>) -> Result<(), ApiError> {
    let periods = models::rights::periods(conn)?;
    let before = |days: i32| now - TimeDelta::days(days.into());
    let mut arrivals = 0;
    if let Some(days) = periods.arrivals_days {
        loop {
            let gone = models::rights::purge_arrivals(conn, before(days), BATCH)?;
            arrivals += gone;
            if gone == 0 {
                break;
            }
        }
        models::rights::note_erased(conn, before(days))?;
    }
    let (days, corrections, marks) = match periods.attendance_days {
        Some(days) => models::rights::purge_attendance(conn, today - TimeDelta::days(days.into()))?,
        None => (0, 0, 0),
    };
    if let Some(days) = periods.audit_days {
        let mut through = None;
        while let Some((_, newest)) = models::audit::empty_before(conn, before(days), BATCH)? {
            through = through.max(Some(newest));
        }
        if let Some(through) = through {
            let detail = json!(Purged { through });
            models::audit::insert(conn, Actor::System, models::audit::PURGED, ("audit", None), detail)?;
        }
    }
    let messages = models::outbox::purge(conn, now - MESSAGES)?;
    let devices = models::feed_devices::purge(conn, now - DEVICES)?;
    models::feed_gaps::purge_short(conn, now - SHORT_GAPS)?;
    models::kiosk_pairings::purge(conn, now)?;
    let detail = json!({ "arrivals": arrivals, "attendance_days": days, "corrections": corrections,
        "marks": marks, "messages": messages, "devices": devices });
    Ok(models::audit::insert(conn, Actor::System, "retention.purged", ("settings", None), detail)?)
}
