//! Requests to put a day right: anybody asks for themselves, somebody else decides, and the decision makes a mark.

use std::collections::HashMap;

use chrono::Utc;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    AskCorrection, AttendanceState, CorrectionId, CorrectionView, DecideCorrection, MarkState, PersonId,
    PersonRef, ScheduleId, ScheduleRef, UserId, UserRef,
};
use uuid::Uuid;

use super::instances::ALL_DAY;
use super::schedules::check_day;
use super::sheet::checked_text;
use super::{days, missing};
use crate::domain::arrivals::parse_position;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::corrections::{Correction, Decision, Named, NewCorrection};
use crate::models::marks::Mark;
use crate::models::scope::{Scope, sees_person};
use crate::state::App;

fn state(name: &str) -> MarkState {
    MarkState::ALL.into_iter().find(|state| state.name() == name).unwrap_or(MarkState::Present)
}

fn views(conn: &mut PgConnection, rows: Vec<Named>) -> Result<Vec<CorrectionView>, ApiError> {
    let users: Vec<Uuid> =
        rows.iter().flat_map(|(row, ..)| [Some(row.asked_by), row.decided_by]).flatten().collect();
    let names: HashMap<Uuid, String> = models::marks::names(conn, &users)?.into_iter().collect();
    let user = |id: Uuid| UserRef { id: UserId(id), email: names.get(&id).cloned() };
    rows.into_iter()
        .map(|(row, person, schedule)| {
            let current = models::corrections::current(conn, &row)?;
            let current =
                current.and_then(|name| AttendanceState::ALL.into_iter().find(|s| s.name() == name));
            Ok(CorrectionView {
                id: CorrectionId(row.id),
                person: PersonRef { id: PersonId(row.person_id), name: person, photo: None },
                schedule: ScheduleRef { id: ScheduleId(row.schedule_id), name: schedule },
                day: row.day,
                slot: row.slot,
                state: state(&row.state),
                current,
                reason: row.reason,
                asked_by: user(row.asked_by),
                asked_at: row.asked_at,
                approved: row.approved,
                decided_by: row.decided_by.map(user),
                decided_at: row.decided_at,
                decision_note: row.decision_note,
            })
        })
        .collect()
}

fn view(conn: &mut PgConnection, scope: &Scope, id: Uuid) -> Result<CorrectionView, ApiError> {
    let row = models::corrections::find(conn, scope, id).map_err(missing("request for a correction"))?;
    views(conn, vec![row])?.pop().ok_or(ApiError::NotFound("request for a correction"))
}

/// A page of the requests that somebody sees, all or one person's, newest first, and the position of the next.
///
/// # Errors
/// 422 for an `after` of another make.
pub async fn list(
    app: &App,
    scope: Scope,
    (open, person): (Option<bool>, Option<PersonId>),
    limit: i64,
    after: Option<String>,
) -> Result<(Vec<CorrectionView>, Option<String>), ApiError> {
    let after = after.as_deref().map(parse_position).transpose()?;
    let list = move |conn: &mut PgConnection| {
        let mut rows =
            models::corrections::list(conn, &scope, (open, person.map(|id| id.0)), after, limit + 1)?;
        let more = rows.len() as i64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = rows.last().filter(|_| more);
        let next = last.map(|(row, ..)| format!("{}_{}", row.asked_at.timestamp_micros(), row.id));
        Ok((views(conn, rows)?, next))
    };
    app.db.run(list).await
}

/// Asks for a correction, of the caller's own day or of that of somebody they see.
///
/// # Errors
/// 404 for a person or a period that is not there or not seen; 409 while a request for it is open; 422.
pub async fn ask(
    app: &App,
    (by, scope): (UserId, Scope),
    request: AskCorrection,
) -> Result<CorrectionView, ApiError> {
    check_day("day", request.day)?;
    let reason = checked_text("reason", &request.reason)?;
    let ask = move |conn: &mut PgConnection| {
        let person = match request.person {
            Some(person) => person.0,
            None => models::scope::person_of(conn, by.0)?
                .ok_or_else(|| ApiError::invalid("person", "Say whose day it is: no person is yours."))?,
        };
        if !sees_person(conn, &scope, person)? {
            return Err(ApiError::NotFound("person"));
        }
        let all_day = if request.schedule.0 == ALL_DAY { vec![person] } else { Vec::new() };
        let theirs = days::look(conn, &[person], request.day, &all_day, Utc::now())?;
        let wanted = (request.schedule.0, request.slot);
        if !theirs.iter().any(|one| (one.instance.schedule, one.instance.slot) == wanted) {
            return Err(ApiError::NotFound("period of this person on that day"));
        }
        let row = NewCorrection {
            id: Uuid::now_v7(),
            person_id: person,
            schedule_id: request.schedule.0,
            day: request.day,
            slot: request.slot,
            state: request.state.name(),
            reason,
            asked_by: by.0,
        };
        models::corrections::insert(conn, &row)?;
        audit(conn, by, "correction.asked", row.id, json!({ "person": person, "state": row.state }))?;
        view(conn, &scope, row.id)
    };
    app.db.run(move |conn| conn.transaction(ask)).await
}

/// Decides a request; what is granted becomes a mark.
///
/// # Errors
/// 403 for the caller's own request or day, 404, 409 for one that is decided, 422.
pub async fn decide(
    app: &App,
    (by, scope): (UserId, Scope),
    id: CorrectionId,
    request: DecideCorrection,
) -> Result<CorrectionView, ApiError> {
    let note = request.note.filter(|note| !note.trim().is_empty());
    let note = note.map(|note| checked_text("note", &note)).transpose()?;
    let decide = move |conn: &mut PgConnection| {
        let (seen, ..) =
            models::corrections::find(conn, &scope, id.0).map_err(missing("request for a correction"))?;
        // The same order as everywhere: the person first.
        models::attendance_days::lock(conn, &[seen.person_id])?;
        let row = models::corrections::lock(conn, id.0)?;
        if row.asked_by == by.0 || models::scope::person_of(conn, by.0)? == Some(row.person_id) {
            return Err(ApiError::Forbidden("Nobody decides a request of their own or for their own day."));
        }
        if row.approved.is_some() {
            return Err(ApiError::CorrectionDecided);
        }
        let now = Utc::now();
        let mark = request.approved.then(|| mark(&row, by, now));
        if let Some(mark) = &mark {
            models::marks::insert(conn, std::slice::from_ref(mark))?;
            days::recompute(conn, &[row.person_id], (row.day, row.day), now)?;
        }
        let decision = Decision {
            approved: request.approved,
            decided_by: by.0,
            decided_at: now,
            decision_note: note,
            mark_id: mark.map(|mark| mark.id),
        };
        models::corrections::decide(conn, id.0, &decision)?;
        let detail = json!({ "approved": request.approved, "person": row.person_id, "state": row.state });
        audit(conn, by, "correction.decided", id.0, detail)?;
        view(conn, &scope, id.0)
    };
    app.db.run(move |conn| conn.transaction(decide)).await
}

fn mark(row: &Correction, by: UserId, now: chrono::DateTime<Utc>) -> Mark {
    Mark {
        id: Uuid::now_v7(),
        person_id: row.person_id,
        schedule_id: row.schedule_id,
        day: row.day,
        slot: row.slot,
        state: Some(row.state.clone()),
        note: Some(row.reason.clone()),
        marked_by: by.0,
        marked_at: now,
    }
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    id: Uuid,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("correction", Some(id)), detail)?)
}
