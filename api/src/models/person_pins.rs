//! PINs of people, hashed, and how often one was tried wrongly.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{people, person_pins};

/// Sets a PIN in place of the one before, with no wrong tries.
pub fn put(conn: &mut PgConnection, person: Uuid, hash: &str) -> QueryResult<()> {
    let set =
        (person_pins::pin_hash.eq(hash), person_pins::set_at.eq(Utc::now()), person_pins::wrong_tries.eq(0));
    diesel::insert_into(person_pins::table)
        .values((person_pins::person_id.eq(person), set))
        .on_conflict(person_pins::person_id)
        .do_update()
        .set(set)
        .execute(conn)?;
    Ok(())
}

/// Deletes a PIN; says whether there was one.
pub fn delete(conn: &mut PgConnection, person: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(person_pins::table.find(person)).execute(conn)? > 0)
}

/// When a person's PIN was set, and how often it was tried wrongly since it was right last.
pub fn find(conn: &mut PgConnection, person: Uuid) -> QueryResult<Option<(DateTime<Utc>, i32)>> {
    person_pins::table
        .find(person)
        .select((person_pins::set_at, person_pins::wrong_tries))
        .first(conn)
        .optional()
}

/// Who has an external id and is not archived.
pub fn person(conn: &mut PgConnection, external_id: &str) -> QueryResult<Option<Uuid>> {
    people::table
        .filter(people::external_id.eq(external_id))
        .filter(people::archived_at.is_null())
        .select(people::id)
        .first(conn)
        .optional()
}

/// Takes one of a person's `most` tries before the PIN is compared, so that tries at the same moment are counted, too;
/// answers the hash to compare with. None: there is no PIN, or no try left.
pub fn take_try(conn: &mut PgConnection, person: Uuid, most: i32) -> QueryResult<Option<String>> {
    diesel::update(person_pins::table.find(person).filter(person_pins::wrong_tries.lt(most)))
        .set(person_pins::wrong_tries.eq(person_pins::wrong_tries + 1))
        .returning(person_pins::pin_hash)
        .get_result(conn)
        .optional()
}

/// Gives all tries back: the PIN of this hash was right.
pub fn was_right(conn: &mut PgConnection, person: Uuid, hash: &str) -> QueryResult<()> {
    diesel::update(person_pins::table.find(person).filter(person_pins::pin_hash.eq(hash)))
        .set(person_pins::wrong_tries.eq(0))
        .execute(conn)?;
    Ok(())
}
