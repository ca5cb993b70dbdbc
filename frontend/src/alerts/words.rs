//! What kinds, channels and times are called.

use chrono::{Days, NaiveDate};
use types::{AlertChannel, AlertKind, Cadence, Digest, MessageKind, ReportRange, Weekday};

use crate::calendar::{self, DayStyle};
use crate::language::say;

/// What an alert is about.
pub fn kind(kind: AlertKind) -> &'static str {
    message(kind.into())
}

/// What a message tells.
pub fn message(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Absence => say!(alerts.absence),
        MessageKind::Lateness => say!(alerts.lateness),
        MessageKind::UnknownFace => say!(alerts.unknown_face),
        MessageKind::CameraSilent => say!(alerts.camera_silent),
        MessageKind::CameraBack => say!(alerts.camera_back),
        MessageKind::Report => say!(alerts.report),
    }
}

/// A way to tell somebody.
pub fn channel(channel: AlertChannel) -> &'static str {
    match channel {
        AlertChannel::Email => say!(words.email),
        AlertChannel::Sms => say!(alerts.sms),
        AlertChannel::Webhook => say!(alerts.webhook),
    }
}

/// When alerts are sent.
pub fn digest(digest: Digest) -> String {
    match digest {
        Digest::AtOnce => say!(alerts.at_once).to_owned(),
        Digest::Hourly => say!(alerts.hourly).to_owned(),
        Digest::Daily { time } => say!(alerts.daily_at, time = time.to_string()),
    }
}

/// Which days a report is about.
pub fn range(range: ReportRange) -> &'static str {
    match range {
        ReportRange::Today => say!(words.today),
        ReportRange::Yesterday => say!(words.yesterday),
        ReportRange::Last7Days => say!(alerts.last_7_days),
        ReportRange::LastWeek => say!(reports.last_week),
        ReportRange::LastMonth => say!(reports.last_month),
    }
}

/// How often, and at which time.
pub fn cadence(cadence: Cadence, time: String) -> String {
    match cadence {
        Cadence::Day => say!(alerts.every_day_at, time = time),
        Cadence::Week { weekday: day } => say!(alerts.every_week_at, day = weekday(day), time = time),
        Cadence::Month { day } => say!(alerts.every_month_at, day = day, time = time),
    }
}

/// The name of a weekday.
pub fn weekday(weekday: Weekday) -> String {
    // The first of January 2024 was a Monday.
    let monday = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default();
    let place = Weekday::ALL.iter().position(|day| *day == weekday).unwrap_or(0);
    let day = monday.checked_add_days(Days::new(place as u64)).unwrap_or(monday);
    calendar::write(day, DayStyle::Weekday)
}
