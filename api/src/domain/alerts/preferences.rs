//! What somebody wants to be told.

use std::collections::BTreeMap;

use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{AlertChannel, AlertPreferences, PersonId, UserId};

use super::rules::{read, stored};
use super::{check_quiet, each_once, valid};
use crate::error::{ApiError, missing};
use crate::models;
use crate::models::alert_rules::Whose;
use crate::models::audit::Actor;

/// What an account, or a person without one, wants. Who has said nothing is told as the rules say.
///
/// # Errors
/// 404 for a person who does not exist.
pub fn get(conn: &mut PgConnection, whose: Whose) -> Result<AlertPreferences, ApiError> {
    let found = match whose {
        Whose::User(id) => models::alert_rules::preferences(conn, &[id], &[])?,
        Whose::Person(id) => {
            models::people::find(conn, id).map_err(|error| missing(error, "person"))?;
            models::alert_rules::preferences(conn, &[], &[id])?
        }
    };
    let own = found.into_iter().next();
    own.map_or(Ok(AlertPreferences::default()), |(_, _, preferences)| read(preferences))
}

/// Replaces what somebody wants; what waits for them and is not wanted is withdrawn. A person's is put by an admin and
/// stands in the audit.
///
/// # Errors
/// 404, 422.
pub fn put(
    conn: &mut PgConnection,
    by: UserId,
    whose: Whose,
    request: &AlertPreferences,
) -> Result<AlertPreferences, ApiError> {
    let mut wrong = BTreeMap::new();
    let muted = each_once(&mut wrong, "muted", &request.muted);
    if muted.iter().any(|muted| muted.channel == AlertChannel::Webhook) {
        wrong.insert("muted".to_owned(), "People are told by e-mail or SMS.".to_owned());
    }
    check_quiet(&mut wrong, request.quiet_hours);
    valid(wrong)?;
    let preferences = AlertPreferences { muted, ..request.clone() };
    conn.transaction(|conn| {
        let theirs = match whose {
            Whose::User(id) => (Some(id), models::scope::person_of(conn, id)?),
            Whose::Person(id) => {
                models::people::find(conn, id).map_err(|error| missing(error, "person"))?;
                (None, Some(id))
            }
        };
        models::alert_rules::set_preferences(conn, whose, &stored(&preferences)?)?;
        if preferences.opted_out {
            models::outbox::withdraw_unwanted(conn, theirs, None)?;
        }
        for muted in &preferences.muted {
            let of = (muted.kind.name(), muted.channel.name());
            models::outbox::withdraw_unwanted(conn, theirs, Some(of))?;
        }
        if let Whose::Person(id) = whose {
            let (actor, subject) = (Actor::User(by.0), ("person", Some(PersonId(id).0)));
            models::audit::insert(conn, actor, "alert_preferences.changed", subject, json!(preferences))?;
        }
        Ok(preferences)
    })
}
