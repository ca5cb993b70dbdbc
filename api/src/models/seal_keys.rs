//! What devices seal to: at most one row.

use diesel::prelude::*;

use crate::schema::seal_keys;

/// The server's secret half, sealed.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = seal_keys)]
#[allow(missing_docs)]
pub struct SealKey {
    pub master_key_version: i32,
    pub wrapped: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// The key, if one was made.
pub fn find(conn: &mut PgConnection) -> QueryResult<Option<SealKey>> {
    seal_keys::table.select(SealKey::as_select()).first(conn).optional()
}

/// Keeps a key, unless there is one already, and says which one stands.
pub fn put(conn: &mut PgConnection, row: &SealKey) -> QueryResult<SealKey> {
    diesel::insert_into(seal_keys::table).values(row).on_conflict_do_nothing().execute(conn)?;
    seal_keys::table.select(SealKey::as_select()).first(conn)
}

/// The key, locked, where an older version of the master key wraps it.
pub fn key_before(conn: &mut PgConnection, version: i32) -> QueryResult<Option<SealKey>> {
    seal_keys::table
        .filter(seal_keys::master_key_version.lt(version))
        .select(SealKey::as_select())
        .for_update()
        .first(conn)
        .optional()
}

/// Replaces the wrapped key.
pub fn update_key(conn: &mut PgConnection, version: i32, wrapped: &[u8]) -> QueryResult<()> {
    diesel::update(seal_keys::table)
        .set((seal_keys::master_key_version.eq(version), seal_keys::wrapped.eq(wrapped)))
        .execute(conn)?;
    Ok(())
}
