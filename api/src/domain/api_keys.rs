//! Keys of programs, and what each opens.
//!
//! A scope is an area and a direction, `people:read`. Which scope a request needs follows from its route alone, so
//! that no handler can forget it, and a route that no area claims is closed to keys.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{CreateKey, KeyCreated, KeyView, UserId};
use uuid::Uuid;

use crate::domain::sessions::{new_token, token_hash};
use crate::domain::{clock, names};
use crate::error::ApiError;
use crate::models;
use crate::models::api_keys::{ApiKey, NewApiKey};
use crate::models::audit::Actor;
use crate::state::App;

/// What keys begin with: tells them from feeds' tokens, and finds those that leaked.
pub const PREFIX: &str = "att_";
/// The scope for sending frames to any feed.
const SEND: &str = "frames:send";
/// The scope for dating frames back without limit.
pub const BACKFILL: &str = "backfill";
const SHOWN: usize = PREFIX.len() + 6;
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The areas, and the first segments of the routes that each claims.
const AREAS: &[(&str, &[&str])] = &[
    ("people", &["people", "photo-checks", "imports", "photo-imports"]),
    ("groups", &["groups"]),
    ("feeds", &["feeds"]),
    ("arrivals", &["arrivals", "today"]),
    ("watch", &["watch"]),
    ("attendance", &["attendance", "corrections"]),
    ("schedules", &["schedules", "holidays"]),
    ("reports", &["reports", "analytics", "report-schedules"]),
    ("alerts", &["alerts"]),
    ("review", &["review"]),
    ("model", &["model"]),
    ("settings", &["settings", "retention", "consent-texts"]),
    ("audit", &["audit"]),
];

/// What a key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Reads scopes separated by spaces.
    pub fn parse(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_owned).collect())
    }

    /// Whether one is among them.
    pub fn has(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Checks that they open the route of a pattern (`/api/v1/people/{person}`), for reading or for changing.
    ///
    /// # Errors
    /// 403.
    pub fn check(&self, pattern: &str, reads: bool) -> Result<(), ApiError> {
        match needed(pattern, reads) {
            Some(scope) if self.has(&scope) => Ok(()),
            Some(_) => Err(ApiError::Forbidden("This key has no scope for this.")),
            None => Err(ApiError::Forbidden("A key cannot do this: it takes somebody who signs in.")),
        }
    }
}

/// The scope that a route takes; none where no key gets in.
fn needed(pattern: &str, reads: bool) -> Option<String> {
    let mut segments = pattern.strip_prefix("/api/v1/")?.split('/');
    let first = segments.next()?;
    let (_, third) = (segments.next(), segments.next());
    let area = match (first, third) {
        ("feeds", Some("frames" | "live" | "heartbeat")) => return Some(SEND.to_owned()),
        ("feeds", Some("stream")) => "watch",
        _ => AREAS.iter().find(|(_, claimed)| claimed.contains(&first))?.0,
    };
    Some(format!("{area}:{}", if reads { "read" } else { "write" }))
}

/// Every scope there is.
pub fn all() -> Vec<String> {
    let areas = AREAS.iter().flat_map(|(area, _)| [format!("{area}:read"), format!("{area}:write")]);
    areas.chain([SEND.to_owned(), BACKFILL.to_owned()]).collect()
}

/// The key of a hash; notes where it is used from.
///
/// # Errors
/// 401 where there is none, or it was revoked or has expired; 503.
pub fn find(conn: &mut PgConnection, hash: &[u8], from: Option<IpAddr>) -> Result<ApiKey, ApiError> {
    let key = models::api_keys::find(conn, hash)?.ok_or(ApiError::Unauthenticated)?;
    let noted = key.last_used_at.is_some_and(|at| Utc::now() - at < NOTED_EVERY);
    if let Some(from) = from.filter(|_| !noted) {
        models::api_keys::touch(conn, key.id, from.into())?;
    }
    Ok(key)
}

/// Keys as admins see them.
fn views(conn: &mut PgConnection, keys: Vec<ApiKey>) -> Result<Vec<KeyView>, ApiError> {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.created_by).collect();
    let makers: HashMap<Uuid, (String, bool)> = models::api_keys::makers(conn, &ids)?
        .into_iter()
        .map(|(id, email, disabled)| (id, (email, disabled)))
        .collect();
    let view = |key: ApiKey| {
        let maker = makers.get(&key.created_by);
        KeyView {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes.split_whitespace().map(str::to_owned).collect(),
            created_by: UserId(key.created_by),
            created_by_email: maker.map(|(email, _)| email.clone()),
            created_by_ended: maker.is_none_or(|(_, disabled)| *disabled),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            last_used_address: key.last_used_address.map(|network| network.ip().to_string()),
        }
    };
    Ok(keys.into_iter().map(view).collect())
}

/// The keys that were not revoked, by name.
///
/// # Errors
/// 503.
pub async fn list(app: &App) -> Result<Vec<KeyView>, ApiError> {
    app.db
        .run(|conn| {
            let keys = models::api_keys::list(conn)?;
            views(conn, keys)
        })
        .await
}

/// Makes a key.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub async fn create(app: &App, by: UserId, request: CreateKey) -> Result<KeyCreated, ApiError> {
    let (key, new) = checked(request, by)?;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let row = models::api_keys::insert(conn, &new)?;
                let detail = json!({ "name": row.name, "scopes": row.scopes, "expires_at": row.expires_at });
                audit(conn, by, "key.created", row.id, detail)?;
                let view = views(conn, vec![row])?.pop().ok_or(ApiError::NotFound("key"))?;
                Ok(KeyCreated { view, key })
            })
        })
        .await
}

fn checked(request: CreateKey, by: UserId) -> Result<(String, NewApiKey), ApiError> {
    let mut fields = std::collections::BTreeMap::new();
    let name = names::tidy(&request.name);
    names::check(&mut fields, "name", &name, 100);
    clock::check_range("expires_at", request.expires_at)?;
    if request.expires_at.is_some_and(|at| at <= Utc::now()) {
        fields.insert("expires_at".to_owned(), "It must lie in the future.".to_owned());
    }
    let known = all();
    let scopes: BTreeSet<String> = request.scopes.into_iter().collect();
    if scopes.iter().any(|scope| !known.contains(scope)) {
        fields.insert("scopes".to_owned(), format!("Use scopes of these alone: {}.", known.join(", ")));
    }
    if !fields.is_empty() {
        return Err(ApiError::Invalid(fields));
    }
    let key = format!("{PREFIX}{}", new_token().0);
    let new = NewApiKey {
        id: Uuid::now_v7(),
        name,
        prefix: key[..SHOWN].to_owned(),
        key_hash: token_hash(&key),
        scopes: scopes.into_iter().collect::<Vec<_>>().join(" "),
        created_by: by.0,
        expires_at: request.expires_at,
    };
    Ok((key, new))
}

/// Revokes a key: it opens nothing from now on.
///
/// # Errors
/// 404.
pub async fn revoke(app: &App, by: UserId, id: Uuid) -> Result<(), ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                if !models::api_keys::revoke(conn, id)? {
                    return Err(ApiError::NotFound("key"));
                }
                audit(conn, by, "key.revoked", id, json!({}))
            })
        })
        .await
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    key: Uuid,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("key", Some(key)), detail)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_of_a_route_follows_from_its_pattern_and_direction() {
        let cases = [
            ("/api/v1/people", true, Some("people:read")),
            ("/api/v1/people/{person}/photos", false, Some("people:write")),
            ("/api/v1/photo-checks", false, Some("people:write")),
            ("/api/v1/feeds/{feed}", false, Some("feeds:write")),
            ("/api/v1/feeds/{feed}/frames", false, Some("frames:send")),
            ("/api/v1/feeds/{feed}/live", true, Some("frames:send")),
            ("/api/v1/feeds/{feed}/stream", true, Some("watch:read")),
            ("/api/v1/feeds/{feed}/pairing", false, Some("feeds:write")),
            ("/api/v1/people/{person}/pin", false, Some("people:write")),
            ("/api/v1/arrivals/{arrival}/confirmation", false, Some("arrivals:write")),
            ("/api/v1/kiosk", true, None),
            ("/api/v1/kiosk/check-ins", false, None),
            ("/api/v1/alerts/rules", false, Some("alerts:write")),
            ("/api/v1/report-schedules", true, Some("reports:read")),
            ("/api/v1/users", true, None),
            ("/api/v1/keys", false, None),
            ("/api/v1/session", true, None),
            ("/api/v1/sessions/{session}", false, None),
            ("/api/v1/peoples", true, None),
            ("/livez", true, None),
            ("", true, None),
        ];
        for (pattern, reads, scope) in cases {
            assert_eq!(needed(pattern, reads).as_deref(), scope, "{pattern}");
        }
    }
}
