//! Check-ins at kiosks, by the id that the kiosk gave them.

use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::kiosk_check_ins;

/// The feed and the arrival of a check-in that came before.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<(Uuid, Uuid)>> {
    kiosk_check_ins::table
        .find(id)
        .select((kiosk_check_ins::feed_id, kiosk_check_ins::arrival_id))
        .first(conn)
        .optional()
}

/// Notes a check-in; says whether it did not come before.
pub fn insert(conn: &mut PgConnection, id: Uuid, feed: Uuid, arrival: Uuid) -> QueryResult<bool> {
    let row = (
        kiosk_check_ins::id.eq(id),
        kiosk_check_ins::feed_id.eq(feed),
        kiosk_check_ins::arrival_id.eq(arrival),
    );
    let inserted =
        diesel::insert_into(kiosk_check_ins::table).values(row).on_conflict_do_nothing().execute(conn)?;
    Ok(inserted > 0)
}
