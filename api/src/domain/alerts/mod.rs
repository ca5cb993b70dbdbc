//! Alerts: rules say who is told of what; causes write rows of the outbox in their own transaction; senders take what is
//! due, send it and mark it.

pub mod outbox;
pub mod preferences;
pub mod raising;
pub mod rules;
pub mod sending;
pub mod text;
pub mod timing;
pub mod webhooks;

use std::collections::BTreeMap;

use lettre::Address;
use types::{AlertChannel, ChannelView, QuietHours, TestOutcome};
use uuid::Uuid;

use self::text::{escape, page};
use crate::domain::credentials;
use crate::domain::messengers::{Failure, Mail, phone};
use crate::error::ApiError;
use crate::models;
use crate::state::App;

/// The most addresses of a kind in one list.
const MOST_ADDRESSES: usize = 100;

/// What the server can send by.
pub fn channels(app: &App) -> Vec<ChannelView> {
    let messengers = &app.messengers;
    let view = |channel| match channel {
        AlertChannel::Email => {
            let mailer = messengers.mailer.as_deref();
            ChannelView {
                channel,
                configured: mailer.is_some(),
                sender: mailer.map(|mailer| mailer.sender()),
            }
        }
        AlertChannel::Sms => {
            let texter = messengers.texter.as_deref();
            let sender = texter.and_then(|texter| texter.sender());
            ChannelView { channel, configured: texter.is_some(), sender }
        }
        AlertChannel::Webhook => ChannelView { channel, configured: true, sender: None },
    };
    AlertChannel::ALL.into_iter().map(view).collect()
}

/// Sends a test message by e-mail or SMS.
///
/// # Errors
/// 422 for what is no address, 404 for webhooks, which have a test of their own.
pub async fn test(app: &App, channel: AlertChannel, to: &str) -> Result<TestOutcome, ApiError> {
    let text = "This is a test. Messages of this site arrive here.";
    let site = app.db.run(|conn| Ok(models::settings::get(conn)?.site_name)).await?;
    let mut wrong = BTreeMap::new();
    let sent = match channel {
        AlertChannel::Email => {
            let to = email(&mut wrong, "to", to);
            valid(wrong)?;
            let mail = Mail {
                id: Uuid::now_v7(),
                to,
                from_name: site.clone(),
                subject: format!("{site}: test"),
                text: format!("{text}\n"),
                html: page(&format!("<p>{}</p>", escape(text))),
                attachment: None,
            };
            sending::mail(app, mail).await
        }
        AlertChannel::Sms => {
            let to = phone_number(&mut wrong, "to", to);
            valid(wrong)?;
            sending::sms(app, &to, &format!("{site}: {text}")).await
        }
        AlertChannel::Webhook => return Err(ApiError::NotFound("test: each webhook has its own")),
    };
    Ok(outcome(sent))
}

/// What became of a test.
fn outcome(sent: Result<(), Failure>) -> TestOutcome {
    TestOutcome { sent: sent.is_ok(), error: sent.err().map(|failure| failure.why) }
}

/// An e-mail address; notes in `wrong` where it is none.
pub fn email(wrong: &mut BTreeMap<String, String>, field: &str, text: &str) -> String {
    let email = credentials::email(text).ok().filter(|email| email.parse::<Address>().is_ok());
    if email.is_none() {
        let shown: String = text.chars().take(60).collect();
        wrong.insert(field.to_owned(), format!("`{shown}` is not an e-mail address."));
    }
    email.unwrap_or_default()
}

/// A phone number; notes in `wrong` where it is none.
fn phone_number(wrong: &mut BTreeMap<String, String>, field: &str, text: &str) -> String {
    let number = phone(text);
    if number.is_none() {
        let shown: String = text.chars().take(60).collect();
        let what = format!("`{shown}` is not a phone number with its country code, such as +493012345678.");
        wrong.insert(field.to_owned(), what);
    }
    number.unwrap_or_default()
}

/// Each once, in the order given; notes in `wrong` where there are too many.
pub fn each_once<T: PartialEq + Clone>(
    wrong: &mut BTreeMap<String, String>,
    field: &str,
    items: &[T],
) -> Vec<T> {
    if items.len() > MOST_ADDRESSES {
        wrong.insert(field.to_owned(), format!("Name at most {MOST_ADDRESSES}."));
    }
    let mut once: Vec<T> = Vec::new();
    for item in items.iter().take(MOST_ADDRESSES) {
        if !once.contains(item) {
            once.push(item.clone());
        }
    }
    once
}

/// Notes in `wrong` that some of some accounts do not exist.
///
/// # Errors
/// When the database fails.
pub fn check_users(
    conn: &mut diesel::PgConnection,
    wrong: &mut BTreeMap<String, String>,
    field: &str,
    users: &[types::UserId],
) -> Result<(), ApiError> {
    let ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    if models::alert_rules::emails_of(conn, &ids)?.len() != ids.len() {
        wrong.insert(field.to_owned(), "One of these accounts does not exist.".to_owned());
    }
    Ok(())
}

/// Notes in `wrong` where quiet hours are none.
fn check_quiet(wrong: &mut BTreeMap<String, String>, hours: Option<QuietHours>) {
    if hours.is_some_and(|hours| hours.from == hours.until) {
        let what = "They begin and end at the same time: leave them out, or switch it off.";
        wrong.insert("quiet_hours".to_owned(), what.to_owned());
    }
}

/// # Errors
/// 422 that names each field.
pub fn valid(wrong: BTreeMap<String, String>) -> Result<(), ApiError> {
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::Invalid(wrong)) }
}
