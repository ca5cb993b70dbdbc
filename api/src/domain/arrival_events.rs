//! Arrivals on their way to every open dashboard, each once and none missed.

use std::sync::{Mutex, PoisonError};

use diesel::PgConnection;
use tokio::sync::broadcast;
use types::ArrivalView;

use crate::domain::arrivals;
use crate::error::ApiError;
use crate::models;
use crate::models::scope::Scope;

/// An arrival on its way to dashboards, with the cursor to resume after it.
#[derive(Debug, Clone)]
pub struct Event {
    /// Everything that a reader with this cursor has had.
    pub cursor: String,
    /// What arrived.
    pub arrival: ArrivalView,
}

/// Most arrivals that a reader who was away is sent; older ones are on the page that lists them.
const CATCH_UP: i64 = 1000;

/// A cursor is a PostgreSQL snapshot (`xmin:xmax:running,…`): what it did not see is exactly what its reader
/// has not had, in whatever order the transactions committed. Returns the events of `scope` after `cursor`, oldest first,
/// and the cursor after them. One event of several carries the cursor before them all, so a reader that leaves
/// in between gets some again and misses none.
///
/// # Errors
/// When the database fails.
pub fn events_after(
    conn: &mut PgConnection,
    scope: &Scope,
    cursor: &str,
) -> Result<(Vec<Event>, String), ApiError> {
    conn.build_transaction().repeatable_read().read_only().run(|conn| {
        let now = models::arrivals::current_snapshot(conn)?;
        // A snapshot from the future is of another cluster, from before a restore: its reader starts over.
        let seen = if is_snapshot_until(cursor, &now) { cursor } else { "3:3:" };
        let arrivals = {
            let rows = models::arrivals::unseen(conn, seen, scope, CATCH_UP)?;
            arrivals::views(conn, rows)?
        };
        let last = arrivals.len().saturating_sub(1);
        let events = arrivals.into_iter().enumerate().map(|(index, arrival)| Event {
            cursor: if index == last { now.clone() } else { seen.to_owned() },
            arrival,
        });
        Ok((events.collect(), now.clone()))
    })
}

/// What a reader who comes back with `cursor` has missed, and the cursor after it; a new reader has missed
/// nothing.
///
/// # Errors
/// When the database fails.
pub fn missed(
    conn: &mut PgConnection,
    scope: &Scope,
    cursor: Option<&str>,
) -> Result<(Vec<Event>, String), ApiError> {
    match cursor {
        Some(cursor) => events_after(conn, scope, cursor),
        None => Ok((Vec::new(), models::arrivals::current_snapshot(conn)?)),
    }
}

/// Whether `text` is a well-formed snapshot that ends no later than `now`.
fn is_snapshot_until(text: &str, now: &str) -> bool {
    parse_snapshot(text).is_some_and(|seen| parse_snapshot(now).is_some_and(|now| seen <= now))
}

/// The `xmax` of a well-formed snapshot.
fn parse_snapshot(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let (xmin, xmax, running) = (parts.next()?, parts.next()?, parts.next()?);
    let (xmin, xmax): (u64, u64) = (xmin.parse().ok()?, xmax.parse().ok()?);
    let mut before = None;
    for running in running.split(',').filter(|part| !part.is_empty()) {
        let running: u64 = running.parse().ok()?;
        if running < xmin || running >= xmax || before.is_some_and(|before| before >= running) {
            return None;
        }
        before = Some(running);
    }
    (xmin > 0 && xmin <= xmax && text.len() < 4096).then_some(xmax)
}

/// The live end of the events: what this process has read so far, and who listens.
#[derive(Debug)]
pub struct ArrivalEvents {
    sender: broadcast::Sender<Event>,
    cursor: Mutex<Option<String>>,
}

impl Default for ArrivalEvents {
    fn default() -> Self {
        Self { sender: broadcast::channel(1024).0, cursor: Mutex::new(None) }
    }
}

impl ArrivalEvents {
    /// Everything that is published from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }

    /// Reads what is new and tells all listeners.
    ///
    /// # Errors
    /// When the database fails; what is new is read the next time.
    pub fn publish_new(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = cursor.as_deref() else {
            *cursor = Some(models::arrivals::current_snapshot(conn)?);
            return Ok(());
        };
        let (events, now) = events_after(conn, &Scope::Everyone, seen)?;
        for event in events {
            // No listener is no error.
            let _ = self.sender.send(event);
        }
        *cursor = Some(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_believed_only_as_a_snapshot_of_the_past() {
        let now = "700:720:705,710";
        for good in ["700:720:705,710", "3:3:", "690:700:695"] {
            assert!(is_snapshot_until(good, now), "{good}");
        }
        for bad in
            ["", "1", "5:4:", "a:b:", "700:721:", "0:1:", "1:5:6", "1:9:5,3", "1:2:3:4'; --", "1:9:5,5"]
        {
            assert!(!is_snapshot_until(bad, now), "{bad}");
        }
    }
}
