//! Analytics: counts for charts, within what the caller may see.

use chrono::{NaiveDate, Utc};
use chrono_tz::Tz;
use diesel::PgConnection;
use types::{
    Analytics, AnalyticsKind, GroupId, GroupLateness, GroupRef, GroupToday, HeatDay, PersonId, QuarterHour,
    RateOfDay, WeekdayArrivals,
};
use uuid::Uuid;

use crate::domain::reports::{share, state_of_letter};
use crate::domain::selection::{self, Selection};
use crate::error::ApiError;
use crate::models;
use crate::models::analytics::GroupLetters;
use crate::models::reports::Filter;
use crate::models::scope::Scope;

/// What is asked for.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Request {
    pub kind: AnalyticsKind,
    /// Days as they were written; today has none.
    pub from: Option<String>,
    pub to: Option<String>,
    pub group: Option<GroupId>,
    pub person: Option<PersonId>,
}

/// Counts what is asked for.
///
/// # Errors
/// 404 and 422 as the request deserves.
pub fn count(conn: &mut PgConnection, scope: &Scope, request: &Request) -> Result<Analytics, ApiError> {
    let zone: Tz = models::settings::get(conn)?.timezone.parse().unwrap_or(Tz::UTC);
    let days = days(request, Utc::now().with_timezone(&zone).date_naive())?;
    let Selection { filter, .. } = selection::select(conn, scope, days, request.group, request.person)?;
    match request.kind {
        AnalyticsKind::Rate => rate(conn, &filter),
        AnalyticsKind::ArrivalsByTime => arrivals_by_time(conn, &filter, zone),
        AnalyticsKind::LatenessByGroup => lateness(conn, &filter),
        AnalyticsKind::Heatmap if filter.person.is_none() => {
            Err(ApiError::invalid("person", "A heat map is of one person: say whose."))
        }
        AnalyticsKind::Heatmap => heatmap(conn, &filter),
        AnalyticsKind::Today => {
            let groups = today(models::analytics::letters_by_group(conn, &filter)?);
            Ok(Analytics::Today { date: days.0, groups })
        }
    }
}

fn days(request: &Request, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), ApiError> {
    match (request.kind, &request.from, &request.to) {
        (AnalyticsKind::Today, None, None) => Ok((today, today.succ_opt().unwrap_or(today))),
        (AnalyticsKind::Today, ..) => Err(ApiError::invalid("from", "Today needs no days: leave them out.")),
        (_, Some(from), Some(to)) => selection::days(from, to, selection::LONGEST),
        (_, None, _) => Err(ApiError::invalid("from", "Give the first day, as YYYY-MM-DD.")),
        (_, _, None) => Err(ApiError::invalid("to", "Give the day after the last, as YYYY-MM-DD.")),
    }
}

fn rate(conn: &mut PgConnection, filter: &Filter) -> Result<Analytics, ApiError> {
    let days = models::analytics::by_day(conn, filter)?;
    let days = days.into_iter().map(|counts| RateOfDay {
        day: counts.day,
        attended: counts.attended,
        absent: counts.absent,
        excused: counts.excused,
        holiday: counts.holiday,
        unconfirmed: counts.unconfirmed,
        expected: counts.expected,
        rate: share(counts.attended, counts.attended + counts.absent),
    });
    Ok(Analytics::Rate { days: days.collect() })
}

fn arrivals_by_time(conn: &mut PgConnection, filter: &Filter, zone: Tz) -> Result<Analytics, ApiError> {
    let quarters = models::analytics::by_quarter_hour(conn, filter, zone.name())?;
    let weekdays = models::analytics::by_weekday(conn, filter, zone.name())?;
    Ok(Analytics::ArrivalsByTime {
        quarters: quarters
            .into_iter()
            .map(|counts| QuarterHour { minute: counts.part, arrivals: counts.arrivals })
            .collect(),
        weekdays: weekdays
            .into_iter()
            .map(|counts| WeekdayArrivals {
                weekday: counts.part,
                arrivals: counts.arrivals,
                days: counts.days,
            })
            .collect(),
    })
}

fn lateness(conn: &mut PgConnection, filter: &Filter) -> Result<Analytics, ApiError> {
    let groups = models::analytics::lateness(conn, filter)?;
    let groups = groups.into_iter().map(|counts| GroupLateness {
        group: group_ref(counts.group_id, counts.group_name),
        attended: counts.attended,
        late: counts.late,
        share: share(counts.late, counts.attended),
        median_minutes: counts.median,
        p90_minutes: counts.p90,
    });
    Ok(Analytics::LatenessByGroup { groups: groups.collect() })
}

fn heatmap(conn: &mut PgConnection, filter: &Filter) -> Result<Analytics, ApiError> {
    let days = models::analytics::days_of_person(conn, filter)?;
    let days = days.into_iter().map(|day| HeatDay {
        day: day.day,
        state: state_of_letter(day.letter.chars().next().unwrap_or('N')),
        late_minutes: day.late_minutes,
    });
    Ok(Analytics::Heatmap { days: days.collect() })
}

fn group_ref(id: Option<Uuid>, name: Option<String>) -> Option<GroupRef> {
    Some(GroupRef { id: GroupId(id?), name: name? })
}

/// Puts the letters of each group together; they come in the order of groups.
fn today(letters: Vec<GroupLetters>) -> Vec<GroupToday> {
    let mut groups: Vec<GroupToday> = Vec::new();
    for GroupLetters { group_id, group_name, letter, people } in letters {
        let group = group_ref(group_id, group_name);
        if groups.last().is_none_or(|last| last.group != group) {
            groups.push(GroupToday {
                group,
                expected: 0,
                present: 0,
                late: 0,
                absent: 0,
                unconfirmed: 0,
                waiting: 0,
                excused: 0,
            });
        }
        let Some(counts) = groups.last_mut() else { continue };
        let place = match letter.as_str() {
            "E" => {
                counts.excused += people;
                continue;
            }
            "O" => continue,
            "L" => &mut counts.late,
            "A" => &mut counts.absent,
            "U" => &mut counts.unconfirmed,
            "N" => &mut counts.waiting,
            _ => &mut counts.present,
        };
        *place += people;
        counts.expected += people;
    }
    groups
}
