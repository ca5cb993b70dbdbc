//! Webhooks as an admin keeps them: an address, and a secret that is shown when it is made.

use std::collections::BTreeMap;

use chrono::Utc;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{SaveWebhook, TestOutcome, UserId, WebhookCreated, WebhookId, WebhookView};
use uuid::Uuid;

use super::{outcome, valid};
use crate::domain::master_key::wrapped_webhook;
use crate::domain::messengers::{self, Reach};
use crate::domain::names;
use crate::domain::sessions::new_token;
use crate::error::{ApiError, missing};
use crate::keys::{MasterKeys, Sealed};
use crate::models;
use crate::models::audit::Actor;
use crate::models::webhooks::{NewWebhook, Webhook};
use crate::state::App;

/// What secrets begin with: finds those that leaked.
const PREFIX: &str = "whsec_";

fn view(row: Webhook) -> WebhookView {
    WebhookView {
        id: WebhookId(row.id),
        name: row.name,
        url: row.url,
        enabled: row.enabled,
        created_at: row.created_at,
        secret_changed_at: row.secret_changed_at,
    }
}

/// All webhooks, by name.
///
/// # Errors
/// 503.
pub fn list(conn: &mut PgConnection) -> Result<Vec<WebhookView>, ApiError> {
    Ok(models::webhooks::list(conn)?.into_iter().map(view).collect())
}

/// A name and an address that may be stored.
fn checked(reach: &Reach, request: &SaveWebhook) -> Result<(String, String), ApiError> {
    let mut wrong = BTreeMap::new();
    let name = names::tidy(&request.name);
    names::check(&mut wrong, "name", &name, 100);
    let url = match reach.check(request.url.trim()) {
        Ok(url) if url.as_str().len() <= 2000 => url.to_string(),
        Ok(_) => {
            wrong.insert("url".to_owned(), "Use at most 2000 characters.".to_owned());
            String::new()
        }
        Err(what) => {
            wrong.insert("url".to_owned(), what);
            String::new()
        }
    };
    valid(wrong)?;
    Ok((name, url))
}

/// A secret as it is stored: version of the master key, wrapped key, sealed secret.
type SealedSecret = (i32, Vec<u8>, Vec<u8>);

/// A new secret, and its sealed form.
fn new_secret(keys: &MasterKeys, id: WebhookId) -> Result<(String, SealedSecret), ApiError> {
    let secret = format!("{PREFIX}{}", new_token().0);
    let (key, wrapped) = keys.new_key(id)?;
    let sealed = key.seal(Sealed::WebhookSecret, secret.as_bytes())?;
    Ok((secret, (wrapped.version, wrapped.bytes, sealed)))
}

/// Adds a webhook; its secret is shown this once.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub async fn create(app: &App, by: UserId, request: SaveWebhook) -> Result<WebhookCreated, ApiError> {
    let (name, url) = checked(&app.messengers.reach, &request)?;
    let id = WebhookId(Uuid::now_v7());
    let (secret, (master_key_version, wrapped, sealed)) = new_secret(&app.keys, id)?;
    let row =
        NewWebhook { id: id.0, name, url, enabled: request.enabled, master_key_version, wrapped, sealed };
    let row = app
        .db
        .run(move |conn| {
            conn.transaction(|conn| {
                let row = models::webhooks::insert(conn, &row)?;
                audit(conn, by, "webhook.created", &row)?;
                Ok(row)
            })
        })
        .await?;
    Ok(WebhookCreated { view: view(row), secret })
}

/// Changes a webhook's name and address, and whether it is used.
///
/// # Errors
/// 404, 409, 422.
pub async fn update(
    app: &App,
    by: UserId,
    id: WebhookId,
    request: SaveWebhook,
) -> Result<WebhookView, ApiError> {
    let (name, url) = checked(&app.messengers.reach, &request)?;
    let row = app
        .db
        .run(move |conn| {
            conn.transaction(|conn| {
                let row = models::webhooks::update(conn, id.0, (&name, &url, request.enabled))
                    .map_err(|error| missing(error, "webhook"))?;
                audit(conn, by, "webhook.changed", &row)?;
                Ok(row)
            })
        })
        .await?;
    Ok(view(row))
}

/// Gives a webhook another secret; the one before signs nothing any more.
///
/// # Errors
/// 404.
pub async fn rotate(app: &App, by: UserId, id: WebhookId) -> Result<WebhookCreated, ApiError> {
    let (secret, (version, wrapped, sealed)) = new_secret(&app.keys, id)?;
    let row = app
        .db
        .run(move |conn| {
            conn.transaction(|conn| {
                let row = models::webhooks::set_secret(conn, id.0, (version, &wrapped, &sealed))
                    .map_err(|error| missing(error, "webhook"))?;
                audit(conn, by, "webhook.secret_changed", &row)?;
                Ok(row)
            })
        })
        .await?;
    Ok(WebhookCreated { view: view(row), secret })
}

/// Deletes a webhook and what waits for it.
///
/// # Errors
/// 404.
pub fn delete(conn: &mut PgConnection, by: UserId, id: WebhookId) -> Result<(), ApiError> {
    conn.transaction(|conn| {
        let row = models::webhooks::find(conn, id.0).map_err(|error| missing(error, "webhook"))?;
        models::webhooks::delete(conn, id.0)?;
        audit(conn, by, "webhook.deleted", &row)
    })
}

/// Sends a test to a webhook.
///
/// # Errors
/// 404.
pub async fn test(app: &App, id: WebhookId) -> Result<TestOutcome, ApiError> {
    let find =
        move |conn: &mut _| models::webhooks::find(conn, id.0).map_err(|error| missing(error, "webhook"));
    let row = app.db.run(find).await?;
    let (now, delivery) = (Utc::now(), Uuid::now_v7());
    let body =
        json!({ "id": delivery, "sent_at": now, "events": [{ "id": delivery, "kind": "test", "at": now }] });
    let secret = secret(&app.keys, &row)?;
    let sent =
        messengers::post(&app.messengers.reach, (&row.url, &secret), delivery, body.to_string(), now).await;
    Ok(outcome(sent))
}

/// What requests to a webhook are signed with.
///
/// # Errors
/// When the master key is not the one it was sealed with.
pub fn secret(keys: &MasterKeys, row: &Webhook) -> Result<Vec<u8>, ApiError> {
    let key = keys.unwrap(WebhookId(row.id), &wrapped_webhook(row))?;
    Ok(key.open(Sealed::WebhookSecret, &row.sealed)?)
}

/// The address may hold a secret of the other side in its path, so the audit has its host alone.
fn audit(conn: &mut PgConnection, by: UserId, action: &str, row: &Webhook) -> Result<(), ApiError> {
    let host = reqwest::Url::parse(&row.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let detail = json!({ "name": row.name, "host": host, "enabled": row.enabled });
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("webhook", Some(row.id)), detail)?)
}
