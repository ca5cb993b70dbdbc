//! Codes that make a tablet a kiosk, by a keyed hash.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::kiosk_pairings;

/// A code that waits for its tablet.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = kiosk_pairings)]
#[allow(missing_docs)]
pub struct Pairing {
    pub code_hash: Vec<u8>,
    pub feed_id: Uuid,
    pub created_by: Uuid,
    pub expires_at: DateTime<Utc>,
}

/// Adds a code; says whether it was not there yet.
pub fn insert(conn: &mut PgConnection, pairing: &Pairing) -> QueryResult<bool> {
    let inserted =
        diesel::insert_into(kiosk_pairings::table).values(pairing).on_conflict_do_nothing().execute(conn)?;
    Ok(inserted > 0)
}

/// Takes a code that has not expired: whoever gets it is the only one.
pub fn take(conn: &mut PgConnection, code_hash: &[u8], now: DateTime<Utc>) -> QueryResult<Option<Pairing>> {
    diesel::delete(kiosk_pairings::table.find(code_hash).filter(kiosk_pairings::expires_at.gt(now)))
        .returning(Pairing::as_returning())
        .get_result(conn)
        .optional()
}

/// Deletes the codes that have expired; says how many.
pub fn purge(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(kiosk_pairings::table.filter(kiosk_pairings::expires_at.le(now))).execute(conn)
}
