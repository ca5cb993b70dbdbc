//! The roll call: who is on site now.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel::PgConnection;
use types::{FeedId, FeedRef, OnSite, OnSitePerson, PersonId, PersonRef, PhotoId};
use uuid::Uuid;

use super::days;
use super::instances::Schedule;
use super::rules::MOST_WINDOW;
use crate::domain::clock;
use crate::error::ApiError;
use crate::models;
use crate::models::roll_call::Attended;
use crate::models::scope::Scope;
use crate::state::App;

/// A slot, and since when arrivals may belong to it.
type Opened = (Attended, DateTime<Utc>);

/// Who is on site now, by the rules of [`at`].
///
/// # Errors
/// 503.
pub async fn on_site(app: &App, scope: Scope) -> Result<OnSite, ApiError> {
    app.db.run(move |conn| at(conn, &scope, Utc::now())).await
}

/// Who is on site at a moment. Where it is not known whether somebody left, they are on the list: in an emergency one
/// name too many is the smaller mistake.
///
/// A slot counts once its window has opened, until its window to leave closes, and one that began today at least
/// until midnight at the site; so neither marks for other days nor a night that is long over say anything.
///
/// - Whoever was seen since midnight, or since they came to a slot that counts, is there until they are seen to leave.
/// - Whoever is marked as present or late for a slot that counts is there until they are seen to leave after the mark,
///   or are marked as absent or excused for something that began when that slot was over. Of each slot the newest
///   mark counts, and no mark takes anybody off whom a camera saw.
///
/// # Errors
/// When the database fails.
pub fn at(conn: &mut PgConnection, scope: &Scope, now: DateTime<Utc>) -> Result<OnSite, ApiError> {
    let zone = days::site_zone(conn)?;
    let midnight = clock::start_of_day(now, zone);
    let slots = slots(conn, scope, (midnight, now), zone)?;
    let marked: Vec<(Uuid, &str, DateTime<Utc>)> = slots
        .chunk_by(|(one, _), (other, _)| one.person_id == other.person_id)
        .filter_map(|theirs| {
            let person = &theirs[0].0;
            Some((person.person_id, person.name.as_str(), marked_there(theirs, now)?))
        })
        .collect();
    // From when on sightings count, where that is before midnight.
    let mut begins: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    let came = slots.iter().filter_map(|(slot, _)| Some((slot.person_id, slot.first_in?)));
    for (person, at) in came.chain(marked.iter().map(|(person, _, at)| (*person, *at))) {
        let first = begins.entry(person).or_insert(midnight);
        *first = at.min(*first);
    }
    let since = begins.values().min().copied().unwrap_or(midnight);
    let left: HashSet<(Uuid, DateTime<Utc>)> =
        models::roll_call::left_since(conn, since)?.into_iter().collect();
    let mut there: HashMap<Uuid, OnSitePerson> = HashMap::new();
    let mut went: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    for (person, name, feed, feed_name, direction, at) in models::roll_call::seen_since(conn, scope, since)? {
        if at < begins.get(&person).copied().unwrap_or(midnight) {
            continue;
        }
        if direction == "out" || left.contains(&(person, at)) {
            there.remove(&person);
            went.insert(person, at);
            continue;
        }
        let feed = FeedRef { id: FeedId(feed), name: feed_name };
        let one = there.entry(person).or_insert_with(|| listed(person, name, at));
        (one.feed, one.last_seen) = (Some(feed), at);
    }
    for (person, name, at) in marked {
        if went.get(&person).is_none_or(|left| *left <= at) {
            there.entry(person).or_insert_with(|| listed(person, name.to_owned(), at));
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
}

fn listed(person: Uuid, name: String, at: DateTime<Utc>) -> OnSitePerson {
    OnSitePerson {
        person: PersonRef { id: PersonId(person), name, photo: None },
        since: at,
        feed: None,
        last_seen: at,
    }
}

/// The slots that count, those of one person together.
fn slots(
    conn: &mut PgConnection,
    scope: &Scope,
    (midnight, now): (DateTime<Utc>, DateTime<Utc>),
    zone: Tz,
) -> Result<Vec<Opened>, ApiError> {
    let longest = TimeDelta::minutes(MOST_WINDOW.into());
    let around = (midnight.min(now - longest), now + longest);
    let all = models::roll_call::attended(conn, scope, around, midnight)?;
    let mut ids: Vec<Uuid> = all.iter().map(|slot| slot.schedule_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let schedules: HashMap<Uuid, Schedule> =
        days::schedules(conn, &ids, zone)?.into_iter().map(|schedule| (schedule.id, schedule)).collect();
    let opened = |slot: Attended| {
        let rules = schedules.get(&slot.schedule_id).and_then(|schedule| schedule.rules_on(slot.day));
        let (before, after) =
            rules.map_or((0, 0), |rules| (rules.opens_minutes_before, rules.closes_minutes_after));
        let opens_at = slot.starts_at - TimeDelta::minutes(before.into());
        let closes_at = slot.ends_at + TimeDelta::minutes(after.into());
        let counts = opens_at <= now && (midnight <= slot.starts_at || now <= closes_at);
        counts.then_some((slot, opens_at))
    };
    Ok(all.into_iter().filter_map(opened).collect())
}

/// The last moment of which a mark says that somebody is there, by all their slots: when it was made, or the edge of
/// its slot where it was made outside. None where no mark says so any more.
fn marked_there(slots: &[Opened], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let says =
        |slot: &Attended, states: &[&str]| slot.marked_at.is_some() && states.contains(&slot.state.as_str());
    let undone = |there: &Attended| {
        slots.iter().any(|(slot, _)| {
            there.ends_at <= slot.starts_at && slot.starts_at <= now && says(slot, &["absent", "excused"])
        })
    };
    slots
        .iter()
        .filter(|(slot, _)| says(slot, &["present", "late"]) && !undone(slot))
        .filter_map(|(slot, opens_at)| Some(slot.marked_at?.max(*opens_at).min(slot.ends_at)))
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-05-04T{time}:00Z").parse().expect("a time")
    }

    /// A slot whose window opens with it, its state, and when that was marked.
    fn slot(start: &str, end: &str, state: &str, marked: Option<&str>) -> Opened {
        let slot = Attended {
            person_id: Uuid::nil(),
            name: "Zoë".to_owned(),
            schedule_id: Uuid::nil(),
            day: at(start).date_naive(),
            starts_at: at(start),
            ends_at: at(end),
            state: state.to_owned(),
            first_in: None,
            marked_at: marked.map(at),
        };
        (slot, at(start))
    }

    #[test]
    fn a_mark_stands_until_something_later_says_otherwise() {
        let lesson = || slot("08:00", "09:00", "present", Some("08:05"));
        let cases = [
            (vec![lesson()], "20:00", Some("08:05")),
            (vec![slot("08:00", "09:00", "late", Some("08:05"))], "08:30", Some("08:05")),
            // Seen, not marked.
            (vec![slot("08:00", "09:00", "present", None)], "08:30", None),
            (vec![slot("08:00", "09:00", "absent", Some("08:05"))], "08:30", None),
            // Marked ahead, and when it was over.
            (vec![slot("08:00", "09:00", "present", Some("06:00"))], "08:30", Some("08:00")),
            (vec![slot("08:00", "09:00", "present", Some("15:00"))], "15:30", Some("09:00")),
            // Leave for the afternoon counts once the afternoon has begun.
            (vec![lesson(), slot("13:00", "14:00", "excused", Some("08:10"))], "12:59", Some("08:05")),
            (vec![lesson(), slot("13:00", "14:00", "excused", Some("08:10"))], "13:00", None),
            (
                vec![
                    lesson(),
                    slot("10:00", "11:00", "absent", Some("10:05")),
                    slot("11:00", "12:00", "present", Some("11:05")),
                ],
                "11:30",
                Some("11:05"),
            ),
            // Not in the club, but in class at the same time.
            (vec![lesson(), slot("08:30", "09:30", "absent", Some("08:35"))], "08:40", Some("08:05")),
            // That nobody saw them is no mark.
            (vec![lesson(), slot("10:00", "11:00", "absent", None)], "11:30", Some("08:05")),
        ];
        for (slots, now, expected) in cases {
            assert_eq!(marked_there(&slots, at(now)), expected.map(at), "{slots:?} at {now}");
        }
    }
}
