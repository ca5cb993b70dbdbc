//! Arrivals that somebody looked at: wrong ones are voided or given to somebody else, never deleted; those in doubt are
//! confirmed.

use std::ops::Bound;

use chrono::Utc;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{ArrivalId, ArrivalView, PersonId, ReassignArrival, UserId, VoidArrival};
use uuid::Uuid;

use crate::domain::attendance::{days, sheet};
use crate::domain::gallery_sync::decode_template;
use crate::domain::{arrivals, master_key, non_matches};
use crate::error::ApiError;
use crate::keys::Sealed;
use crate::models;
use crate::models::arrivals::{Arrival, NewArrival};
use crate::models::audit::Actor;
use crate::models::scope::{Scope, sees_person};
use crate::state::App;

/// Who voids, whose arrivals they see, and why they do it.
struct Voiding {
    by: UserId,
    scope: Scope,
    reason: String,
}

/// Voids an arrival: it counts no more, and stays to be seen as voided.
///
/// # Errors
/// 403 for the caller's own, 404, 409 for one that is voided, 422 without a reason.
pub async fn void(
    app: &App,
    (by, scope): (UserId, Scope),
    id: ArrivalId,
    request: VoidArrival,
) -> Result<ArrivalView, ApiError> {
    let voiding = Voiding { by, scope, reason: sheet::checked_text("reason", &request.reason)? };
    let task = app.clone();
    app.db
        .run(move |conn| {
            let view = conn.transaction(|conn| {
                let row = voiding.void(conn, id)?;
                // The person is held before the gallery's revision, as by whoever changes a person.
                days::arrived(conn, &[row.person_id], row.at)?;
                let learnt = request.not_this_person && not_this_person(conn, &task, by, &row)?;
                let detail = json!({ "person": row.person_id, "at": row.at, "reason": voiding.reason,
                    "not_this_person": request.not_this_person, "non_match": learnt });
                voiding.audit(conn, "arrival.voided", id, detail)?;
                voiding.view(conn, id.0)
            })?;
            task.follow_own_change(conn);
            Ok(view)
        })
        .await
}

/// Gives an arrival to somebody else: a new one that names the voided one it stands in for. Where that person has
/// arrived there at the time already, that arrival stands. Says whether one was written.
///
/// # Errors
/// 403 where it is the caller's own or would be, 404 for an arrival or a person that is not there or not seen, 409 for an
/// arrival that is voided, 422 without a reason, for the same person or for somebody archived.
pub async fn reassign(
    app: &App,
    (by, scope): (UserId, Scope),
    id: ArrivalId,
    request: ReassignArrival,
) -> Result<(ArrivalView, bool), ApiError> {
    let voiding = Voiding { by, scope, reason: sheet::checked_text("reason", &request.reason)? };
    let (task, person) = (app.clone(), request.person);
    app.db
        .run(move |conn| {
            let result = conn.transaction(|conn| {
                if !sees_person(conn, &voiding.scope, person.0)? {
                    return Err(ApiError::NotFound("person"));
                }
                check_not_own(conn, by, person.0)?;
                if models::people::find(conn, person.0)?.archived_at.is_some() {
                    let what = "This person is archived: choose somebody else, or restore them first.";
                    return Err(ApiError::invalid("person", what));
                }
                let row = voiding.void(conn, id)?;
                if row.person_id == person.0 {
                    return Err(ApiError::invalid("person", "The arrival is this person's already."));
                }
                let (standing, new) = voiding.insert_for(conn, &row, person)?;
                days::arrived(conn, &[row.person_id, person.0], row.at)?;
                not_this_person(conn, &task, by, &row)?;
                let detail = json!({ "from": row.person_id, "to": person, "at": row.at, "arrival": standing,
                    "reason": voiding.reason });
                voiding.audit(conn, "arrival.reassigned", id, detail)?;
                Ok((voiding.view(conn, standing)?, new))
            })?;
            task.follow_own_change(conn);
            Ok(result)
        })
        .await
}

/// Lets an arrival in doubt stand. What its day is was worked out with it before; nothing changes there.
///
/// # Errors
/// 403 for the caller's own, 404, 409 for one that is voided or not in doubt.
pub async fn confirm(
    app: &App,
    (by, scope): (UserId, Scope),
    id: ArrivalId,
) -> Result<ArrivalView, ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let row = find(conn, &scope, id.0)?;
                check_not_own(conn, by, row.person_id)?;
                if !models::arrivals::confirm(conn, id.0, (Utc::now(), by.0))? {
                    let voided = row.voided_at.is_some();
                    return Err(if voided { ApiError::ArrivalVoided } else { ApiError::ArrivalCertain });
                }
                models::arrivals::notify(conn)?;
                let detail = json!({ "person": row.person_id, "at": row.at, "provisional": row.provisional,
                    "time_unproven": row.time_unproven });
                let subject = ("arrival", Some(id.0));
                models::audit::insert(conn, Actor::User(by.0), "arrival.confirmed", subject, detail)?;
                let row = find(conn, &scope, id.0)?;
                arrivals::views(conn, vec![row])?.pop().ok_or(ApiError::NotFound("arrival"))
            })
        })
        .await
}

fn find(conn: &mut PgConnection, scope: &Scope, id: Uuid) -> Result<Arrival, ApiError> {
    models::arrivals::find(conn, scope, id).map_err(|error| crate::error::missing(error, "arrival"))
}

/// Nobody settles what their own attendance is made of, as nobody marks it.
fn check_not_own(conn: &mut PgConnection, by: UserId, person: Uuid) -> Result<(), ApiError> {
    if models::scope::person_of(conn, by.0)? == Some(person) {
        return Err(ApiError::Forbidden(
            "Nobody settles their own arrivals: somebody else has to look at this one.",
        ));
    }
    Ok(())
}

impl Voiding {
    fn find(&self, conn: &mut PgConnection, id: Uuid) -> Result<Arrival, ApiError> {
        find(conn, &self.scope, id)
    }

    fn void(&self, conn: &mut PgConnection, id: ArrivalId) -> Result<Arrival, ApiError> {
        let row = self.find(conn, id.0)?;
        check_not_own(conn, self.by, row.person_id)?;
        if models::arrivals::void(conn, id.0, (Utc::now(), self.by.0, &self.reason))? {
            Ok(row)
        } else {
            Err(ApiError::ArrivalVoided)
        }
    }

    fn view(&self, conn: &mut PgConnection, id: Uuid) -> Result<ArrivalView, ApiError> {
        let row = self.find(conn, id)?;
        arrivals::views(conn, vec![row])?.pop().ok_or(ApiError::NotFound("arrival"))
    }

    fn audit(
        &self,
        conn: &mut PgConnection,
        action: &str,
        id: ArrivalId,
        detail: serde_json::Value,
    ) -> Result<(), ApiError> {
        Ok(models::audit::insert(conn, Actor::User(self.by.0), action, ("arrival", Some(id.0)), detail)?)
    }

    /// Writes the arrival in another's place; its id, and whether it is new.
    fn insert_for(
        &self,
        conn: &mut PgConnection,
        wrong: &Arrival,
        person: PersonId,
    ) -> Result<(Uuid, bool), ApiError> {
        let (span, captured_at, received_at, source_address, time_unproven) =
            models::arrivals::sent(conn, wrong.id)?;
        let row = NewArrival {
            id: Uuid::now_v7(),
            person_id: person.0,
            feed_id: wrong.feed_id,
            at: wrong.at,
            span,
            captured_at,
            received_at,
            method: "manual",
            model_pack: None,
            similarity: None,
            margin: None,
            runner_up: None,
            runner_up_similarity: None,
            threshold: None,
            min_margin: None,
            liveness: None,
            sender_kind: "user",
            sender_id: self.by.0,
            source_kind: "post",
            source_address,
            time_unproven,
            // Who it was is known by whoever gives it to them.
            provisional: false,
            liveness_evidence: None,
            reassigned_from: Some(wrong.id),
        };
        if models::arrivals::insert_once(conn, &row)? {
            models::arrivals::notify(conn)?;
            return Ok((row.id, true));
        }
        let until = match span.1 {
            Bound::Included(end) | Bound::Excluded(end) => end,
            Bound::Unbounded => wrong.at,
        };
        let standing = models::arrivals::overlapping(conn, person.0, wrong.feed_id, wrong.at, until)?;
        let first =
            standing.first().ok_or_else(|| anyhow::anyhow!("an arrival stood in the way and is gone"))?;
        Ok((first.0, false))
    }
}

/// Makes the face that an arrival was decided on one that is not the person's, where it is still kept; says whether
/// it was.
fn not_this_person(conn: &mut PgConnection, app: &App, by: UserId, row: &Arrival) -> Result<bool, ApiError> {
    let Some(probe) = models::arrival_probes::take(conn, row.id)? else { return Ok(false) };
    let person = PersonId(row.person_id);
    let Some(key) = models::biometrics::key(conn, person.0)? else { return Ok(false) };
    let key = app.keys.unwrap(person, &master_key::wrapped(key))?;
    let kind = Sealed::ArrivalProbe(ArrivalId(row.id), &probe.model_pack);
    let template = decode_template(&key.open(kind, &probe.sealed)?)?;
    non_matches::insert(conn, by, &key, (person, &probe.model_pack), &template)?;
    models::gallery::touch(conn, &[person.0])?;
    Ok(true)
}
