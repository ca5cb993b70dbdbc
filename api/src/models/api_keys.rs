//! Keys of programs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::schema::{api_keys, users};

/// A key that was not revoked.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
#[allow(missing_docs)]
pub struct ApiKey {
    pub id: Uuid,
    pub name: String,
    pub prefix: String,
    /// Separated by spaces.
    pub scopes: String,
    pub created_by: Uuid,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub last_used_address: Option<IpNetwork>,
}

/// A key to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = api_keys)]
#[allow(missing_docs)]
pub struct NewApiKey {
    pub id: Uuid,
    pub name: String,
    pub prefix: String,
    pub key_hash: Vec<u8>,
    pub scopes: String,
    pub created_by: Uuid,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The keys that stand, expired ones too, by name.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<ApiKey>> {
    api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .order_by((api_keys::name, api_keys::id))
        .select(ApiKey::as_select())
        .load(conn)
}

/// Those of some users whose account is still there: their e-mail address, and whether they are disabled.
pub fn makers(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, String, bool)>> {
    users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::email, users::disabled_at.is_not_null()))
        .load(conn)
}

/// The key of a hash, where it opens anything still.
pub fn find(conn: &mut PgConnection, key_hash: &[u8]) -> QueryResult<Option<ApiKey>> {
    api_keys::table
        .filter(api_keys::key_hash.eq(key_hash))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(Utc::now())))
        .select(ApiKey::as_select())
        .first(conn)
        .optional()
}

/// Adds a key.
pub fn insert(conn: &mut PgConnection, key: &NewApiKey) -> QueryResult<ApiKey> {
    diesel::insert_into(api_keys::table).values(key).returning(ApiKey::as_returning()).get_result(conn)
}

/// Notes that a key is in use.
pub fn touch(conn: &mut PgConnection, id: Uuid, from: IpNetwork) -> QueryResult<()> {
    diesel::update(api_keys::table.find(id))
        .set((api_keys::last_used_at.eq(Utc::now()), api_keys::last_used_address.eq(from)))
        .execute(conn)?;
    Ok(())
}

/// Revokes a key; says whether there was one.
pub fn revoke(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let standing = api_keys::table.find(id).filter(api_keys::revoked_at.is_null());
    Ok(diesel::update(standing).set(api_keys::revoked_at.eq(Utc::now())).execute(conn)? > 0)
}
