//! The sheet of a class: what the cameras saw, filled in, and marks that are saved all at once or not at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    AttendanceState, FeedId, FeedRef, GroupId, GroupRef, MarkConflict, MarkId, MarkRow, MarkView, PersonId,
    PersonRef, PhotoId, ScheduleId, ScheduleRef, Sheet, SheetInstance, SheetRow, UserId, UserRef,
};
use uuid::Uuid;

use super::days::{self, Computed};
use super::instances::{ALL_DAY, Instance, all_day, instances};
use super::schedules::check_day;
use crate::domain::names;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::marks::Mark;
use crate::models::scope::Scope;
use crate::state::App;

/// Longest note.
pub const NOTE: usize = 500;
/// Furthest ahead that somebody may be marked, for leave that is known before.
const AHEAD: Days = Days::new(366);

/// Which sheet.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    /// The group.
    pub group: GroupId,
    /// The day.
    pub day: NaiveDate,
    /// The schedule; none is the first of the day.
    pub schedule: Option<ScheduleId>,
    /// The slot; none is the first of the schedule.
    pub slot: Option<i16>,
}

/// Checks a text that says why, or notes something.
///
/// # Errors
/// 422 that names `field`.
pub fn checked_text(field: &str, text: &str) -> Result<String, ApiError> {
    readable(text).map_err(|what| ApiError::invalid(field, what))
}

/// A text of 1 to [`NOTE`] characters in which something can be seen, without white space around it; else what is wrong.
fn readable(text: &str) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if text.chars().any(|c| c.is_control() && c != '\n') {
        Err("Leave control characters out.".to_owned())
    } else if !names::is_visible(text) {
        Err("Write something that can be seen.".to_owned())
    } else if length > NOTE {
        Err(format!("Write at most {NOTE} characters; these are {length}."))
    } else {
        Ok(text.to_owned())
    }
}

/// The sheet.
///
/// # Errors
/// 404 for a group that there is not or that the caller does not see, or a period that it does not have that day.
pub async fn find(app: &App, scope: Scope, which: Which) -> Result<Sheet, ApiError> {
    check_day("day", which.day)?;
    app.db.run(move |conn| Page::read(conn, &scope, which, Utc::now())?.view(conn)).await
}

/// Saves marks: every row, or none. A row that says what its newest mark says writes none.
///
/// # Errors
/// 404 for a group, period or person that is not there or not seen; 409 with the marks that stand where another one than
/// the client saw is the newest; 422.
pub async fn save(
    app: &App,
    (by, scope): (UserId, Scope),
    which: Which,
    rows: Vec<MarkRow>,
) -> Result<Sheet, ApiError> {
    check_day("day", which.day)?;
    let rows = checked(rows)?;
    let save = move |conn: &mut PgConnection| {
        let now = Utc::now();
        if which.day > days::today(conn, now)? + AHEAD {
            return Err(ApiError::invalid("day", "Mark at most 366 days ahead."));
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.person.0).collect();
        // Held from here on: of two that mark somebody, the second sees the first's mark.
        models::attendance_days::lock(conn, &ids)?;
        let page = Page::read(conn, &scope, which, now)?;
        let (instance, marks) = page.new_marks(conn, by, rows, now)?;
        if !marks.is_empty() {
            models::marks::insert(conn, &marks)?;
            days::recompute(conn, &ids, (which.day, which.day), now)?;
            let detail = json!({
                "day": which.day, "schedule": instance.schedule, "slot": instance.slot,
                "marks": marks.iter().map(|mark| json!({ "person": mark.person_id, "state": mark.state }))
                    .collect::<Vec<_>>(),
            });
            let subject = ("group", Some(which.group.0));
            models::audit::insert(conn, Actor::User(by.0), "attendance.marked", subject, detail)?;
        }
        Page::read(conn, &scope, which, now)?.view(conn)
    };
    app.db.run(move |conn| conn.transaction(save)).await
}

fn checked(mut rows: Vec<MarkRow>) -> Result<Vec<MarkRow>, ApiError> {
    let (mut wrong, mut people) = (BTreeMap::new(), HashSet::new());
    for (index, row) in rows.iter_mut().enumerate() {
        if !people.insert(row.person) {
            wrong.insert(format!("[{index}].person"), "Each person has one row.".to_owned());
        }
        let note = row.note.take().filter(|note| !note.trim().is_empty());
        match note.map(|note| readable(&note)).transpose() {
            Ok(note) => row.note = note,
            Err(what) => {
                wrong.insert(format!("[{index}].note"), what);
            }
        }
        if row.note.is_some() && row.state.is_none() {
            wrong.insert(format!("[{index}].note"), "A note belongs to a state: mark one.".to_owned());
        }
    }
    if wrong.is_empty() { Ok(rows) } else { Err(ApiError::Invalid(wrong)) }
}

/// A sheet as it is read.
struct Page {
    group: GroupRef,
    day: NaiveDate,
    instances: Vec<(Instance, String)>,
    shown: Option<usize>,
    /// Person, name, external id.
    members: Vec<(Uuid, String, String)>,
    /// By person, of the instance that is shown.
    known: HashMap<Uuid, Computed>,
}

impl Page {
    fn read(
        conn: &mut PgConnection,
        scope: &Scope,
        which: Which,
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        let name =
            models::schedules::group_name(conn, which.group.0)?.filter(|_| scope.sees_group(which.group.0));
        let group = GroupRef { id: which.group, name: name.ok_or(ApiError::NotFound("group"))? };
        let instances = instances_of(conn, which)?;
        let wanted = |(one, _): &(Instance, String)| {
            which.schedule.is_none_or(|id| id.0 == one.schedule)
                && which.slot.is_none_or(|slot| slot == one.slot)
        };
        let shown = instances.iter().position(wanted);
        if shown.is_none() && (which.schedule.is_some() || which.slot.is_some()) {
            return Err(ApiError::NotFound("period of this group on that day"));
        }
        let members = models::schedules::members_on(conn, which.group.0, which.day)?;
        let ids: Vec<Uuid> = members.iter().map(|(id, ..)| *id).collect();
        let mut known = HashMap::new();
        if let Some((one, _)) = shown.map(|shown| &instances[shown]) {
            let all_day = if one.schedule == ALL_DAY { ids.as_slice() } else { &[] };
            let key = (one.schedule, one.slot);
            for computed in days::look(conn, &ids, which.day, all_day, now)? {
                if (computed.instance.schedule, computed.instance.slot) == key {
                    known.insert(computed.person, computed);
                }
            }
        }
        Ok(Self { group, day: which.day, instances, shown, members, known })
    }

    fn view(self, conn: &mut PgConnection) -> Result<Sheet, ApiError> {
        let marks: Vec<&Mark> = self.known.values().filter_map(|known| known.mark.as_ref()).collect();
        let views = mark_views(conn, &marks)?;
        let ids: Vec<Uuid> = self.members.iter().map(|(id, ..)| *id).collect();
        let photos: HashMap<Uuid, Uuid> = models::biometrics::first_photos(conn, &ids)?.into_iter().collect();
        let feeds: Vec<Uuid> = self.known.values().filter_map(|known| known.feed).collect();
        let feeds: HashMap<Uuid, String> = models::feeds::names(conn, &feeds)?.into_iter().collect();
        let all_day = self.shown.is_some_and(|shown| self.instances[shown].0.schedule == ALL_DAY);
        let row = |(id, name, external_id): (Uuid, String, String)| {
            let known = self.known.get(&id);
            let outcome = known.map(|known| known.outcome);
            let feed = known.and_then(|known| known.feed);
            // Of a whole day it is known who was there, and of nobody that they were not.
            let unknown = |state: &AttendanceState| {
                all_day
                    && matches!(
                        state,
                        AttendanceState::Expected | AttendanceState::Absent | AttendanceState::Unconfirmed
                    )
                    && outcome.is_some_and(|outcome| !outcome.by_hand)
            };
            SheetRow {
                person: PersonRef { id: PersonId(id), name, photo: photos.get(&id).copied().map(PhotoId) },
                external_id,
                first_in: outcome.and_then(|outcome| outcome.first_in),
                feed: feed.and_then(|id| Some(FeedRef { id: FeedId(id), name: feeds.get(&id)?.clone() })),
                last_out: outcome.and_then(|outcome| outcome.last_out),
                state: outcome.map(|outcome| outcome.state).filter(|state| !unknown(state)),
                by_hand: outcome.is_some_and(|outcome| outcome.by_hand),
                mark: known.and_then(|known| views.get(&known.mark.as_ref()?.id).cloned()),
            }
        };
        let holiday = self.known.values().any(|known| known.holiday);
        Ok(Sheet {
            day: self.day,
            instances: self.instances.iter().map(instance_view).collect(),
            shown: self.shown,
            holiday,
            rows: self.members.into_iter().map(row).collect(),
            group: self.group,
        })
    }

    /// The marks to write.
    fn new_marks(
        &self,
        conn: &mut PgConnection,
        by: UserId,
        rows: Vec<MarkRow>,
        now: DateTime<Utc>,
    ) -> Result<(&Instance, Vec<Mark>), ApiError> {
        let shown = self.shown.ok_or(ApiError::NotFound("period of this group on that day"))?;
        let instance = &self.instances[shown].0;
        let (mut conflicts, mut new) = (Vec::new(), Vec::new());
        let own = models::scope::person_of(conn, by.0)?;
        if rows.iter().any(|row| Some(row.person.0) == own) {
            return Err(ApiError::Forbidden("Nobody marks their own attendance: ask for a correction."));
        }
        for row in rows {
            let member = self.members.iter().find(|(id, ..)| *id == row.person.0);
            let known = self.known.get(&row.person.0);
            let (Some((_, name, _)), Some(known)) = (member, known) else {
                return Err(ApiError::NotFound("person in this group on that day"));
            };
            let newest = known.mark.as_ref();
            if newest.map(|mark| MarkId(mark.id)) != row.seen_mark {
                conflicts.push((row.person, name.clone(), newest));
                continue;
            }
            let same_note = newest.and_then(|mark| mark.note.as_ref()) == row.note.as_ref();
            if newest.and_then(days::marked) == row.state && (same_note || row.state.is_none()) {
                continue;
            }
            new.push(Mark {
                id: Uuid::now_v7(),
                person_id: row.person.0,
                schedule_id: instance.schedule,
                day: self.day,
                slot: instance.slot,
                state: row.state.map(|state| state.name().to_owned()),
                note: row.note,
                marked_by: by.0,
                marked_at: now,
            });
        }
        if conflicts.is_empty() {
            return Ok((instance, new));
        }
        let marks: Vec<&Mark> = conflicts.iter().filter_map(|(.., mark)| *mark).collect();
        let views = mark_views(conn, &marks)?;
        let conflict = |(id, name, mark): (PersonId, String, Option<&Mark>)| MarkConflict {
            person: PersonRef { id, name, photo: None },
            mark: mark.and_then(|mark| views.get(&mark.id).cloned()),
        };
        Err(ApiError::MarkConflict(conflicts.into_iter().map(conflict).collect()))
    }
}

fn instance_view((one, schedule): &(Instance, String)) -> SheetInstance {
    SheetInstance {
        schedule: ScheduleRef { id: ScheduleId(one.schedule), name: schedule.clone() },
        slot: one.slot,
        name: one.name().cloned(),
        starts_at: one.starts_at,
        ends_at: one.ends_at,
    }
}

/// What a group has on a day, in the order of time, with the schedules' names; the whole day for a group that has no
/// schedule.
fn instances_of(conn: &mut PgConnection, which: Which) -> Result<Vec<(Instance, String)>, ApiError> {
    let zone = days::site_zone(conn)?;
    let ids = match models::schedules::schedules_on(conn, which.group.0, which.day)? {
        ids if ids.is_empty() => vec![ALL_DAY],
        ids => ids,
    };
    let names: HashMap<Uuid, String> =
        models::schedules::of_ids(conn, &ids)?.into_iter().map(|row| (row.id, row.name)).collect();
    let mut all: Vec<Instance> = days::schedules(conn, &ids, zone)?
        .iter()
        .filter(|schedule| schedule.id != ALL_DAY)
        .flat_map(|schedule| instances(schedule, which.day, which.day))
        .collect();
    if ids == [ALL_DAY] {
        all.push(all_day(zone, which.day));
    }
    all.sort_by_key(Instance::key);
    Ok(all
        .into_iter()
        .map(|one| {
            let name = names.get(&one.schedule).cloned().unwrap_or_default();
            (one, name)
        })
        .collect())
}

/// Marks as clients see them, by id.
///
/// # Errors
/// When the database fails.
pub fn mark_views(conn: &mut PgConnection, marks: &[&Mark]) -> Result<HashMap<Uuid, MarkView>, ApiError> {
    let by: Vec<Uuid> = marks.iter().map(|mark| mark.marked_by).collect();
    let names: HashMap<Uuid, String> = models::marks::names(conn, &by)?.into_iter().collect();
    let view = |mark: &&Mark| {
        let view = MarkView {
            id: MarkId(mark.id),
            state: days::marked(mark),
            note: mark.note.clone(),
            by: UserRef { id: UserId(mark.marked_by), email: names.get(&mark.marked_by).cloned() },
            at: mark.marked_at,
        };
        (mark.id, view)
    };
    Ok(marks.iter().map(view).collect())
}
