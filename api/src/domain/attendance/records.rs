//! What was of one person's days, and who is on site now.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::PgConnection;
use types::{
    AttendanceState, DayView, FeedId, FeedRef, GroupId, GroupRef, OnSite, OnSitePerson, PersonId, PersonRef,
    PhotoId, ScheduleId, ScheduleRef,
};
use uuid::Uuid;

use super::days;
use super::schedules::check_range;
use crate::domain::clock;
use crate::error::ApiError;
use crate::models;
use crate::models::attendance_days::Named;
use crate::models::scope::{Scope, sees_person};
use crate::state::App;

/// The states of a person on the days `[from, to)`, in the order of time.
///
/// # Errors
/// 404 for a person who is not there or not seen; 422 for a range that is empty or longer than 366 days.
pub async fn days_of(
    app: &App,
    scope: Scope,
    person: PersonId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<DayView>, ApiError> {
    check_range(("from", from), ("to", to))?;
    let read = move |conn: &mut PgConnection| {
        if !sees_person(conn, &scope, person.0)? {
            return Err(ApiError::NotFound("person"));
        }
        let rows = models::attendance_days::of_person(conn, person.0, from, to)?;
        Ok(rows.into_iter().map(day_view).collect())
    };
    app.db.run(read).await
}

fn day_view((row, schedule, group, note): Named) -> DayView {
    let state = AttendanceState::ALL.into_iter().find(|state| state.name() == row.state);
    DayView {
        day: row.day,
        schedule: ScheduleRef { id: ScheduleId(row.schedule_id), name: schedule },
        slot: row.slot,
        group: row.group_id.zip(group).map(|(id, name)| GroupRef { id: GroupId(id), name }),
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        state: state.unwrap_or(AttendanceState::Expected),
        by_hand: row.by_hand,
        note,
        first_in: row.first_in,
        last_out: row.last_out,
        late_minutes: row.late_minutes,
        early_minutes: row.early_minutes,
        worked_minutes: row.worked_minutes,
    }
}

/// Who came today, or to what is on now, and was not seen to leave. Where it is not known whether somebody left, they
/// are on the list: in an emergency one name too many is the smaller mistake.
///
/// # Errors
/// 503.
pub async fn on_site(app: &App, scope: Scope) -> Result<OnSite, ApiError> {
    let read = move |conn: &mut PgConnection| {
        let now = Utc::now();
        let midnight = clock::start_of_day(now, days::site_zone(conn)?);
        let mut came: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
        for (person, at) in models::roll_call::open_shifts(conn, now)? {
            let first = came.entry(person).or_insert(midnight);
            *first = at.min(*first);
        }
        let since = came.values().min().copied().unwrap_or(midnight).min(midnight);
        let left: HashSet<(Uuid, DateTime<Utc>)> =
            models::roll_call::left_since(conn, since)?.into_iter().collect();
        let mut there: HashMap<Uuid, OnSitePerson> = HashMap::new();
        for (person, name, feed, feed_name, direction, at) in
            models::roll_call::seen_since(conn, &scope, since)?
        {
            if at < came.get(&person).copied().unwrap_or(midnight) {
                continue;
            }
            if direction == "out" || left.contains(&(person, at)) {
                there.remove(&person);
                continue;
            }
            let feed = FeedRef { id: FeedId(feed), name: feed_name };
            let one = there.entry(person).or_insert_with(|| OnSitePerson {
                person: PersonRef { id: PersonId(person), name, photo: None },
                since: at,
                feed: None,
                last_seen: at,
            });
            (one.feed, one.last_seen) = (Some(feed), at);
        }
        // Whom a person saw is there, until a camera sees them leave.
        for (person, name, at) in models::roll_call::marked_since(conn, &scope, midnight)? {
            let went = left.iter().any(|(who, when)| *who == person && *when > at);
            if !went {
                there.entry(person).or_insert_with(|| OnSitePerson {
                    person: PersonRef { id: PersonId(person), name, photo: None },
                    since: at,
                    feed: None,
                    last_seen: at,
                });
            }
        }
        let mut people: Vec<OnSitePerson> = there.into_values().collect();
        people.sort_by(|one, other| {
            let key = |one: &OnSitePerson| (one.person.name.to_lowercase(), one.person.id);
            key(one).cmp(&key(other))
        });
        let ids: Vec<Uuid> = people.iter().map(|one| one.person.id.0).collect();
        let photos: HashMap<Uuid, Uuid> = models::biometrics::first_photos(conn, &ids)?.into_iter().collect();
        for one in &mut people {
            one.person.photo = photos.get(&one.person.id.0).copied().map(PhotoId);
        }
        Ok(OnSite { as_of: now, count: people.len(), people })
    };
    app.db.run(read).await
}
