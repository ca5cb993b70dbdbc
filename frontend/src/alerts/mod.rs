//! Alerts: who is told of what and by which way, what was sent, reports that are sent by themselves.

mod channels;
mod fields;
mod outbox;
mod preferences;
mod rule_form;
mod rules;
mod schedule_form;
mod schedules;
mod section;
mod webhooks;
mod words;

pub use preferences::PreferencesSection;
pub use section::AlertsSection;
