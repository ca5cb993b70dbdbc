//! What messages say: lines of plain text, the same as HTML, a text for a phone, a body for a webhook.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use types::MessageKind;
use uuid::Uuid;

use crate::models::outbox::Message;

/// The most characters of a text for a phone: three parts of an SMS in plain letters.
const MOST_OF_AN_SMS: usize = 450;

/// What the texts name.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Names {
    pub site: String,
    pub zone: Tz,
    pub people: HashMap<Uuid, String>,
    pub feeds: HashMap<Uuid, String>,
    /// Of schedules.
    pub schedules: HashMap<Uuid, String>,
    /// Where the page is.
    pub origin: String,
}

/// The kind of a stored message.
pub fn kind(message: &Message) -> MessageKind {
    // The database holds no other kinds.
    MessageKind::ALL.into_iter().find(|kind| kind.name() == message.kind).unwrap_or(MessageKind::Report)
}

impl Names {
    fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    fn time(&self, message: &Message, field: &str) -> Option<String> {
        Some(self.local(message.payload.get(field)?.as_str()?.parse().ok()?))
    }

    fn of(map: &HashMap<Uuid, String>, id: Option<Uuid>) -> &str {
        id.and_then(|id| map.get(&id)).map_or("", String::as_str)
    }

    /// One thing in a line.
    pub fn line(&self, message: &Message) -> String {
        let person = Self::of(&self.people, message.person_id);
        let feed = Self::of(&self.feeds, message.feed_id);
        let schedule = Self::of(&self.schedules, message.schedule_id);
        let at = |field: &str| self.time(message, field).unwrap_or_default();
        match kind(message) {
            MessageKind::Absence => format!("{person} was absent: {schedule}, {}", at("starts_at")),
            MessageKind::Lateness => {
                let minutes = message.payload["late_minutes"].as_i64().unwrap_or_default();
                format!("{person} came {minutes} min late: {schedule}, {}", at("starts_at"))
            }
            MessageKind::UnknownFace => format!("An unknown face at {feed}, {}", at("seen_at")),
            MessageKind::CameraSilent => match message.payload["reported"].as_str() {
                Some(reported) => {
                    format!(
                        "The camera {feed} is silent since {}: its device reports {reported}",
                        at("since")
                    )
                }
                None => format!("The camera {feed} is silent since {}", at("since")),
            },
            MessageKind::CameraBack => format!("The camera {feed} is back since {}", at("since")),
            MessageKind::Report => message.payload["name"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// What a message is about, in a line.
    pub fn subject(&self, messages: &[Message]) -> String {
        if let [one] = messages {
            return self.line(one);
        }
        let count = |kind: MessageKind| messages.iter().filter(|message| self::kind(message) == kind).count();
        let parts: Vec<String> = MessageKind::ALL
            .into_iter()
            .map(|kind| (kind, count(kind)))
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| counted(kind, count))
            .collect();
        format!("{}: {}", self.site, parts.join(", "))
    }

    /// The body in plain text.
    pub fn plain(&self, messages: &[Message]) -> String {
        let lines: Vec<String> = messages.iter().map(|message| self.line(message)).collect();
        format!("{}\n\n{}\n{}\n", lines.join("\n"), self.site, self.origin)
    }

    /// The body as HTML.
    pub fn html(&self, messages: &[Message]) -> String {
        let line = |message| format!("<li>{}</li>", escape(&self.line(message)));
        let lines: String = messages.iter().map(line).collect();
        page(&format!("<ul>{lines}</ul>{}", self.footer()))
    }

    /// Who it is from and where to look.
    pub fn footer(&self) -> String {
        let origin = escape(&self.origin);
        format!("<p>{}<br><a href=\"{origin}\">{origin}</a></p>", escape(&self.site))
    }

    /// The text for a phone.
    pub fn sms(&self, messages: &[Message]) -> String {
        let mut text = format!("{}:", self.site);
        for (index, message) in messages.iter().enumerate() {
            let line = self.line(message);
            let rest = format!("\n… {} more", messages.len() - index);
            if text.chars().count() + line.chars().count() + rest.chars().count() + 1 > MOST_OF_AN_SMS {
                text.push_str(&rest);
                break;
            }
            text = format!("{text}\n{line}");
        }
        text.chars().take(MOST_OF_AN_SMS).collect()
    }

    /// The body for a webhook.
    pub fn events(&self, delivery: Uuid, messages: &[Message], now: DateTime<Utc>) -> Value {
        let events: Vec<Value> = messages.iter().map(|message| self.event(message)).collect();
        json!({ "id": delivery, "sent_at": stamp(now), "events": events })
    }

    fn event(&self, message: &Message) -> Value {
        let mut event = Map::new();
        event.insert("id".to_owned(), json!(message.id));
        event.insert("kind".to_owned(), json!(message.kind));
        event.insert("at".to_owned(), json!(stamp(message.created_at)));
        let named = |map: &HashMap<Uuid, String>, id: Uuid| json!({ "id": id, "name": map.get(&id) });
        if let Some(id) = message.person_id {
            event.insert("person".to_owned(), named(&self.people, id));
        }
        if let Some(id) = message.feed_id {
            event.insert("feed".to_owned(), named(&self.feeds, id));
        }
        if let (Some(id), Some(day), Some(slot)) = (message.schedule_id, message.day, message.slot) {
            event.insert("schedule".to_owned(), named(&self.schedules, id));
            event.insert("day".to_owned(), json!(day));
            event.insert("slot".to_owned(), json!(slot));
        }
        if let Value::Object(payload) = &message.payload {
            event.extend(payload.clone());
        }
        Value::Object(event)
    }
}

fn counted(kind: MessageKind, count: usize) -> String {
    let (one, many) = match kind {
        MessageKind::Absence => ("absence", "absences"),
        MessageKind::Lateness => ("late arrival", "late arrivals"),
        MessageKind::UnknownFace => ("unknown face", "unknown faces"),
        MessageKind::CameraSilent => ("silent camera", "silent cameras"),
        MessageKind::CameraBack => ("camera back", "cameras back"),
        MessageKind::Report => ("report", "reports"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A body within a page.
pub fn page(body: &str) -> String {
    format!("<!doctype html><html><head><meta charset=\"utf-8\"></head><body>{body}</body></html>")
}

/// Text as it stands in HTML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &str, person: u128) -> Message {
        let at = "2026-05-04T06:00:00Z".parse().expect("a moment");
        Message {
            id: Uuid::from_u128(person),
            kind: kind.to_owned(),
            channel: "email".to_owned(),
            target: "a@example.org".to_owned(),
            webhook_id: None,
            user_id: None,
            person_id: Some(Uuid::from_u128(person)),
            feed_id: None,
            report_schedule_id: None,
            schedule_id: Some(Uuid::from_u128(9)),
            day: None,
            slot: Some(0),
            payload: json!({ "starts_at": "2026-05-04T06:00:00Z", "late_minutes": 12 }),
            bundle: String::new(),
            state: "pending".to_owned(),
            created_at: at,
            not_before: at,
            delivery_id: None,
            attempts: 1,
            last_error: None,
            sent_at: None,
        }
    }

    #[test]
    fn texts_name_what_happened_and_are_escaped() {
        let names = Names {
            site: "A & B".to_owned(),
            zone: Tz::Europe__Berlin,
            people: [(1, "<b>Ann</b>"), (2, "Zoë")]
                .map(|(id, name)| (Uuid::from_u128(id), name.to_owned()))
                .into(),
            schedules: [(Uuid::from_u128(9), "Maths".to_owned())].into(),
            ..Names::default()
        };
        let (one, other) = (message("absence", 1), message("lateness", 2));
        assert_eq!(names.line(&one), "<b>Ann</b> was absent: Maths, 2026-05-04 08:00");
        assert_eq!(names.line(&other), "Zoë came 12 min late: Maths, 2026-05-04 08:00");
        let both = [one, other];
        assert_eq!(names.subject(&both), "A & B: 1 absence, 1 late arrival");
        assert!(names.html(&both).contains("<li>&lt;b&gt;Ann&lt;/b&gt; was absent"));
        assert!(names.html(&both).contains("A &amp; B"));
        let many: Vec<Message> = (0..50).map(|_| message("lateness", 2)).collect();
        let text = names.sms(&many);
        assert!(text.chars().count() <= MOST_OF_AN_SMS && text.contains("more"), "{text}");
    }
}
