//! Whose attendance of which days somebody asks for, checked against what they may see.

use chrono::{Datelike, NaiveDate};
use diesel::PgConnection;
use types::{GroupId, GroupRef, PersonId, PersonRef};
use uuid::Uuid;

use crate::error::{ApiError, missing};
use crate::models;
use crate::models::reports::Filter;
use crate::models::scope::{Scope, sees_person};

/// The most days that may be asked for at once.
pub const LONGEST: i64 = 366;

/// A selection that stands.
#[derive(Debug, Clone)]
pub struct Selection {
    /// What to read.
    pub filter: Filter,
    /// The group that was asked for.
    pub group: Option<GroupRef>,
    /// The person that was asked for.
    pub person: Option<PersonRef>,
}

/// Two local days, half-open.
///
/// # Errors
/// 422 for what is no day, lies beyond the calendars in use, or is empty or too long a range.
pub fn days(from: &str, to: &str, longest: i64) -> Result<(NaiveDate, NaiveDate), ApiError> {
    let (from, to) = (day("from", from)?, day("to", to)?);
    let length = (to - from).num_days();
    if length <= 0 {
        return Err(ApiError::invalid("to", "It must lie after `from`; it is the day after the last."));
    }
    if length > longest {
        return Err(ApiError::invalid(
            "to",
            format!("These are {length} days; at most {longest} can be asked for at once."),
        ));
    }
    Ok((from, to))
}

fn day(field: &str, text: &str) -> Result<NaiveDate, ApiError> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let day = day.ok_or_else(|| ApiError::invalid(field, "Give a day that exists, as YYYY-MM-DD."))?;
    if (1900..=9999).contains(&day.year()) {
        Ok(day)
    } else {
        Err(ApiError::invalid(field, "Use a day from the year 1900 to 9999."))
    }
}

/// Checks what is asked for against what may be seen. Attendance belongs to the group whose schedule asks for it; a
/// group without schedules on these days stands for its members' whole days.
///
/// # Errors
/// 404 for a group or person outside the scope, like one that does not exist.
pub fn select(
    conn: &mut PgConnection,
    scope: &Scope,
    (from, to): (NaiveDate, NaiveDate),
    group: Option<GroupId>,
    person: Option<PersonId>,
) -> Result<Selection, ApiError> {
    let group = group.map(|id| visible_group(conn, scope, id)).transpose()?;
    let person = person.map(|id| visible_person(conn, scope, id)).transpose()?;
    let (scope_groups, own) = reach(scope);
    let group_by_members = match &group {
        Some(group) => !models::reports::has_schedules(conn, group.id.0, from, to)?,
        None => false,
    };
    let filter = Filter {
        from,
        to,
        scope_groups,
        person: person.as_ref().map(|person| person.id.0).or(own),
        group: group.as_ref().map(|group| group.id.0),
        group_by_members,
    };
    Ok(Selection { filter, group, person })
}

/// The groups that a scope is confined to, and the person.
fn reach(scope: &Scope) -> (Option<Vec<Uuid>>, Option<Uuid>) {
    match scope {
        Scope::Everyone => (None, None),
        Scope::Groups(ids) => (Some(ids.clone()), None),
        Scope::Person(id) => (None, Some(*id)),
        Scope::Nobody => (Some(Vec::new()), None),
    }
}

fn visible_group(conn: &mut PgConnection, scope: &Scope, id: GroupId) -> Result<GroupRef, ApiError> {
    let name = if scope.sees_group(id.0) { models::reports::group_name(conn, id.0)? } else { None };
    Ok(GroupRef { id, name: name.ok_or(ApiError::NotFound("group"))? })
}

fn visible_person(conn: &mut PgConnection, scope: &Scope, id: PersonId) -> Result<PersonRef, ApiError> {
    if !sees_person(conn, scope, id.0)? {
        return Err(ApiError::NotFound("person"));
    }
    let person = models::people::find(conn, id.0).map_err(|error| missing(error, "person"))?;
    Ok(PersonRef { id, name: person.name, photo: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_days_that_exist_in_order_and_not_too_many() {
        let length = |from, to| days(from, to, LONGEST).map(|(from, to)| (to - from).num_days());
        assert_eq!(length("2026-05-01", "2026-05-02").expect("a day"), 1);
        assert_eq!(length("2024-01-01", "2025-01-01").expect("a leap year"), 366);
        assert_eq!(length("2024-02-29", "2024-03-01").expect("a leap day"), 1);
        for (from, to) in [
            ("2026-05-01", "2026-05-01"),
            ("2026-05-02", "2026-05-01"),
            ("2026-02-30", "2026-03-02"),
            ("2026-05-01", "2027-05-03"),
            ("1976-05-01", "2026-05-01"),
            ("1899-12-31", "1900-01-02"),
            ("2026-5-1", "2026-05-02"),
            ("+262000-01-01", "+262000-01-02"),
            ("today", "2026-05-02"),
            ("", ""),
        ] {
            assert!(matches!(length(from, to), Err(ApiError::Invalid(_))), "{from} {to}");
        }
    }
}
