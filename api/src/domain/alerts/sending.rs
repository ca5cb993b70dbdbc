//! Senders: take what is due, send it, mark it.
//!
//! Each server has one sender a way, so that a slow webhook holds up no e-mail. A message is claimed for a while, in a
//! transaction of its own, and named; then it is sent; then it is marked. Whoever dies in between leaves a claim that
//! ends, and the next attempt carries the same name (the Message-ID of an e-mail, the `Attendance-Delivery` of a webhook),
//! by which the other side tells that it has it already. A text message has no such name and may come twice then.

use std::collections::HashMap;
use std::io::Read;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel::{Connection, PgConnection};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use types::{AlertChannel, MessageKind};
use uuid::Uuid;

use super::text::{self, Names};
use super::{timing, webhooks};
use crate::domain::messengers::{self, Attachment, Failure, Mail};
use crate::domain::report_schedules;
use crate::error::ApiError;
use crate::models;
use crate::models::outbox::{Message, Outcome};
use crate::state::App;

/// How long a sender has a message for itself; longer than any attempt lasts.
const CLAIM: TimeDelta = TimeDelta::minutes(5);
const LONGEST_ATTEMPT: Duration = Duration::from_secs(240);
/// Messages of one way that are under way together.
const AT_ONCE: usize = 4;
/// The most things in one message.
const MOST_IN_A_MESSAGE: i64 = 200;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a server that stops waits for what is under way.
const LAST_WAIT: Duration = Duration::from_secs(8);

/// Things that go out as one message.
#[derive(Debug)]
pub struct Delivery {
    /// Names it.
    pub id: Uuid,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The things, at least one.
    pub messages: Vec<Message>,
    names: Names,
}

/// Sends what is due by every way, and hands over reports that are due, until the server stops.
pub async fn run(app: App) {
    let senders = AlertChannel::ALL.map(|channel| keep_sending(app.clone(), channel));
    let [email, sms, webhook] = senders;
    tokio::join!(email, sms, webhook, report_schedules::run(app));
}

async fn keep_sending(app: App, channel: AlertChannel) {
    let mut stopping = app.stopping.subscribe();
    let mut every = tokio::time::interval(LOOK_EVERY);
    let mut under_way = FuturesUnordered::new();
    let mut said = false;
    loop {
        while under_way.len() < AT_ONCE {
            match claim(&app, channel).await {
                Ok(Some(delivery)) => under_way.push(deliver(&app, channel, delivery)),
                Ok(None) => {
                    said = false;
                    break;
                }
                Err(error) => {
                    if !std::mem::replace(&mut said, true) {
                        tracing::warn!(error.cause = %error, "messages are not sent; trying again");
                    }
                    break;
                }
            }
        }
        tokio::select! {
            Some(()) = under_way.next() => {}
            _ = every.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
    }
    // What is not done by then stays claimed, and is sent when its claim has run out.
    let _ = tokio::time::timeout(LAST_WAIT, async { while under_way.next().await.is_some() {} }).await;
}

/// Claims a message that is due.
///
/// # Errors
/// 503.
pub async fn claim(app: &App, channel: AlertChannel) -> Result<Option<Delivery>, ApiError> {
    let origin = app.site.origins.first().cloned().unwrap_or_default();
    app.db
        .run(move |conn| {
            let now = Utc::now();
            let messages = conn.transaction(|conn| {
                models::outbox::claim(conn, channel.name(), now, now + CLAIM, MOST_IN_A_MESSAGE)
            })?;
            let Some(first) = messages.first() else { return Ok(None) };
            let id = first.delivery_id.context("a claimed message has no delivery")?;
            let attempt = first.attempts;
            let names = names(conn, &messages, origin)?;
            Ok(Some(Delivery { id, attempt, messages, names }))
        })
        .await
}

fn names(conn: &mut PgConnection, messages: &[Message], origin: String) -> Result<Names, ApiError> {
    let settings = models::settings::get(conn)?;
    let (people, feeds) = models::outbox::names(conn, messages)?;
    let schedules: Vec<Uuid> = messages.iter().filter_map(|message| message.schedule_id).collect();
    let schedules = models::schedules::of_ids(conn, &schedules)?;
    Ok(Names {
        site: settings.site_name,
        zone: settings.timezone.parse().unwrap_or(Tz::UTC),
        people: people.into_iter().collect(),
        feeds: feeds.into_iter().collect(),
        schedules: schedules.into_iter().map(|row| (row.id, row.name)).collect::<HashMap<_, _>>(),
        origin,
    })
}

/// Makes one attempt and marks what became of it.
pub async fn deliver(app: &App, channel: AlertChannel, delivery: Delivery) {
    let attempt = tokio::time::timeout(LONGEST_ATTEMPT, send(app, channel, &delivery)).await;
    let sent = attempt.unwrap_or_else(|_| Err(Failure::passing("It took too long.")));
    let now = Utc::now();
    let outcome = outcome(sent, delivery.attempt, now, rand::random());
    let label = match &outcome {
        Outcome::Sent => "sent",
        Outcome::Again(..) => "failed",
        Outcome::Dead(_) => "dead",
    };
    app.metrics.messages.with_label_values(&[channel.name(), label]).inc();
    if let Outcome::Again(_, why) | Outcome::Dead(why) = &outcome {
        tracing::warn!(
            message.channel = channel.name(),
            message.delivery = %delivery.id,
            message.attempt = delivery.attempt,
            error.cause = why,
            "a message was not taken over"
        );
    }
    // What is sent and cannot be marked is sent again when the claim ends: worth a few tries.
    for _ in 0..3 {
        let (outcome, name) = (outcome.clone(), (delivery.id, delivery.attempt));
        let marked = app.db.run(move |conn| Ok(models::outbox::finish(conn, name, &outcome, now)?)).await;
        match marked {
            Ok(_) => return,
            Err(error) => tracing::warn!(error.cause = %error, "a message could not be marked"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What follows from an attempt.
fn outcome(sent: Result<(), Failure>, attempt: i32, now: DateTime<Utc>, jitter: f64) -> Outcome {
    match sent {
        Ok(()) => Outcome::Sent,
        Err(failure) if failure.lasting || attempt >= timing::MOST_ATTEMPTS => Outcome::Dead(failure.why),
        Err(failure) => Outcome::Again(now + timing::pause(attempt, jitter), failure.why),
    }
}

async fn send(app: &App, channel: AlertChannel, delivery: &Delivery) -> Result<(), Failure> {
    let Delivery { id, messages, names, .. } = delivery;
    let first = messages.first().ok_or_else(|| Failure::lasting("There is nothing to send."))?;
    match channel {
        AlertChannel::Email => {
            let message = Mail {
                id: *id,
                to: first.target.clone(),
                from_name: names.site.clone(),
                subject: names.subject(messages),
                text: names.plain(messages),
                html: names.html(messages),
                attachment: None,
            };
            match text::kind(first) {
                MessageKind::Report => mail(app, with_report(app, first, message, names).await?).await,
                _ => mail(app, message).await,
            }
        }
        AlertChannel::Sms => sms(app, &first.target, &names.sms(messages)).await,
        AlertChannel::Webhook => webhook(app, first, delivery).await,
    }
}

/// Sends an e-mail, where that is set up.
///
/// # Errors
/// Why it was not taken over.
pub async fn mail(app: &App, message: Mail) -> Result<(), Failure> {
    match &app.messengers.mailer {
        Some(mailer) => mailer.send(message).await,
        None => Err(Failure::passing("E-mail is not set up on the server: ATTENDANCE_SMTP_HOST is not set.")),
    }
}

/// Sends a text message, where that is set up.
///
/// # Errors
/// Why it was not taken over.
pub async fn sms(app: &App, to: &str, message: &str) -> Result<(), Failure> {
    match &app.messengers.texter {
        Some(texter) => texter.send(to, message).await,
        None => Err(Failure::passing("SMS is not set up on the server: ATTENDANCE_SMS is not set.")),
    }
}

async fn webhook(app: &App, first: &Message, delivery: &Delivery) -> Result<(), Failure> {
    let id = first.webhook_id.unwrap_or_default();
    let found = app.db.run(move |conn| Ok(models::webhooks::find(conn, id)?)).await;
    let row = found.map_err(|error| Failure::passing(format!("The webhook cannot be read: {error}")))?;
    if !row.enabled {
        return Err(Failure::lasting("This webhook is switched off."));
    }
    let secret = webhooks::secret(&app.keys, &row).map_err(|error| {
        tracing::error!(error.cause = ?error, webhook.id = %row.id, "the secret of a webhook cannot be opened");
        Failure::passing("The secret of this webhook cannot be opened.")
    })?;
    let now = Utc::now();
    let body = delivery.names.events(delivery.id, &delivery.messages, now).to_string();
    messengers::post(&app.messengers.reach, (&row.url, &secret), delivery.id, body, now).await
}

/// Makes the report that a message is about and attaches it, or says where it is where it is too large.
async fn with_report(app: &App, row: &Message, mut message: Mail, names: &Names) -> Result<Mail, Failure> {
    let made = report_schedules::make(app, row).await;
    let report = made.map_err(|error| match error {
        ApiError::Internal(_) | ApiError::DatabaseUnavailable(_) | ApiError::TooManyRequests { .. } => {
            Failure::passing(format!("The report was not made: {error}"))
        }
        error => Failure::lasting(format!("The report cannot be made: {error}")),
    })?;
    let most = app.messengers.attachment_bytes;
    let (name, content_type) = (report.file.name, report.content_type);
    let read = tokio::task::spawn_blocking(move || {
        let length = report.file.file.metadata()?.len();
        if length > most {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        (&report.file.file).take(most).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(Some(bytes))
    });
    let read = read.await.map_err(|error| anyhow!(error)).and_then(|read| Ok(read?));
    let bytes = read.map_err(|error| Failure::passing(format!("The report cannot be read: {error}")))?;
    let note = match bytes {
        Some(bytes) => {
            message.attachment = Some(Attachment { name, content_type, bytes });
            format!("{}: {}", report.title, report.days)
        }
        None => format!(
            "{}: {}. The file is larger than can be attached: fetch it from the page.",
            report.title, report.days
        ),
    };
    message.subject = format!("{}: {}", names.line(row), report.days);
    message.text = format!("{note}\n\n{}\n{}\n", names.site, names.origin);
    message.html = text::page(&format!("<p>{}</p>{}", text::escape(&note), names.footer()));
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_end() {
        let now = Utc::now();
        let failed = |failure: Failure, attempt| outcome(Err(failure), attempt, now, 0.0);
        assert_eq!(outcome(Ok(()), 1, now, 0.0), Outcome::Sent);
        let again = Outcome::Again(now + TimeDelta::seconds(30), "away".to_owned());
        assert_eq!(failed(Failure::passing("away"), 1), again);
        let last = timing::MOST_ATTEMPTS;
        assert!(matches!(failed(Failure::passing("away"), last - 1), Outcome::Again(..)));
        assert_eq!(failed(Failure::passing("away"), last), Outcome::Dead("away".to_owned()));
        assert_eq!(failed(Failure::lasting("no"), 1), Outcome::Dead("no".to_owned()));
    }
}
