//! The master key at the start and in rotation.

use anyhow::{Context, Result};
use diesel::{Connection, PgConnection};
use types::{PersonId, ReviewId, UserId, WebhookId};

use crate::config::DataConfig;
use crate::domain::sealed;
use crate::error::ApiError;
use crate::keys::{MasterKeys, Owner, WrappedKey};
use crate::models;
use crate::models::audit::Actor;
use crate::models::biometrics::PersonKeyRow;
use crate::models::review::Item;
use crate::models::second_factors::SecondFactor;
use crate::models::webhooks::Webhook;

const BATCH: i64 = 500;

/// Opens the master keys and proves that they fit what is stored. Only a system that holds no sealed data gets
/// a new key.
///
/// # Errors
/// When the file is missing although data is sealed, or holds other keys than the data was sealed with.
pub fn open_or_create(conn: &mut PgConnection, config: &DataConfig) -> Result<MasterKeys> {
    let path = config.master_key_file();
    let people = models::biometrics::key_of_each_version(conn)?;
    let items = models::review::item_of_each_version(conn)?;
    let factors = models::second_factors::one_of_each_version(conn)?;
    let webhooks = models::webhooks::one_of_each_version(conn)?;
    let seal_key = models::seal_keys::find(conn)?;
    let none = people.is_empty()
        && items.is_empty()
        && factors.is_empty()
        && webhooks.is_empty()
        && seal_key.is_none();
    if !path.exists() && none {
        tracing::info!(path = %path.display(), "master key created: keep a copy of it apart from the backups");
        return MasterKeys::create(&path);
    }
    let keys =
        MasterKeys::open(&path).context("stored data is sealed with the master key: restore its file")?;
    let unwrapper = keys.unwrapper()?;
    for row in people {
        unwrapper.unwrap(PersonId(row.person_id), &wrapped(row))?;
    }
    for item in items {
        unwrapper.unwrap(ReviewId(item.id), &wrapped_item(item))?;
    }
    for factor in factors {
        unwrapper.unwrap(UserId(factor.user_id), &wrapped_factor(factor))?;
    }
    for webhook in webhooks {
        unwrapper.unwrap(WebhookId(webhook.id), &wrapped_webhook(&webhook))?;
    }
    if let Some(row) = seal_key {
        unwrapper.unwrap(Owner::Server, &sealed::wrapped(&row))?;
    }
    Ok(keys)
}

/// Adds a master key and wraps every key of a person, an item of the review queue, a second factor, a webhook or the
/// servers anew, while the servers go on; then forgets the old ones.
/// Returns the new version and how many keys were wrapped.
///
/// # Errors
/// When a key cannot be opened or the database fails. What was wrapped stays so; run it again.
pub fn rotate(conn: &mut PgConnection, keys: &MasterKeys) -> Result<(i32, usize)> {
    let version = keys.add_version()?;
    let mut count = 0;
    loop {
        let done = conn.transaction(|conn| wrap_some(conn, keys, version))?;
        if done == 0 {
            break;
        }
        count += done;
    }
    models::audit::insert(
        conn,
        Actor::System,
        "keys.rotated",
        ("master_key", None),
        serde_json::json!({ "version": version, "keys": count }),
    )?;
    keys.forget_before(version)?;
    Ok((version, count))
}

fn wrap_some(conn: &mut PgConnection, keys: &MasterKeys, version: i32) -> Result<usize, ApiError> {
    let rows = models::biometrics::keys_before(conn, version, BATCH)?;
    let count = rows.len();
    for row in rows {
        let person = row.person_id;
        let fresh = keys.wrap(&keys.unwrap(PersonId(person), &wrapped(row))?)?;
        let row = PersonKeyRow { person_id: person, master_key_version: fresh.version, wrapped: fresh.bytes };
        models::biometrics::update_key(conn, &row)?;
    }
    let items = models::review::keys_before(conn, version, BATCH)?;
    let count = count + items.len();
    for item in items {
        let id = ReviewId(item.id);
        let fresh = keys.wrap(&keys.unwrap(id, &wrapped_item(item))?)?;
        models::review::update_key(conn, id.0, fresh.version, &fresh.bytes)?;
    }
    let factors = models::second_factors::keys_before(conn, version, BATCH)?;
    let count = count + factors.len();
    for factor in factors {
        let user = UserId(factor.user_id);
        let fresh = keys.wrap(&keys.unwrap(user, &wrapped_factor(factor))?)?;
        models::second_factors::update_key(conn, user.0, fresh.version, &fresh.bytes)?;
    }
    let webhooks = models::webhooks::keys_before(conn, version, BATCH)?;
    let count = count + webhooks.len();
    for webhook in webhooks {
        let id = WebhookId(webhook.id);
        let fresh = keys.wrap(&keys.unwrap(id, &wrapped_webhook(&webhook))?)?;
        models::webhooks::update_key(conn, id.0, fresh.version, &fresh.bytes)?;
    }
    let seal_key = models::seal_keys::key_before(conn, version)?;
    let count = count + usize::from(seal_key.is_some());
    if let Some(row) = seal_key {
        let fresh = keys.wrap(&keys.unwrap(Owner::Server, &sealed::wrapped(&row))?)?;
        models::seal_keys::update_key(conn, fresh.version, &fresh.bytes)?;
    }
    Ok(count)
}

/// A webhook's key in the form that [`MasterKeys`] opens.
pub fn wrapped_webhook(webhook: &Webhook) -> WrappedKey {
    WrappedKey { version: webhook.master_key_version, bytes: webhook.wrapped.clone() }
}

fn wrapped_factor(factor: SecondFactor) -> WrappedKey {
    WrappedKey { version: factor.master_key_version, bytes: factor.wrapped }
}

fn wrapped_item(item: Item) -> WrappedKey {
    WrappedKey { version: item.master_key_version, bytes: item.wrapped }
}

/// A stored key in the form that [`MasterKeys`] opens.
pub fn wrapped(row: PersonKeyRow) -> WrappedKey {
    WrappedKey { version: row.master_key_version, bytes: row.wrapped }
}
