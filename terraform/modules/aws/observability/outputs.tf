output "log_group" {
  description = "Where the machines' journals go."
  value = {
    name = aws_cloudwatch_log_group.machines.name
    arn  = aws_cloudwatch_log_group.machines.arn
  }
}

output "rollback_alarm" {
  description = "Alarm that takes a rolling replacement back."
  value       = aws_cloudwatch_metric_alarm.api_failures.alarm_name
}

output "dashboard_url" {
  description = "The dashboard."
  value       = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    alarms        = merge(aws_cloudwatch_metric_alarm.this, { ApiErrors = aws_cloudwatch_metric_alarm.api_failures, SiteDown = aws_cloudwatch_metric_alarm.page })
    topics        = [aws_sns_topic.alarms.arn, aws_sns_topic.outside.arn]
    topic         = aws_sns_topic.alarms
    subscriptions = [aws_sns_topic_subscription.alarms, aws_sns_topic_subscription.outside]
    events        = aws_db_event_subscription.database
    filters       = aws_cloudwatch_log_metric_filter.this
    budget        = aws_budgets_budget.month
    dashboard     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body)
    log_groups    = [aws_cloudwatch_log_group.machines]
  }
}
