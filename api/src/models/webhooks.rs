//! Programs that are told of alerts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::webhooks;

/// A webhook.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
#[allow(missing_docs)]
pub struct Webhook {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    pub enabled: bool,
    pub master_key_version: i32,
    pub wrapped: Vec<u8>,
    pub sealed: Vec<u8>,
    pub secret_changed_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// A webhook to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = webhooks)]
#[allow(missing_docs)]
pub struct NewWebhook {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    pub enabled: bool,
    pub master_key_version: i32,
    pub wrapped: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// All webhooks, by name.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<Webhook>> {
    webhooks::table.order_by((webhooks::name, webhooks::id)).select(Webhook::as_select()).load(conn)
}

/// One webhook.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Webhook> {
    webhooks::table.find(id).select(Webhook::as_select()).first(conn)
}

/// Adds a webhook.
pub fn insert(conn: &mut PgConnection, row: &NewWebhook) -> QueryResult<Webhook> {
    diesel::insert_into(webhooks::table).values(row).returning(Webhook::as_returning()).get_result(conn)
}

/// Changes where a webhook is and whether it is used.
pub fn update(
    conn: &mut PgConnection,
    id: Uuid,
    (name, url, enabled): (&str, &str, bool),
) -> QueryResult<Webhook> {
    diesel::update(webhooks::table.find(id))
        .set((webhooks::name.eq(name), webhooks::url.eq(url), webhooks::enabled.eq(enabled)))
        .returning(Webhook::as_returning())
        .get_result(conn)
}

/// Replaces the secret of a webhook.
pub fn set_secret(
    conn: &mut PgConnection,
    id: Uuid,
    (version, wrapped, sealed): (i32, &[u8], &[u8]),
) -> QueryResult<Webhook> {
    diesel::update(webhooks::table.find(id))
        .set((
            webhooks::master_key_version.eq(version),
            webhooks::wrapped.eq(wrapped),
            webhooks::sealed.eq(sealed),
            webhooks::secret_changed_at.eq(Utc::now()),
        ))
        .returning(Webhook::as_returning())
        .get_result(conn)
}

/// Deletes a webhook and what was to be told to it; says whether there was one.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(webhooks::table.find(id)).execute(conn)? > 0)
}

/// One webhook of each version of the master key that wraps any.
pub fn one_of_each_version(conn: &mut PgConnection) -> QueryResult<Vec<Webhook>> {
    webhooks::table
        .distinct_on(webhooks::master_key_version)
        .order_by((webhooks::master_key_version, webhooks::id))
        .select(Webhook::as_select())
        .load(conn)
}

/// Webhooks whose key an older version wraps, locked.
pub fn keys_before(conn: &mut PgConnection, version: i32, limit: i64) -> QueryResult<Vec<Webhook>> {
    webhooks::table
        .filter(webhooks::master_key_version.lt(version))
        .limit(limit)
        .select(Webhook::as_select())
        .for_update()
        .load(conn)
}

/// Replaces the wrapped key.
pub fn update_key(conn: &mut PgConnection, id: Uuid, version: i32, wrapped: &[u8]) -> QueryResult<()> {
    diesel::update(webhooks::table.find(id))
        .set((webhooks::master_key_version.eq(version), webhooks::wrapped.eq(wrapped)))
        .execute(conn)?;
    Ok(())
}
