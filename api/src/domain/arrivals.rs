//! Arrivals: writing one exactly once, reading them again.

use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use ipnetwork::IpNetwork;
use recognizer_types::Embedding;
use serde_json::json;
use types::{
    ArrivalDoubt, ArrivalId, ArrivalMethod, ArrivalView, FeedId, FeedRef, PersonId, PersonRef, PhotoId,
    UserId, VoidedView,
};
use uuid::Uuid;

use crate::domain::attendance::days;
use crate::domain::clock::{self, FrameTime};
use crate::domain::gallery_sync::encode_template;
use crate::domain::master_key;
use crate::domain::replays::Origin;
use crate::error::ApiError;
use crate::keys::{MasterKeys, Sealed};
use crate::models::arrival_probes::Probe;
use crate::models::arrivals::{Arrival, NewArrival};
use crate::models::audit::Actor;
use crate::models::scope::Scope;
use crate::models::{self, people};
use decision::{Match, Rule};

/// Who sent a frame, how, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The feed's token or an admin.
    pub sender: Actor,
    /// `post`, `live`, `kiosk`, or `replay` for a frame that was kept.
    pub kind: &'static str,
    /// Which device took the frame, where its sender says so.
    pub origin: Option<Origin>,
    /// The sender's address.
    pub address: Option<IpNetwork>,
}

/// A person seen at a feed.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// Where.
    pub feed: FeedId,
    /// Who.
    pub person: PersonId,
    /// What speaks for it.
    pub proof: Proof,
    /// When.
    pub time: FrameTime,
    /// The feed's window.
    pub dedup_seconds: i32,
    /// Who sent the frame, or what was shown.
    pub source: Source,
}

/// What speaks for a sighting.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A face.
    Face(Box<Face>),
    /// Staff number and PIN.
    Pin,
    /// A badge.
    Badge,
}

/// A face that was matched.
#[derive(Debug, Clone)]
pub struct Face {
    /// Whose it is, and by how much.
    pub found: Match,
    /// The rule it was judged by.
    pub rule: Rule,
    /// The pack that made the score.
    pub model_pack: String,
    /// Liveness evidence, 0 to 1.
    pub liveness: Option<f32>,
    /// What it was made of.
    pub liveness_evidence: Option<serde_json::Value>,
    /// The face itself, while faces are kept for review.
    pub probe: Option<Embedding>,
}

impl Sighting {
    /// Whether somebody showed a PIN or a badge that nobody could check at that moment.
    fn is_provisional(&self) -> bool {
        !matches!(self.proof, Proof::Face(_)) && self.time.is_replay()
    }

    /// Why somebody is to look at it: it is provisional, its time is unproven.
    fn doubts(&self) -> (bool, bool) {
        (self.is_provisional(), self.time.unproven)
    }
}

/// The arrival that stands for a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub id: ArrivalId,
    /// Until when sightings of the person at the feed belong to it.
    pub until: DateTime<Utc>,
    /// Whether this sighting wrote it.
    pub new: bool,
}

/// Writes the arrival of a sighting, or finds the one that it belongs to.
///
/// The exclusion constraint decides, not this code: of two writers one inserts and the other, having waited
/// for the first to commit, finds that row. A replay from before the row moves it back in time, audited.
///
/// # Errors
/// 404 when the person or feed is gone, 503 when the database is.
pub fn record(conn: &mut PgConnection, keys: &MasterKeys, sighting: &Sighting) -> Result<Recorded, ApiError> {
    // Each turn either inserts or finds what stood in the way; a row can vanish in between, so try again.
    for _ in 0..5 {
        if let Some(recorded) = conn.transaction(|conn| try_record(conn, keys, sighting))? {
            return Ok(recorded);
        }
    }
    Err(ApiError::Internal(anyhow::anyhow!("an arrival could neither be written nor found")))
}

fn try_record(
    conn: &mut PgConnection,
    keys: &MasterKeys,
    sighting: &Sighting,
) -> Result<Option<Recorded>, ApiError> {
    let at = sighting.time.captured_at;
    let window = TimeDelta::seconds(sighting.dedup_seconds.into());
    let row = new_arrival(sighting, at, at + window);
    if models::arrivals::insert_once(conn, &row)? {
        models::arrivals::notify(conn)?;
        if sighting.time.is_replay() {
            audit_time(conn, sighting, row.id, "arrival.back_dated", json!({ "at": at }))?;
        }
        keep_probe(conn, keys, sighting, row.id)?;
        days::arrived(conn, &[row.person_id], at)?;
        return Ok(Some(Recorded { id: ArrivalId(row.id), until: at + window, new: true }));
    }
    let standing = models::arrivals::overlapping(conn, sighting.person.0, sighting.feed.0, at, at + window)?;
    // The earliest that covers the sighting, else the one that begins after it, which moves back.
    let Some((id, stood_at, span)) = standing.into_iter().next() else { return Ok(None) };
    let until = match span.1 {
        Bound::Included(end) | Bound::Excluded(end) => end,
        Bound::Unbounded => at + window,
    };
    if stood_at <= at {
        return Ok(Some(Recorded { id: ArrivalId(id), until, new: false }));
    }
    // Only the start moves: what the row already stands for it goes on standing for. A time in doubt comes with its doubt.
    let span = (Bound::Included(at), Bound::Excluded(until));
    models::arrivals::move_back(conn, id, at, span, sighting.doubts())?;
    models::arrivals::notify(conn)?;
    audit_time(conn, sighting, id, "arrival.moved_back", json!({ "from": stood_at, "to": at }))?;
    days::arrived(conn, &[sighting.person.0], stood_at)?;
    days::arrived(conn, &[sighting.person.0], at)?;
    Ok(Some(Recorded { id: ArrivalId(id), until, new: false }))
}

/// Keeps the face that decided, for as long as faces are kept for review: should it turn out to be somebody else's, it
/// is not taken for this person again.
fn keep_probe(
    conn: &mut PgConnection,
    keys: &MasterKeys,
    sighting: &Sighting,
    arrival: Uuid,
) -> Result<(), ApiError> {
    let Proof::Face(face) = &sighting.proof else { return Ok(()) };
    let Some(probe) = &face.probe else { return Ok(()) };
    let settings = models::review::settings(conn)?;
    let person = sighting.person;
    let (true, Some(key)) = (settings.enabled, models::biometrics::key(conn, person.0)?) else {
        return Ok(());
    };
    let key = keys.unwrap(person, &master_key::wrapped(key))?;
    let kind = Sealed::ArrivalProbe(ArrivalId(arrival), &face.model_pack);
    let row = Probe {
        arrival_id: arrival,
        person_id: person.0,
        model_pack: face.model_pack.clone(),
        sealed: key.seal(kind, &encode_template(&probe.0))?,
        expires_at: sighting.time.received_at + TimeDelta::hours(settings.keep_hours.into()),
    };
    Ok(models::arrival_probes::insert(conn, &row)?)
}

fn audit_time(
    conn: &mut PgConnection,
    sighting: &Sighting,
    id: Uuid,
    action: &str,
    mut detail: serde_json::Value,
) -> Result<(), ApiError> {
    if let Some(Origin { device, sequence }) = sighting.source.origin {
        (detail["device"], detail["sequence"]) = (json!(device), json!(sequence));
    }
    models::audit::insert(conn, sighting.source.sender, action, ("arrival", Some(id)), detail)?;
    Ok(())
}

fn new_arrival(sighting: &Sighting, at: DateTime<Utc>, until: DateTime<Utc>) -> NewArrival {
    let (sender_kind, sender_id) = sighting.source.sender.columns();
    let (method, face) = match &sighting.proof {
        Proof::Face(face) => ("face", Some(face)),
        Proof::Pin => ("pin", None),
        Proof::Badge => ("qr", None),
    };
    let runner_up = face.and_then(|face| face.found.runner_up);
    NewArrival {
        id: Uuid::now_v7(),
        person_id: sighting.person.0,
        feed_id: sighting.feed.0,
        at,
        span: (Bound::Included(at), Bound::Excluded(until)),
        captured_at: at,
        received_at: sighting.time.received_at,
        method,
        model_pack: face.map(|face| face.model_pack.clone()),
        similarity: face.map(|face| face.found.similarity),
        margin: face.and_then(|face| face.found.margin),
        runner_up: runner_up.map(|other| other.person.0),
        runner_up_similarity: runner_up.map(|other| other.score),
        threshold: face.map(|face| face.rule.threshold),
        min_margin: face.map(|face| face.rule.margin),
        liveness: face.and_then(|face| face.liveness),
        sender_kind,
        sender_id: sender_id.unwrap_or_default(),
        source_kind: sighting.source.kind,
        source_address: sighting.source.address,
        time_unproven: sighting.time.unproven,
        provisional: sighting.is_provisional(),
        liveness_evidence: face.and_then(|face| face.liveness_evidence.clone()),
        reassigned_from: None,
    }
}

/// Why somebody should look at an arrival that counts, until somebody did.
pub fn doubt(row: &Arrival) -> Option<ArrivalDoubt> {
    match row {
        Arrival { confirmed_at: Some(_), .. } | Arrival { voided_at: Some(_), .. } => None,
        Arrival { provisional: true, .. } => Some(ArrivalDoubt::Provisional),
        Arrival { time_unproven: true, .. } => Some(ArrivalDoubt::TimeUnproven),
        _ => None,
    }
}

/// Turns rows into what clients see, with an avatar each.
///
/// # Errors
/// When the database fails.
pub fn views(conn: &mut PgConnection, rows: Vec<Arrival>) -> Result<Vec<ArrivalView>, ApiError> {
    let mut people: Vec<Uuid> = rows.iter().map(|row| row.person_id).collect();
    people.sort_unstable();
    people.dedup();
    let photos: std::collections::HashMap<Uuid, Uuid> =
        models::biometrics::first_photos(conn, &people)?.into_iter().collect();
    Ok(rows
        .into_iter()
        .map(|row| ArrivalView {
            doubt: doubt(&row),
            id: ArrivalId(row.id),
            person: PersonRef {
                id: PersonId(row.person_id),
                name: row.person_name,
                photo: photos.get(&row.person_id).copied().map(PhotoId),
            },
            feed: FeedRef { id: FeedId(row.feed_id), name: row.feed_name },
            at: row.at,
            recorded_at: row.recorded_at,
            similarity: row.similarity,
            margin: row.margin,
            liveness: row.liveness,
            method: match row.method.as_str() {
                "pin" => ArrivalMethod::Pin,
                "qr" => ArrivalMethod::Qr,
                "manual" => ArrivalMethod::Manual,
                _ => ArrivalMethod::Face,
            },
            reassigned_from: row.reassigned_from.map(ArrivalId),
            voided: row.voided_at.zip(row.voided_by).map(|(at, by)| VoidedView {
                at,
                by: UserId(by),
                reason: row.void_reason.unwrap_or_default(),
            }),
        })
        .collect())
}

/// Reads the newest arrivals with the names asked for.
///
/// # Errors
/// When the database fails.
pub fn list(
    conn: &mut PgConnection,
    filter: &models::arrivals::ArrivalFilter,
    limit: i64,
) -> Result<(Vec<ArrivalView>, Option<String>), ApiError> {
    let mut rows = models::arrivals::list(conn, filter, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| format!("{}_{}", row.at.timestamp_micros(), row.id));
    Ok((views(conn, rows)?, next))
}

/// Reads the position that [`list`] gave as `next`.
///
/// # Errors
/// 422 when it is not one.
pub fn parse_position(text: &str) -> Result<(DateTime<Utc>, Uuid), ApiError> {
    let parsed = text.split_once('_').and_then(|(micros, id)| {
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
    });
    let parsed = parsed.filter(|(at, _)| clock::check_range("after", Some(*at)).is_ok());
    parsed.ok_or_else(|| ApiError::invalid("after", "Pass the `next` of the page before."))
}

/// People seen and arrivals since a moment, and how many people there are, of those who may be seen.
///
/// # Errors
/// When the database fails.
pub fn counts_since(
    conn: &mut PgConnection,
    scope: &Scope,
    since: DateTime<Utc>,
) -> Result<(i64, i64, i64), ApiError> {
    let (present, arrivals) = models::arrivals::count_since(conn, scope, since)?;
    Ok((present, arrivals, people::count(conn, scope)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_other_makes_are_refused() {
        assert!(parse_position("nonsense").is_err());
        assert!(parse_position("1763640000000000_00000000-0000-0000-0000-000000000001").is_ok());
    }
}
