DROP TABLE outbox, report_schedules, alert_preferences, alert_rules, webhooks;
