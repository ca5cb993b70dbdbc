//! Second factors and recovery codes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{recovery_codes, second_factors};

/// The second factor of a user.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = second_factors)]
#[diesel(treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct SecondFactor {
    pub user_id: Uuid,
    pub master_key_version: i32,
    pub wrapped: Vec<u8>,
    pub sealed: Vec<u8>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub last_step: i64,
}

/// Adds a second factor, in place of one that was not confirmed; says whether it was stored.
pub fn put_unconfirmed(conn: &mut PgConnection, row: &SecondFactor) -> QueryResult<bool> {
    let stale = second_factors::table.find(row.user_id).filter(second_factors::confirmed_at.is_null());
    diesel::delete(stale).execute(conn)?;
    let stored = diesel::insert_into(second_factors::table).values(row).on_conflict_do_nothing();
    Ok(stored.execute(conn)? > 0)
}

/// The second factor of a user, confirmed or not.
pub fn find(conn: &mut PgConnection, user: Uuid) -> QueryResult<Option<SecondFactor>> {
    second_factors::table.find(user).select(SecondFactor::as_select()).first(conn).optional()
}

/// Which of some users have a second factor.
pub fn confirmed(conn: &mut PgConnection, users: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    second_factors::table
        .filter(second_factors::user_id.eq_any(users))
        .filter(second_factors::confirmed_at.is_not_null())
        .select(second_factors::user_id)
        .load(conn)
}

/// Notes that the code of a time step was used; says whether it and all later ones were unused.
pub fn use_step(conn: &mut PgConnection, user: Uuid, step: i64) -> QueryResult<bool> {
    let unused = second_factors::table.find(user).filter(second_factors::last_step.lt(step));
    Ok(diesel::update(unused).set(second_factors::last_step.eq(step)).execute(conn)? > 0)
}

/// Notes that a first code was right.
pub fn confirm(conn: &mut PgConnection, user: Uuid) -> QueryResult<()> {
    diesel::update(second_factors::table.find(user))
        .set(second_factors::confirmed_at.eq(Utc::now()))
        .execute(conn)?;
    Ok(())
}

/// Removes the second factor of a user with its recovery codes; says whether there was one.
pub fn delete(conn: &mut PgConnection, user: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(second_factors::table.find(user)).execute(conn)? > 0)
}

/// Gives a user exactly these recovery codes.
pub fn set_recovery_codes(conn: &mut PgConnection, user: Uuid, hashes: &[Vec<u8>]) -> QueryResult<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(conn)?;
    let rows: Vec<_> = hashes
        .iter()
        .map(|hash| (recovery_codes::user_id.eq(user), recovery_codes::code_hash.eq(hash)))
        .collect();
    diesel::insert_into(recovery_codes::table).values(rows).execute(conn)?;
    Ok(())
}

/// Uses a recovery code up; says whether it was there.
pub fn use_recovery_code(conn: &mut PgConnection, user: Uuid, hash: &[u8]) -> QueryResult<bool> {
    Ok(diesel::delete(recovery_codes::table.find((user, hash))).execute(conn)? > 0)
}

/// One second factor of each version of the master key that wraps any.
pub fn one_of_each_version(conn: &mut PgConnection) -> QueryResult<Vec<SecondFactor>> {
    second_factors::table
        .distinct_on(second_factors::master_key_version)
        .order_by((second_factors::master_key_version, second_factors::user_id))
        .select(SecondFactor::as_select())
        .load(conn)
}

/// Second factors whose key an older version wraps, locked.
pub fn keys_before(conn: &mut PgConnection, version: i32, limit: i64) -> QueryResult<Vec<SecondFactor>> {
    second_factors::table
        .filter(second_factors::master_key_version.lt(version))
        .limit(limit)
        .select(SecondFactor::as_select())
        .for_update()
        .load(conn)
}

/// Replaces the wrapped key.
pub fn update_key(conn: &mut PgConnection, user: Uuid, version: i32, wrapped: &[u8]) -> QueryResult<()> {
    diesel::update(second_factors::table.find(user))
        .set((second_factors::master_key_version.eq(version), second_factors::wrapped.eq(wrapped)))
        .execute(conn)?;
    Ok(())
}
