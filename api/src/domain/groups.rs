//! Groups: classes, teams and sites, and who belongs to them from which day to which.

use chrono::{Datelike, NaiveDate};
use diesel::{Connection, PgConnection};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use types::{
    AddMember, CreateGroup, GroupDeleted, GroupId, GroupKind, GroupRef, GroupView, MembershipId,
    MembershipView, Page, PersonId, PersonMembership, PersonRef, PhotoId, UpdateGroup, UpdateMember, UserId,
};
use uuid::Uuid;

use crate::domain::attendance::days;
use crate::domain::names;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::groups::{Group, GroupChanges, Membership};
use crate::models::scope::{self, Scope};

/// What to do once memberships of people have changed from a day on: what is expected of them has changed with it.
///
/// # Errors
/// When the database fails.
pub fn memberships_changed(
    conn: &mut PgConnection,
    people: &[Uuid],
    from: Option<NaiveDate>,
) -> Result<(), ApiError> {
    days::people_changed(conn, people, from)
}

/// The groups that a caller may see, by name.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut PgConnection, scope: &Scope) -> Result<Vec<GroupView>, ApiError> {
    let rows = match scope {
        Scope::Everyone => models::groups::list(conn, None)?,
        Scope::Groups(ids) => models::groups::list(conn, Some(ids))?,
        Scope::Person(_) | Scope::Nobody => Vec::new(),
    };
    Ok(rows.into_iter().map(view).collect())
}

/// One group.
///
/// # Errors
/// 404, also for one outside the caller's scope.
pub fn find(conn: &mut PgConnection, scope: &Scope, id: GroupId) -> Result<GroupView, ApiError> {
    if !scope.sees_group(id.0) {
        return Err(ApiError::NotFound("group"));
    }
    models::groups::list(conn, Some(&[id.0]))?.pop().map(view).ok_or(ApiError::NotFound("group"))
}

fn view((group, members): (Group, i64)) -> GroupView {
    GroupView { id: GroupId(group.id), name: group.name, kind: kind(&group.kind), members }
}

fn kind(name: &str) -> GroupKind {
    GroupKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or_default()
}

/// Makes a group.
///
/// # Errors
/// 422, 409 for a name that is taken.
pub fn create(conn: &mut PgConnection, by: UserId, request: CreateGroup) -> Result<GroupView, ApiError> {
    let group = Group {
        id: Uuid::now_v7(),
        name: checked_name(&request.name)?,
        kind: request.kind.name().to_owned(),
    };
    conn.transaction(|conn| {
        models::groups::insert(conn, &group)?;
        audit(conn, by, "group.created", group.id, json!({ "name": group.name, "kind": group.kind }))?;
        Ok(view((group, 0)))
    })
}

/// Changes a group.
///
/// # Errors
/// 404, 422, 409 for a name that is taken.
pub fn update(
    conn: &mut PgConnection,
    by: UserId,
    id: GroupId,
    request: UpdateGroup,
) -> Result<GroupView, ApiError> {
    let changes = GroupChanges {
        name: request.name.as_deref().map(checked_name).transpose()?,
        kind: request.kind.map(|kind| kind.name().to_owned()),
    };
    conn.transaction(|conn| {
        let before = models::groups::find(conn, id.0).map_err(missing_group)?;
        let after = models::groups::update(conn, id.0, &changes)?;
        let detail = json!({ "before": { "name": before.name, "kind": before.kind },
            "after": { "name": after.name, "kind": after.kind } });
        audit(conn, by, "group.updated", id.0, detail)?;
        find(conn, &Scope::Everyone, id)
    })
}

/// Deletes a group and says what hung on it. What was worked out of attendance stays.
///
/// # Errors
/// 404.
pub fn delete(conn: &mut PgConnection, by: UserId, id: GroupId) -> Result<GroupDeleted, ApiError> {
    conn.transaction(|conn| {
        let group = models::groups::find(conn, id.0).map_err(missing_group)?;
        let people = models::groups::people_of(conn, id.0)?;
        let hung = models::groups::hanging(conn, id.0)?;
        models::groups::delete(conn, id.0)?;
        let from = models::settings::today(conn)?;
        memberships_changed(conn, &people, Some(from))?;
        let hung = GroupDeleted {
            memberships: hung.memberships,
            schedules: hung.schedules,
            holidays: hung.holidays,
            users: hung.users,
            feeds: hung.feeds,
        };
        audit(conn, by, "group.deleted", id.0, json!({ "name": group.name, "hung_on_it": hung }))?;
        Ok(hung)
    })
}

/// Whose membership to list.
#[derive(Debug, Clone, Copy)]
pub enum Days {
    /// Those that hold today.
    Today,
    /// Those that hold on a day.
    On(NaiveDate),
    /// All there ever were.
    All,
}

/// A page of a group's members.
///
/// # Errors
/// 404, also for a group outside the caller's scope; 422.
pub fn members(
    conn: &mut PgConnection,
    scope: &Scope,
    id: GroupId,
    days: Days,
    (offset, limit): (i64, i64),
) -> Result<Page<MembershipView>, ApiError> {
    find(conn, scope, id)?;
    let day = match days {
        Days::Today => Some(models::settings::today(conn)?),
        Days::On(day) => Some(checked_day("day", day)?),
        Days::All => None,
    };
    let (rows, total) = models::groups::memberships(conn, id.0, day, (offset, limit))?;
    let end = offset + rows.len() as i64;
    let next = (end < total && !rows.is_empty()).then(|| end.to_string());
    Ok(Page { items: membership_views(conn, rows)?, next, total: Some(total) })
}

fn membership_views(
    conn: &mut PgConnection,
    rows: Vec<(Membership, String)>,
) -> Result<Vec<MembershipView>, ApiError> {
    let people: Vec<Uuid> = rows.iter().map(|(row, _)| row.person_id).collect();
    let photos: HashMap<Uuid, Uuid> = models::biometrics::first_photos(conn, &people)?.into_iter().collect();
    let view = |(row, name): (Membership, String)| MembershipView {
        id: MembershipId(row.id),
        person: PersonRef {
            id: PersonId(row.person_id),
            name,
            photo: photos.get(&row.person_id).copied().map(PhotoId),
        },
        from_day: row.from_day,
        until_day: row.until_day,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The groups that a person belongs or belonged to, newest first.
///
/// # Errors
/// 404, also for a person outside the caller's scope.
pub fn memberships_of(
    conn: &mut PgConnection,
    scope: &Scope,
    person: PersonId,
) -> Result<Vec<PersonMembership>, ApiError> {
    if !scope::sees_person(conn, scope, person.0)? {
        return Err(ApiError::NotFound("person"));
    }
    let view = |(row, name): (Membership, String)| PersonMembership {
        id: MembershipId(row.id),
        group: GroupRef { id: GroupId(row.group_id), name },
        from_day: row.from_day,
        until_day: row.until_day,
    };
    Ok(models::groups::memberships_of(conn, person.0)?.into_iter().map(view).collect())
}

/// Puts a person into a group.
///
/// # Errors
/// 404; 422 for days that are no range, or a person who does not exist; 409 where they belong to it already in that time.
pub fn add_member(
    conn: &mut PgConnection,
    by: UserId,
    group: GroupId,
    request: AddMember,
) -> Result<MembershipView, ApiError> {
    conn.transaction(|conn| {
        models::groups::find(conn, group.0).map_err(missing_group)?;
        if !scope::sees_person(conn, &Scope::Everyone, request.person.0)? {
            return Err(ApiError::invalid("person", "There is no such person."));
        }
        let from_day = match request.from_day {
            Some(day) => day,
            None => models::settings::today(conn)?,
        };
        let row = Membership {
            id: Uuid::now_v7(),
            group_id: group.0,
            person_id: request.person.0,
            from_day: Some(from_day),
            until_day: request.until_day,
        };
        check_days(row.from_day, row.until_day)?;
        models::groups::insert_membership(conn, &row)?;
        memberships_changed(conn, &[row.person_id], row.from_day)?;
        audit(conn, by, "group.member_added", group.0, membership_detail(&row))?;
        one(conn, row)
    })
}

/// Changes the days of a membership.
///
/// # Errors
/// 404, 422, 409 where the days meet another membership of the same person.
pub fn update_member(
    conn: &mut PgConnection,
    by: UserId,
    (group, id): (GroupId, MembershipId),
    request: UpdateMember,
) -> Result<MembershipView, ApiError> {
    conn.transaction(|conn| {
        let before = models::groups::membership(conn, group.0, id.0).map_err(missing_membership)?;
        let after = Membership {
            from_day: request.from_day.unwrap_or(before.from_day),
            until_day: request.until_day.unwrap_or(before.until_day),
            ..before.clone()
        };
        check_days(after.from_day, after.until_day)?;
        models::groups::update_membership(conn, id.0, after.from_day, after.until_day)?;
        memberships_changed(conn, &[after.person_id], earlier(before.from_day, after.from_day))?;
        let detail = json!({ "before": membership_detail(&before), "after": membership_detail(&after) });
        audit(conn, by, "group.member_changed", group.0, detail)?;
        one(conn, after)
    })
}

/// Deletes a membership as if it had never been; to end one, give it an `until_day`.
///
/// # Errors
/// 404.
pub fn delete_member(
    conn: &mut PgConnection,
    by: UserId,
    (group, id): (GroupId, MembershipId),
) -> Result<(), ApiError> {
    conn.transaction(|conn| {
        let row = models::groups::membership(conn, group.0, id.0).map_err(missing_membership)?;
        models::groups::delete_membership(conn, id.0)?;
        memberships_changed(conn, &[row.person_id], row.from_day)?;
        audit(conn, by, "group.member_removed", group.0, membership_detail(&row))
    })
}

/// Has a person belong to exactly these groups from today on; groups that are not there yet are made.
///
/// # Errors
/// When the database fails.
pub fn set_for_person(conn: &mut PgConnection, person: PersonId, names: &[String]) -> Result<(), ApiError> {
    let today = models::settings::today(conn)?;
    let wanted: Vec<(Uuid, Uuid)> =
        models::groups::find_or_insert(conn, names)?.into_iter().map(|group| (person.0, group)).collect();
    let changed = models::groups::set(conn, &[person.0], &wanted, today)?;
    memberships_changed(conn, &changed, Some(today))
}

fn one(conn: &mut PgConnection, row: Membership) -> Result<MembershipView, ApiError> {
    let name = models::people::find(conn, row.person_id)?.name;
    membership_views(conn, vec![(row, name)])?.pop().ok_or(ApiError::NotFound("membership"))
}

fn membership_detail(row: &Membership) -> serde_json::Value {
    json!({ "person": row.person_id, "from_day": row.from_day, "until_day": row.until_day })
}

/// The earlier of two first days, where none is the earliest of all.
fn earlier(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<NaiveDate> {
    one.zip(other).map(|(one, other)| one.min(other))
}

fn checked_name(name: &str) -> Result<String, ApiError> {
    let name = names::tidy(name);
    let mut fields = BTreeMap::new();
    names::check(&mut fields, "name", &name, 100);
    if fields.is_empty() { Ok(name) } else { Err(ApiError::Invalid(fields)) }
}

fn check_days(from: Option<NaiveDate>, until: Option<NaiveDate>) -> Result<(), ApiError> {
    let from = from.map(|day| checked_day("from_day", day)).transpose()?;
    let until = until.map(|day| checked_day("until_day", day)).transpose()?;
    match (from, until) {
        (Some(from), Some(until)) if from >= until => {
            Err(ApiError::invalid("until_day", "It must lie after `from_day`: it is the first day without."))
        }
        _ => Ok(()),
    }
}

fn checked_day(field: &str, day: NaiveDate) -> Result<NaiveDate, ApiError> {
    match day.year() {
        1900..=9999 => Ok(day),
        _ => Err(ApiError::invalid(field, "Use a day from the year 1900 to 9999.")),
    }
}

fn missing_group(error: diesel::result::Error) -> ApiError {
    crate::error::missing(error, "group")
}

fn missing_membership(error: diesel::result::Error) -> ApiError {
    crate::error::missing(error, "membership")
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    group: Uuid,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("group", Some(group)), detail)?)
}
