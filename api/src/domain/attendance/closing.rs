//! What time alone changes: instances open and close, cameras fall silent, and what was asked for is worked out again.
//!
//! One process of all does it, whoever holds the lock; another takes over when its connection ends. Every step is
//! written down with its effect, so a restart goes on where it was.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use types::FeedId;
use uuid::Uuid;

use super::days::{self, BATCH};
use super::instances::{Instance, instances};
use crate::domain::alerts::raising;
use crate::domain::{devices, feeds};
use crate::error::ApiError;
use crate::models;
use crate::models::schedule_runs::Recompute;
use crate::models::scope::Scope;
use crate::state::App;

/// How far back instances are opened and closed that nobody was there to open and close.
const CATCH_UP: Days = Days::new(366);
/// A feed that is not heard for this long is away. Processes tell each other every half minute what they have seen.
const SILENT: TimeDelta = TimeDelta::seconds(90);

/// Does what is due.
///
/// # Errors
/// When the database fails; what was done stays done.
pub fn tick(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), ApiError> {
    for asked in models::schedule_runs::asked(conn)? {
        work_off(conn, &asked, now)?;
    }
    open_and_close(conn, now)
}

fn work_off(conn: &mut PgConnection, asked: &Recompute, now: DateTime<Utc>) -> Result<(), ApiError> {
    let people = models::attendance_days::people_of(conn, asked.group_id)?;
    let Some(last) = asked.until_day.pred_opt() else { return Ok(()) };
    recompute_all(conn, &people, (asked.from_day, last), now)?;
    Ok(models::schedule_runs::done(conn, asked.id)?)
}

/// Works out the days from `from` to `to`, both included, of many people, a part of them and of the days at a time;
/// says how many rows changed.
///
/// # Errors
/// When the database fails.
pub fn recompute_all(
    conn: &mut PgConnection,
    people: &[Uuid],
    (from, to): (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<usize, ApiError> {
    let mut changed = 0;
    let mut first = from;
    while first <= to {
        let last = (first + Days::new(30)).min(to);
        for part in people.chunks(BATCH) {
            changed += conn.transaction(|conn| days::recompute(conn, part, (first, last), now))?;
        }
        first = last + Days::new(1);
    }
    Ok(changed)
}

/// Opens instances whose window has begun and closes those that are over.
fn open_and_close(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), ApiError> {
    let zone = days::site_zone(conn)?;
    let today = now.with_timezone(&zone).date_naive();
    let ids: Vec<Uuid> = models::schedules::list(conn)?.into_iter().map(|row| row.id).collect();
    let last: HashMap<Uuid, Option<NaiveDate>> =
        models::schedule_runs::last_days(conn)?.into_iter().collect();
    let runs = models::schedule_runs::since(conn, today - CATCH_UP)?;
    let known: HashMap<(Uuid, NaiveDate, i16), bool> =
        runs.iter().map(|run| ((run.schedule_id, run.day, run.slot), run.closed_at.is_some())).collect();
    let mut due: BTreeMap<NaiveDate, Vec<Instance>> = BTreeMap::new();
    for schedule in days::schedules(conn, &ids, zone)? {
        let open = runs.iter().filter(|run| run.schedule_id == schedule.id && run.closed_at.is_none());
        let from = open.map(|run| run.day).min().or(last.get(&schedule.id).copied().flatten());
        let from = from.unwrap_or(today).min(today - Days::new(2)).max(today - CATCH_UP);
        for instance in instances(&schedule, from, today + Days::new(2)) {
            let closed = known.get(&(instance.schedule, instance.day, instance.slot));
            let opens = closed.is_none() && instance.opens_at <= now;
            let closes = closed != Some(&true) && instance.ends_at <= now;
            if opens || closes {
                due.entry(instance.day).or_default().push(instance);
            }
        }
    }
    for (day, instances) in due {
        let schedules: HashSet<Uuid> = instances.iter().map(|one| one.schedule).collect();
        let schedules: Vec<Uuid> = schedules.into_iter().collect();
        let people = models::schedules::people_with(conn, &schedules, day)?;
        recompute_all(conn, &people, (day, day), now)?;
        conn.transaction(|conn| note(conn, &instances, now))?;
    }
    Ok(())
}

fn note(conn: &mut PgConnection, instances: &[Instance], now: DateTime<Utc>) -> Result<(), ApiError> {
    for one in instances {
        models::schedule_runs::open(conn, one.schedule, one.day, one.slot)?;
        if one.ends_at <= now {
            models::schedule_runs::close(conn, one.schedule, one.day, one.slot, now)?;
        }
    }
    Ok(())
}

/// Notes which feeds were heard and have fallen silent, and which are back. Every process does so with what it has heard
/// itself and what the others have written down. A device that calls and says that no pictures come is silent, too.
///
/// # Errors
/// When the database fails.
pub fn watch_feeds(conn: &mut PgConnection, app: &App, now: DateTime<Utc>) -> Result<(), ApiError> {
    let devices = models::feed_devices::all_since(conn, now - devices::KNOWN)?;
    devices::measure(app, &devices, now);
    let feeds = models::feeds::list(conn, &Scope::Everyone)?;
    feeds::recall_of(app, &feeds, &devices);
    write_silences(conn, app, None, now)?;
    let mut silent = 0;
    for feed in feeds {
        let Some(last) = app.hearing.last(FeedId(feed.id)) else { continue };
        if now - last > SILENT {
            silent += 1;
            let reported = devices::trouble(&devices, feed.id, now);
            let noted = conn.transaction(|conn| {
                let noted = models::feed_gaps::open(conn, feed.id, last)?;
                if noted {
                    raising::camera_silent(conn, feed.id, (last, reported), now)?;
                }
                Ok::<_, ApiError>(noted)
            })?;
            if noted {
                tracing::warn!(feed.id = %feed.id, "a feed has fallen silent");
            }
        } else {
            conn.transaction(|conn| end_gap(conn, feed.id, last, now))?;
        }
    }
    app.metrics.feeds_silent.set(silent);
    Ok(())
}

/// Ends the gap of a feed that lasts, where it was heard after it began; says whether there was one.
fn end_gap(
    conn: &mut PgConnection,
    feed: Uuid,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, ApiError> {
    let Some(begun) = models::feed_gaps::end(conn, feed, at)? else { return Ok(false) };
    raising::camera_back(conn, feed, (begun, at), now)?;
    tracing::info!(feed.id = %feed, "a feed is back");
    Ok(true)
}

/// Writes silences that ended down as gaps, of one feed or of all.
///
/// # Errors
/// When the database fails; they are written the next time.
pub fn write_silences(
    conn: &mut PgConnection,
    app: &App,
    only: Option<FeedId>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let silences = app.hearing.take_silences(only);
    if silences.is_empty() {
        return Ok(());
    }
    let written = conn.transaction(|conn| {
        for (feed, from, until) in &silences {
            if !end_gap(conn, feed.0, *until, now)? {
                models::feed_gaps::insert_ended(conn, feed.0, *from, *until)?;
            }
        }
        Ok::<_, ApiError>(())
    });
    if written.is_err() {
        app.hearing.give_back(&silences);
    }
    written
}
