//! Rules as an admin keeps them.

use std::collections::{BTreeMap, HashSet};

use diesel::{Connection, PgConnection};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use types::{
    AlertChannel, AlertKind, AlertRuleId, AlertRuleView, FeedId, FeedRef, GroupId, GroupRef, Recipients,
    SaveAlertRule, UserId,
};
use uuid::Uuid;

use super::{check_quiet, check_users, each_once, email, phone_number, valid};
use crate::domain::names;
use crate::error::{ApiError, missing};
use crate::models;
use crate::models::alert_rules::{NamedRule, NewRule};
use crate::models::audit::Actor;

/// All rules, by name.
///
/// # Errors
/// 503.
pub fn list(conn: &mut PgConnection) -> Result<Vec<AlertRuleView>, ApiError> {
    let rows = models::alert_rules::list(conn)?;
    rows.into_iter().map(|row| view(conn, row)).collect()
}

/// Adds a rule.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub fn create(
    conn: &mut PgConnection,
    by: UserId,
    request: &SaveAlertRule,
) -> Result<AlertRuleView, ApiError> {
    conn.transaction(|conn| {
        let row = checked(conn, Uuid::now_v7(), request)?;
        models::alert_rules::insert(conn, &row)?;
        audit(conn, by, "alert_rule.created", row.id, request)?;
        let named = models::alert_rules::find(conn, row.id)?;
        view(conn, named)
    })
}

/// Replaces a rule. What is in the outbox stays.
///
/// # Errors
/// 404, 409, 422.
pub fn update(
    conn: &mut PgConnection,
    by: UserId,
    id: AlertRuleId,
    request: &SaveAlertRule,
) -> Result<AlertRuleView, ApiError> {
    conn.transaction(|conn| {
        models::alert_rules::find(conn, id.0).map_err(|error| missing(error, "rule"))?;
        let row = checked(conn, id.0, request)?;
        models::alert_rules::update(conn, &row)?;
        audit(conn, by, "alert_rule.changed", id.0, request)?;
        let named = models::alert_rules::find(conn, id.0)?;
        view(conn, named)
    })
}

/// Deletes a rule.
///
/// # Errors
/// 404.
pub fn delete(conn: &mut PgConnection, by: UserId, id: AlertRuleId) -> Result<(), ApiError> {
    conn.transaction(|conn| {
        if !models::alert_rules::delete(conn, id.0)? {
            return Err(ApiError::NotFound("rule"));
        }
        let subject = ("alert_rule", Some(id.0));
        Ok(models::audit::insert(conn, Actor::User(by.0), "alert_rule.deleted", subject, json!({}))?)
    })
}

/// The audit names the rule and what it is about; addresses are nobody's business there.
fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    id: Uuid,
    request: &SaveAlertRule,
) -> Result<(), ApiError> {
    let detail = json!({ "name": request.name, "kind": request.kind, "enabled": request.enabled,
        "group": request.group, "feed": request.feed });
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("alert_rule", Some(id)), detail)?)
}

fn checked(conn: &mut PgConnection, id: Uuid, request: &SaveAlertRule) -> Result<NewRule, ApiError> {
    let mut wrong = BTreeMap::new();
    let name = names::tidy(&request.name);
    names::check(&mut wrong, "name", &name, 100);
    let kind = request.kind;
    if request.group.is_some() && !kind.is_of_person() {
        wrong.insert("group".to_owned(), "This is about feeds: name a feed, or none.".to_owned());
    }
    if request.feed.is_some() && kind.is_of_person() {
        wrong.insert("feed".to_owned(), "This is about people: name a group, or none.".to_owned());
    }
    if let Some(group) = request.group
        && models::reports::group_name(conn, group.0)?.is_none()
    {
        wrong.insert("group".to_owned(), "There is no such group.".to_owned());
    }
    if let Some(feed) = request.feed {
        match models::feeds::find(conn, feed.0) {
            Err(diesel::result::Error::NotFound) => {
                wrong.insert("feed".to_owned(), "There is no such feed.".to_owned());
            }
            found => _ = found?,
        }
    }
    let channels = each_once(&mut wrong, "channels", &request.channels);
    if channels.contains(&AlertChannel::Webhook) {
        let what = "People are told by e-mail or SMS; webhooks are recipients.";
        wrong.insert("channels".to_owned(), what.to_owned());
    }
    let recipients = checked_recipients(conn, &mut wrong, kind, &request.recipients)?;
    let people = !recipients.users.is_empty() || recipients.managers || recipients.person;
    if people && channels.is_empty() {
        wrong.insert("channels".to_owned(), "Say by which ways: email, sms or both.".to_owned());
    }
    check_quiet(&mut wrong, request.quiet_hours);
    valid(wrong)?;
    Ok(NewRule {
        id,
        name,
        kind: kind.name().to_owned(),
        group_id: request.group.map(|group| group.0),
        feed_id: request.feed.map(|feed| feed.0),
        channels: stored(&channels)?,
        recipients: stored(&recipients)?,
        quiet_hours: request.quiet_hours.as_ref().map(stored).transpose()?,
        digest: stored(&request.digest)?,
        enabled: request.enabled,
    })
}

fn checked_recipients(
    conn: &mut PgConnection,
    wrong: &mut BTreeMap<String, String>,
    kind: AlertKind,
    request: &Recipients,
) -> Result<Recipients, ApiError> {
    let users = each_once(wrong, "recipients.users", &request.users);
    check_users(conn, wrong, "recipients.users", &users)?;
    if request.person && !kind.is_of_person() {
        let what = "This is about no person.";
        wrong.insert("recipients.person".to_owned(), what.to_owned());
    }
    let emails: Vec<String> =
        request.emails.iter().map(|text| email(wrong, "recipients.emails", text)).collect();
    let emails = each_once(wrong, "recipients.emails", &emails);
    let phones: Vec<String> =
        request.phones.iter().map(|text| phone_number(wrong, "recipients.phones", text)).collect();
    let phones = each_once(wrong, "recipients.phones", &phones);
    let webhooks = each_once(wrong, "recipients.webhooks", &request.webhooks);
    let known: HashSet<Uuid> = models::webhooks::list(conn)?.into_iter().map(|webhook| webhook.id).collect();
    if webhooks.iter().any(|webhook| !known.contains(&webhook.0)) {
        wrong.insert("recipients.webhooks".to_owned(), "One of these webhooks does not exist.".to_owned());
    }
    let recipients =
        Recipients { users, managers: request.managers, person: request.person, emails, phones, webhooks };
    if recipients == Recipients::default() && !wrong.keys().any(|field| field.starts_with("recipients.")) {
        wrong.insert("recipients".to_owned(), "Say who is told.".to_owned());
    }
    Ok(recipients)
}

/// A value as its column holds it.
pub fn stored<T: Serialize>(value: &T) -> Result<Value, ApiError> {
    Ok(serde_json::to_value(value).map_err(anyhow::Error::from)?)
}

/// A value from its column.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    Ok(serde_json::from_value(value).map_err(anyhow::Error::from)?)
}

fn view(conn: &mut PgConnection, (row, group, feed): NamedRule) -> Result<AlertRuleView, ApiError> {
    let mut recipients: Recipients = read(row.recipients)?;
    // Accounts and webhooks that are gone are told nothing any more.
    let ids: Vec<Uuid> = recipients.users.iter().map(|user| user.0).collect();
    let users: HashSet<Uuid> =
        models::alert_rules::emails_of(conn, &ids)?.into_iter().map(|(id, _)| id).collect();
    recipients.users.retain(|user| users.contains(&user.0));
    let webhooks: HashSet<Uuid> =
        models::webhooks::list(conn)?.into_iter().map(|webhook| webhook.id).collect();
    recipients.webhooks.retain(|webhook| webhooks.contains(&webhook.0));
    let kind = AlertKind::ALL.into_iter().find(|kind| kind.name() == row.kind);
    Ok(AlertRuleView {
        id: AlertRuleId(row.id),
        name: row.name,
        kind: kind.ok_or_else(|| anyhow::anyhow!("a rule is of no kind"))?,
        group: row.group_id.map(|id| GroupRef { id: GroupId(id), name: group.unwrap_or_default() }),
        feed: row.feed_id.map(|id| FeedRef { id: FeedId(id), name: feed.unwrap_or_default() }),
        channels: read(row.channels)?,
        recipients,
        quiet_hours: row.quiet_hours.map(read).transpose()?,
        digest: read(row.digest)?,
        enabled: row.enabled,
        created_at: row.created_at,
    })
}
