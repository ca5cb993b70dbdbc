//! What was of one person's days.

use chrono::NaiveDate;
use diesel::PgConnection;
use types::{AttendanceState, DayView, GroupId, GroupRef, PersonId, ScheduleId, ScheduleRef};

use super::schedules::check_range;
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
