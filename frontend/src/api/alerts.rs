//! Calls about alerts, webhooks, the outbox, and reports that are sent by themselves.

use gloo_net::http::Method;
use serde::Deserialize;
use types::{
    AlertChannel, AlertPreferences, AlertRuleId, AlertRuleView, ChannelView, MessageId, MessageState,
    MessageView, OutboxCounts, Page, ReportScheduleId, ReportScheduleView, Retried, RetryMessages,
    SaveAlertRule, SaveReportSchedule, SaveWebhook, TestMessage, TestOutcome, WebhookId, WebhookView,
};

use super::{Api, Body, Coming, json, push_query};

/// The part of an answer that is shown this once.
#[derive(Debug, Clone, Deserialize)]
pub struct WebhookSecret {
    /// What requests are signed with.
    pub secret: String,
}

impl Api {
    pub fn alert_rules(self) -> Coming<Page<AlertRuleView>> {
        self.get("alerts/rules".to_owned())
    }

    /// Makes a rule, or puts another in the place of `id`.
    pub fn save_alert_rule(self, id: Option<AlertRuleId>, rule: &SaveAlertRule) -> Coming<()> {
        match id {
            Some(id) => self.done(Method::PUT, format!("alerts/rules/{id}"), json(rule)),
            None => self.done(Method::POST, "alerts/rules".to_owned(), json(rule)),
        }
    }

    pub fn delete_alert_rule(self, id: AlertRuleId) -> Coming<()> {
        self.done(Method::DELETE, format!("alerts/rules/{id}"), Body::Nothing)
    }

    pub fn alert_channels(self) -> Coming<Page<ChannelView>> {
        self.get("alerts/channels".to_owned())
    }

    pub fn test_channel(self, channel: AlertChannel, to: String) -> Coming<TestOutcome> {
        let path = format!("alerts/channels/{}/test", channel.name());
        self.read(Method::POST, path, json(&TestMessage { to }))
    }

    pub fn webhooks(self) -> Coming<Page<WebhookView>> {
        self.get("alerts/webhooks".to_owned())
    }

    pub fn create_webhook(self, webhook: &SaveWebhook) -> Coming<WebhookSecret> {
        self.read(Method::POST, "alerts/webhooks".to_owned(), json(webhook))
    }

    pub fn update_webhook(self, id: WebhookId, webhook: &SaveWebhook) -> Coming<()> {
        self.done(Method::PUT, format!("alerts/webhooks/{id}"), json(webhook))
    }

    pub fn delete_webhook(self, id: WebhookId) -> Coming<()> {
        self.done(Method::DELETE, format!("alerts/webhooks/{id}"), Body::Nothing)
    }

    pub fn rotate_webhook_secret(self, id: WebhookId) -> Coming<WebhookSecret> {
        self.read(Method::POST, format!("alerts/webhooks/{id}/secret"), Body::Nothing)
    }

    pub fn test_webhook(self, id: WebhookId) -> Coming<TestOutcome> {
        self.read(Method::POST, format!("alerts/webhooks/{id}/test"), Body::Nothing)
    }

    pub fn outbox(self, state: MessageState, after: Option<&str>) -> Coming<Page<MessageView>> {
        let mut path = format!("alerts/outbox?state={}", state.name());
        push_query(&mut path, "after", after);
        self.get(path)
    }

    pub fn outbox_counts(self) -> Coming<OutboxCounts> {
        self.get("alerts/outbox/counts".to_owned())
    }

    pub fn retry_message(self, id: MessageId) -> Coming<()> {
        self.done(Method::POST, format!("alerts/outbox/{id}/retry"), Body::Nothing)
    }

    pub fn drop_message(self, id: MessageId) -> Coming<()> {
        self.done(Method::DELETE, format!("alerts/outbox/{id}"), Body::Nothing)
    }

    pub fn retry_messages(self, state: MessageState) -> Coming<Retried> {
        self.read(Method::POST, "alerts/outbox/retry".to_owned(), json(&RetryMessages { state }))
    }

    pub fn alert_preferences(self) -> Coming<AlertPreferences> {
        self.get("alerts/preferences".to_owned())
    }

    pub fn save_alert_preferences(self, preferences: &AlertPreferences) -> Coming<()> {
        self.done(Method::PUT, "alerts/preferences".to_owned(), json(preferences))
    }

    pub fn report_schedules(self) -> Coming<Page<ReportScheduleView>> {
        self.get("report-schedules".to_owned())
    }

    /// Makes a scheduled report, or puts another in the place of `id`.
    pub fn save_report_schedule(
        self,
        id: Option<ReportScheduleId>,
        schedule: &SaveReportSchedule,
    ) -> Coming<()> {
        match id {
            Some(id) => self.done(Method::PUT, format!("report-schedules/{id}"), json(schedule)),
            None => self.done(Method::POST, "report-schedules".to_owned(), json(schedule)),
        }
    }

    pub fn delete_report_schedule(self, id: ReportScheduleId) -> Coming<()> {
        self.done(Method::DELETE, format!("report-schedules/{id}"), Body::Nothing)
    }

    pub fn run_report_schedule(self, id: ReportScheduleId) -> Coming<()> {
        self.done(Method::POST, format!("report-schedules/{id}/run"), Body::Nothing)
    }
}
