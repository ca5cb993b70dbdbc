//! Reading the audit.

use diesel::PgConnection;
use serde_json::json;
use types::{AuditEntry, AuditParty, Page, UserId};

use crate::domain::audit_chain::hex;
use crate::error::ApiError;
use crate::models::audit::{self, Actor, AuditFilter, Named, Order};

/// How many entries are read at once for an export.
const BATCH: i64 = 500;

/// A page of entries, newest first; `before` is the `next` of the page before.
///
/// # Errors
/// 422 for a position of another make.
pub fn list(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    limit: i64,
    before: Option<&str>,
) -> Result<Page<AuditEntry<serde_json::Value>>, ApiError> {
    let before = match before {
        Some(text) => {
            text.parse().map_err(|_| ApiError::invalid("after", "Pass the `next` of the page before."))?
        }
        None => i64::MAX,
    };
    let mut rows = audit::list(conn, filter, Order::NewestBefore(before), limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| row.entry.id.to_string());
    Ok(Page { items: rows.into_iter().map(view).collect(), next, total: None })
}

/// The entries after an id, oldest first, as JSON lines, and the id of the last of them; none at the end.
///
/// # Errors
/// When the database fails.
pub fn lines_after(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    after: i64,
) -> Result<(String, Option<i64>), ApiError> {
    let rows = audit::list(conn, filter, Order::OldestAfter(after), BATCH)?;
    let last = rows.last().map(|row| row.entry.id);
    let mut lines = String::new();
    for row in rows {
        lines.push_str(&serde_json::to_string(&view(row)).map_err(anyhow::Error::from)?);
        lines.push('\n');
    }
    Ok((lines, last))
}

/// Notes that the entries of a filter leave the house as a file.
///
/// # Errors
/// When the database fails.
pub fn note_export(conn: &mut PgConnection, by: UserId, filter: &AuditFilter) -> Result<(), ApiError> {
    let AuditFilter { actor, subject, action, from, to } = filter;
    let detail = json!({ "actor": actor, "subject": subject, "action": action, "from": from, "to": to });
    Ok(audit::insert(conn, Actor::User(by.0), "audit.exported", ("audit", None), detail)?)
}

/// An entry as clients see it.
pub fn view(row: Named) -> AuditEntry<serde_json::Value> {
    let Named { entry, actor_name, subject_name, seq, hash } = row;
    AuditEntry {
        id: entry.id,
        seq,
        at: entry.at,
        actor: AuditParty { kind: entry.actor_kind, id: entry.actor_id, name: actor_name },
        action: entry.action,
        subject: AuditParty { kind: entry.subject_kind, id: entry.subject_id, name: subject_name },
        detail: entry.detail.and_then(|text| serde_json::from_str(&text).ok()),
        hash: hash.map(|hash| hex(&hash)),
    }
}
