//! Schedules and holidays as an admin keeps them. The past is never rewritten: rules change from today on.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Days, NaiveDate, Utc};
use diesel::{Connection, PgConnection};
use serde_json::{Value, json};
use types::{
    AssignSchedule, AssignmentId, CreateHoliday, CreateSchedule, GroupId, GroupRef, HolidayId, HolidayView,
    InstanceView, ScheduleGroup, ScheduleId, ScheduleKind, ScheduleVersion, ScheduleView, UpdateSchedule,
    UserId,
};
use uuid::Uuid;

use super::instances::{ALL_DAY, Instance, instances};
use super::{days, missing, rules};
use crate::domain::names;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::holidays::Holiday;
use crate::models::schedules::{GroupSchedule, Schedule, ScheduleChanges, Version};
use crate::models::scope::Scope;
use crate::state::App;

/// Most days of one question or holiday: a year.
const MOST_DAYS: i64 = 366;
/// Furthest back that a schedule may begin or be given to a group.
const BACK: Days = Days::new(366);
const MISSING: ApiError = ApiError::NotFound("schedule");
const BACKWARDS: &str = "The last day must be on or after the first day; this is the day after the last, so it must lie after the first.";

/// Checks a range of days, `[from, until)`.
///
/// # Errors
/// 422 for one that is empty, longer than 366 days, or in no sensible year.
pub fn check_range(
    (from_field, from): (&str, NaiveDate),
    (until_field, until): (&str, NaiveDate),
) -> Result<(), ApiError> {
    for (field, day) in [(from_field, from), (until_field, until)] {
        check_day(field, day)?;
    }
    if until <= from {
        return Err(ApiError::invalid(until_field, BACKWARDS));
    }
    if (until - from).num_days() > MOST_DAYS {
        return Err(ApiError::invalid(until_field, format!("Ask for at most {MOST_DAYS} days.")));
    }
    Ok(())
}

/// Checks that a day is of the years 2000 to 2199.
///
/// # Errors
/// 422 that names `field`.
pub fn check_day(field: &str, day: NaiveDate) -> Result<(), ApiError> {
    if (2000..2200).contains(&day.year()) {
        Ok(())
    } else {
        Err(ApiError::invalid(field, "Use a day of the years 2000 to 2199."))
    }
}

fn checked_name(name: &str) -> Result<String, ApiError> {
    let (name, mut wrong) = (names::tidy(name), BTreeMap::new());
    names::check(&mut wrong, "name", &name, 100);
    if wrong.is_empty() { Ok(name) } else { Err(ApiError::Invalid(wrong)) }
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    subject: (&str, Uuid),
    detail: Value,
) -> Result<(), ApiError> {
    let subject = (subject.0, Some(subject.1));
    Ok(models::audit::insert(conn, Actor::User(by.0), action, subject, detail)?)
}

/// A schedule that may be changed, kept as it is until the transaction ends.
fn changeable(conn: &mut PgConnection, id: ScheduleId) -> Result<Schedule, ApiError> {
    if id.0 == ALL_DAY {
        return Err(MISSING);
    }
    models::schedules::find_for_update(conn, id.0).map_err(missing("schedule"))
}

fn views(conn: &mut PgConnection, rows: Vec<Schedule>, scope: &Scope) -> Result<Vec<ScheduleView>, ApiError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut versions: HashMap<Uuid, Vec<ScheduleVersion>> = HashMap::new();
    for row in models::schedules::versions(conn, &ids)? {
        let rules = serde_json::from_value(row.rules).map_err(anyhow::Error::from)?;
        let version = ScheduleVersion { from_day: row.from_day, rules };
        versions.entry(row.schedule_id).or_default().push(version);
    }
    let mut groups: HashMap<Uuid, Vec<ScheduleGroup>> = HashMap::new();
    for (row, name) in models::schedules::groups_of(conn, &ids)? {
        if scope.sees_group(row.group_id) {
            groups.entry(row.schedule_id).or_default().push(assignment_view(&row, name));
        }
    }
    let view = |row: Schedule| ScheduleView {
        id: ScheduleId(row.id),
        name: row.name,
        kind: if row.kind == "shift" { ScheduleKind::Shift } else { ScheduleKind::Period },
        timezone: row.timezone,
        versions: versions.remove(&row.id).unwrap_or_default(),
        groups: groups.remove(&row.id).unwrap_or_default(),
        created_at: row.created_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

fn assignment_view(row: &GroupSchedule, group: String) -> ScheduleGroup {
    ScheduleGroup {
        id: AssignmentId(row.id),
        group: GroupRef { id: GroupId(row.group_id), name: group },
        from_day: row.from_day,
        until_day: row.until_day,
    }
}

fn view_of(conn: &mut PgConnection, id: Uuid, scope: &Scope) -> Result<ScheduleView, ApiError> {
    let row = models::schedules::find(conn, id).map_err(missing("schedule"))?;
    views(conn, vec![row], scope)?.into_iter().next().ok_or(MISSING)
}

/// All schedules, by name, each with the groups that the caller sees.
///
/// # Errors
/// 503.
pub async fn list(app: &App, scope: Scope) -> Result<Vec<ScheduleView>, ApiError> {
    let list = move |conn: &mut PgConnection| {
        let mut rows = models::schedules::list(conn)?;
        rows.retain(|row| row.id != ALL_DAY);
        views(conn, rows, &scope)
    };
    app.db.run(list).await
}

/// One schedule.
///
/// # Errors
/// 404.
pub async fn find(app: &App, scope: Scope, id: ScheduleId) -> Result<ScheduleView, ApiError> {
    app.db.run(move |conn| view_of(conn, id.0, &scope)).await
}

/// Adds a schedule with its first rules.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub async fn create(app: &App, by: UserId, request: CreateSchedule) -> Result<ScheduleView, ApiError> {
    let name = checked_name(&request.name)?;
    if let Some(zone) = &request.timezone {
        rules::zone(zone)?;
    }
    let rules = rules::checked(request.rules)?;
    let row = Schedule {
        id: Uuid::now_v7(),
        name,
        kind: if request.kind == ScheduleKind::Shift { "shift" } else { "period" }.to_owned(),
        timezone: request.timezone,
        created_at: Utc::now(),
    };
    let create = move |conn: &mut PgConnection| {
        let today = days::today(conn, Utc::now())?;
        let from_day = request.from_day.unwrap_or(today);
        check_first_day("from_day", from_day, today)?;
        models::schedules::insert(conn, &row)?;
        insert_version(conn, by, row.id, &ScheduleVersion { from_day, rules })?;
        audit(conn, by, "schedule.created", ("schedule", row.id), json!({ "name": row.name }))?;
        view_of(conn, row.id, &Scope::Everyone)
    };
    app.db.run(move |conn| conn.transaction(create)).await
}

fn check_first_day(field: &str, day: NaiveDate, today: NaiveDate) -> Result<(), ApiError> {
    check_day(field, day)?;
    if day < today - BACK {
        return Err(ApiError::invalid(field, "Begin at most 366 days back."));
    }
    Ok(())
}

fn insert_version(
    conn: &mut PgConnection,
    by: UserId,
    schedule: Uuid,
    version: &ScheduleVersion,
) -> Result<(), ApiError> {
    let rules = serde_json::to_value(&version.rules).map_err(anyhow::Error::from)?;
    let row = Version { schedule_id: schedule, from_day: version.from_day, rules, created_by: Some(by.0) };
    Ok(models::schedules::insert_version(conn, &row)?)
}

/// Changes name or zone; the zone only before the first version begins, since it would move days that are past.
///
/// # Errors
/// 404, 409, 422.
pub async fn update(
    app: &App,
    by: UserId,
    id: ScheduleId,
    request: UpdateSchedule,
) -> Result<ScheduleView, ApiError> {
    let name = request.name.as_deref().map(checked_name).transpose()?;
    if let Some(Some(zone)) = &request.timezone {
        rules::zone(zone)?;
    }
    let update = move |conn: &mut PgConnection| {
        let row = changeable(conn, id)?;
        let timezone = request.timezone.filter(|zone| *zone != row.timezone);
        let today = days::today(conn, Utc::now())?;
        if timezone.is_some() && has_begun(conn, id.0, today)? {
            let what = "Its rules have begun: make another schedule for the other zone.";
            return Err(ApiError::invalid("timezone", what));
        }
        if name.is_some() || timezone.is_some() {
            let detail = json!({ "name": name, "timezone": timezone });
            let changes = ScheduleChanges { name, timezone, deleted_at: None };
            models::schedules::update(conn, id.0, &changes)?;
            audit(conn, by, "schedule.updated", ("schedule", id.0), detail)?;
        }
        view_of(conn, id.0, &Scope::Everyone)
    };
    app.db.run(move |conn| conn.transaction(update)).await
}

fn has_begun(conn: &mut PgConnection, id: Uuid, today: NaiveDate) -> Result<bool, ApiError> {
    Ok(models::schedules::versions(conn, &[id])?.iter().any(|version| version.from_day <= today))
}

/// Lets schedules that followed the site's zone and whose rules have begun keep it as their own: the site gets another
/// one, which would move days that are past. Call it before, in the same transaction.
///
/// # Errors
/// When the database fails.
pub fn keep_zone(conn: &mut PgConnection, by: UserId, zone: &str) -> Result<(), ApiError> {
    let today = days::today(conn, Utc::now())?;
    for id in models::schedules::keep_zone(conn, zone, today)? {
        audit(conn, by, "schedule.updated", ("schedule", id), json!({ "timezone": zone }))?;
    }
    Ok(())
}

/// Deletes a schedule: nobody is expected by it after today. What was stays.
///
/// # Errors
/// 404.
pub async fn delete(app: &App, by: UserId, id: ScheduleId) -> Result<(), ApiError> {
    let delete = move |conn: &mut PgConnection| {
        changeable(conn, id)?;
        let tomorrow = days::today(conn, Utc::now())? + Days::new(1);
        for (row, _) in models::schedules::groups_of(conn, &[id.0])? {
            models::schedules::end_assignment(conn, &row, tomorrow)?;
            days::ask(conn, Some(row.group_id), tomorrow, None)?;
        }
        let changes = ScheduleChanges { deleted_at: Some(Utc::now()), ..ScheduleChanges::default() };
        models::schedules::update(conn, id.0, &changes)?;
        audit(conn, by, "schedule.deleted", ("schedule", id.0), json!({}))
    };
    app.db.run(move |conn| conn.transaction(delete)).await
}

/// Adds rules from a day on.
///
/// # Errors
/// 404; 409 where rules begin that day already; 422 for rules that are wrong, or a day that is past once rules have
/// begun.
pub async fn add_version(
    app: &App,
    by: UserId,
    id: ScheduleId,
    request: ScheduleVersion,
) -> Result<ScheduleView, ApiError> {
    let version = ScheduleVersion { rules: rules::checked(request.rules)?, from_day: request.from_day };
    let add = move |conn: &mut PgConnection| {
        changeable(conn, id)?;
        let today = days::today(conn, Utc::now())?;
        check_first_day("from_day", version.from_day, today)?;
        if version.from_day < today && has_begun(conn, id.0, today)? {
            let what = "The past is not rewritten: let new rules begin today or later.";
            return Err(ApiError::invalid("from_day", what));
        }
        insert_version(conn, by, id.0, &version)?;
        rules_changed(conn, id.0, version.from_day)?;
        let detail = json!({ "from_day": version.from_day });
        audit(conn, by, "schedule.version_added", ("schedule", id.0), detail)?;
        view_of(conn, id.0, &Scope::Everyone)
    };
    app.db.run(move |conn| conn.transaction(add)).await
}

/// Deletes rules that have not begun.
///
/// # Errors
/// 404; 422 for rules that have begun.
pub async fn delete_version(
    app: &App,
    by: UserId,
    id: ScheduleId,
    from_day: NaiveDate,
) -> Result<(), ApiError> {
    let delete = move |conn: &mut PgConnection| {
        changeable(conn, id)?;
        if !models::schedules::delete_version(conn, id.0, from_day)? {
            return Err(ApiError::NotFound("version of this schedule"));
        }
        if from_day <= days::today(conn, Utc::now())? {
            return Err(ApiError::invalid(
                "from_day",
                "These rules have begun: let others follow them instead.",
            ));
        }
        rules_changed(conn, id.0, from_day)?;
        audit(conn, by, "schedule.version_deleted", ("schedule", id.0), json!({ "from_day": from_day }))
    };
    app.db.run(move |conn| conn.transaction(delete)).await
}

fn rules_changed(conn: &mut PgConnection, schedule: Uuid, from: NaiveDate) -> Result<(), ApiError> {
    models::schedule_runs::forget(conn, schedule, from)?;
    for (row, _) in models::schedules::groups_of(conn, &[schedule])? {
        days::ask(conn, Some(row.group_id), from.max(row.from_day), row.until_day)?;
    }
    Ok(())
}

/// Gives a schedule to a group.
///
/// # Errors
/// 404; 409 where the group has it already in some of that time; 422.
pub async fn assign(
    app: &App,
    by: UserId,
    id: ScheduleId,
    request: AssignSchedule,
) -> Result<ScheduleGroup, ApiError> {
    let assign = move |conn: &mut PgConnection| {
        changeable(conn, id)?;
        let group =
            models::schedules::group_name(conn, request.group.0)?.ok_or(ApiError::NotFound("group"))?;
        let today = days::today(conn, Utc::now())?;
        let from_day = request.from_day.unwrap_or(today);
        check_first_day("from_day", from_day, today)?;
        if let Some(until) = request.until_day {
            check_day("until_day", until)?;
            if until <= from_day {
                return Err(ApiError::invalid("until_day", BACKWARDS));
            }
        }
        let row = GroupSchedule {
            id: Uuid::now_v7(),
            group_id: request.group.0,
            schedule_id: id.0,
            from_day,
            until_day: request.until_day,
        };
        models::schedules::assign(conn, &row)?;
        days::ask(conn, Some(row.group_id), from_day, row.until_day)?;
        let detail = json!({ "group": row.group_id, "from_day": from_day, "until_day": row.until_day });
        audit(conn, by, "schedule.assigned", ("schedule", id.0), detail)?;
        Ok(assignment_view(&row, group))
    };
    app.db.run(move |conn| conn.transaction(assign)).await
}

/// Takes a schedule from a group, from today on.
///
/// # Errors
/// 404.
pub async fn unassign(
    app: &App,
    by: UserId,
    id: ScheduleId,
    assignment: AssignmentId,
) -> Result<(), ApiError> {
    let unassign = move |conn: &mut PgConnection| {
        changeable(conn, id)?;
        let row = models::schedules::assignment(conn, id.0, assignment.0)
            .map_err(missing("assignment of this schedule"))?;
        let today = days::today(conn, Utc::now())?;
        if row.until_day.is_some_and(|until| until <= today) {
            return Err(ApiError::NotFound("assignment that lasts"));
        }
        models::schedules::end_assignment(conn, &row, today)?;
        days::ask(conn, Some(row.group_id), today, None)?;
        audit(conn, by, "schedule.unassigned", ("schedule", id.0), json!({ "group": row.group_id }))
    };
    app.db.run(move |conn| conn.transaction(unassign)).await
}

/// An instance as clients see it.
fn instance_view(one: &Instance) -> InstanceView {
    InstanceView {
        day: one.day,
        slot: one.slot,
        name: one.name().cloned(),
        starts_at: one.starts_at,
        ends_at: one.ends_at,
        opens_at: one.opens_at,
        closes_at: one.closes_at,
    }
}

/// When a schedule's slots happen on the days `[from, to)`.
///
/// # Errors
/// 404; 422 for a range that is empty or longer than 366 days.
pub async fn preview(
    app: &App,
    id: ScheduleId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<InstanceView>, ApiError> {
    check_range(("from", from), ("to", to))?;
    let preview = move |conn: &mut PgConnection| {
        models::schedules::find(conn, id.0).map_err(missing("schedule"))?;
        let zone = days::site_zone(conn)?;
        let schedules = days::schedules(conn, &[id.0], zone)?;
        let all = schedules.iter().flat_map(|schedule| instances(schedule, from, to - Days::new(1)));
        Ok(all.map(|one| instance_view(&one)).collect())
    };
    app.db.run(preview).await
}

/// The holidays that have a day in `[from, to)` and are everybody's or of a group that the caller sees.
///
/// # Errors
/// 422 for a range that is empty or longer than 366 days.
pub async fn holidays(
    app: &App,
    scope: Scope,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Vec<HolidayView>, ApiError> {
    let list = move |conn: &mut PgConnection| {
        let from = match from {
            Some(from) => from,
            None => days::today(conn, Utc::now())?,
        };
        check_day("from", from)?;
        let to = to.unwrap_or(from + Days::new(366));
        check_range(("from", from), ("to", to))?;
        let rows = models::holidays::between(conn, from, to - Days::new(1))?;
        let seen = rows.into_iter().filter(|(row, _)| row.group_id.is_none_or(|id| scope.sees_group(id)));
        Ok(seen.map(|(row, group)| holiday_view(row, group)).collect())
    };
    app.db.run(list).await
}

fn holiday_view(row: Holiday, group: Option<String>) -> HolidayView {
    HolidayView {
        id: HolidayId(row.id),
        group: row.group_id.zip(group).map(|(id, name)| GroupRef { id: GroupId(id), name }),
        name: row.name,
        from_day: row.from_day,
        until_day: row.until_day,
    }
}

/// Adds a holiday, which may be past: a day on which snow kept everybody at home.
///
/// # Errors
/// 404 for a group that there is not, 422.
pub async fn add_holiday(app: &App, by: UserId, request: CreateHoliday) -> Result<HolidayView, ApiError> {
    check_range(("from_day", request.from_day), ("until_day", request.until_day))?;
    let name = checked_name(&request.name)?;
    let add = move |conn: &mut PgConnection| {
        let group = match request.group {
            Some(id) => {
                let name = models::schedules::group_name(conn, id.0)?;
                Some(name.ok_or(ApiError::NotFound("group"))?)
            }
            None => None,
        };
        let row = Holiday {
            id: Uuid::now_v7(),
            group_id: request.group.map(|id| id.0),
            name,
            from_day: request.from_day,
            until_day: request.until_day,
        };
        models::holidays::insert(conn, &row)?;
        days::ask(conn, row.group_id, row.from_day, Some(row.until_day))?;
        let detail = json!({ "name": row.name, "from_day": row.from_day, "until_day": row.until_day });
        audit(conn, by, "holiday.created", ("holiday", row.id), detail)?;
        Ok(holiday_view(row, group))
    };
    app.db.run(move |conn| conn.transaction(add)).await
}

/// Deletes a holiday.
///
/// # Errors
/// 404.
pub async fn delete_holiday(app: &App, by: UserId, id: HolidayId) -> Result<(), ApiError> {
    let delete = move |conn: &mut PgConnection| {
        let row = models::holidays::delete(conn, id.0).map_err(missing("holiday"))?;
        days::ask(conn, row.group_id, row.from_day, Some(row.until_day))?;
        audit(conn, by, "holiday.deleted", ("holiday", id.0), json!({ "name": row.name }))
    };
    app.db.run(move |conn| conn.transaction(delete)).await
}
