//! The outbox as an admin sees it.

use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    AlertChannel, FeedId, FeedRef, MessageId, MessageState, MessageView, OutboxCounts, Page, PersonId,
    PersonRef, Retried, UserId,
};
use uuid::Uuid;

use super::text;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::outbox::Named;

/// States that an admin may end by hand.
const WAITING: [MessageState; 2] = [MessageState::Held, MessageState::Dead];

/// Messages, newest first.
///
/// # Errors
/// 422 for a wrong position.
pub fn list(
    conn: &mut PgConnection,
    state: Option<MessageState>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<MessageView>, ApiError> {
    let wrong = || ApiError::invalid("after", "Pass the `next` of the page before.");
    let before = after.map(|after| after.parse::<Uuid>().map_err(|_| wrong())).transpose()?;
    let mut rows = models::outbox::list(conn, state.map(MessageState::name), before, limit + 1)?;
    let more = i64::try_from(rows.len()).is_ok_and(|length| length > limit);
    if more {
        rows.pop();
    }
    let next = rows.last().filter(|_| more).map(|row| row.0.id.to_string());
    Ok(Page { items: rows.into_iter().map(view).collect(), next, total: None })
}

fn view((row, person, feed, webhook): Named) -> MessageView {
    let state = MessageState::ALL.into_iter().find(|state| state.name() == row.state);
    let channel = AlertChannel::ALL.into_iter().find(|channel| channel.name() == row.channel);
    MessageView {
        id: MessageId(row.id),
        kind: text::kind(&row),
        channel: channel.unwrap_or(AlertChannel::Email),
        to: webhook.unwrap_or(row.target),
        state: state.unwrap_or(MessageState::Pending),
        person: row.person_id.map(|id| PersonRef {
            id: PersonId(id),
            name: person.unwrap_or_default(),
            photo: None,
        }),
        feed: row.feed_id.map(|id| FeedRef { id: FeedId(id), name: feed.unwrap_or_default() }),
        created_at: row.created_at,
        not_before: row.not_before,
        attempts: row.attempts,
        last_error: row.last_error,
        sent_at: row.sent_at,
    }
}

/// How many messages there are in each state.
///
/// # Errors
/// 503.
pub fn counts(conn: &mut PgConnection) -> Result<OutboxCounts, ApiError> {
    let found = models::outbox::counts(conn)?;
    let of = |state: MessageState| found.iter().find(|(name, _)| name == state.name()).map_or(0, |(_, n)| *n);
    Ok(OutboxCounts {
        pending: of(MessageState::Pending),
        held: of(MessageState::Held),
        sent: of(MessageState::Sent),
        withdrawn: of(MessageState::Withdrawn),
        dead: of(MessageState::Dead),
    })
}

/// Has a held or dead message, with what shares its delivery, sent now.
///
/// # Errors
/// 404 where there is none that waits for it.
pub fn retry(conn: &mut PgConnection, by: UserId, id: MessageId) -> Result<Retried, ApiError> {
    conn.transaction(|conn| {
        let count = models::outbox::retry(conn, &WAITING.map(MessageState::name), Some(id.0))?;
        if count == 0 {
            return Err(ApiError::NotFound("dead or held message"));
        }
        audit(conn, by, "messages.retried", Some(id.0), count)
    })
}

/// Has all messages of a state sent now.
///
/// # Errors
/// 422 for a state in which nothing waits for it.
pub fn retry_all(conn: &mut PgConnection, by: UserId, state: MessageState) -> Result<Retried, ApiError> {
    if !WAITING.contains(&state) {
        return Err(ApiError::invalid("state", "Only dead and held messages are sent again."));
    }
    conn.transaction(|conn| {
        let count = models::outbox::retry(conn, &[state.name()], None)?;
        audit(conn, by, "messages.retried", None, count)
    })
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    id: Option<Uuid>,
    count: usize,
) -> Result<Retried, ApiError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let detail = json!({ "count": count });
    models::audit::insert(conn, Actor::User(by.0), action, ("message", id), detail)?;
    Ok(Retried { count })
}

/// Drops a message.
///
/// # Errors
/// 404, also while it is being sent.
pub fn delete(conn: &mut PgConnection, by: UserId, id: MessageId) -> Result<(), ApiError> {
    conn.transaction(|conn| {
        if !models::outbox::delete(conn, id.0)? {
            return Err(ApiError::NotFound("message, or it is being sent right now"));
        }
        audit(conn, by, "message.dropped", Some(id.0), 1).map(|_| ())
    })
}
