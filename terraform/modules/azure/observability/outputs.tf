output "workspace_id" {
  description = "Id of the workspace that logs go to."
  value       = azurerm_log_analytics_workspace.this.id
}

output "dashboard_id" {
  description = "Id of the dashboard."
  value       = azurerm_portal_dashboard.this.id
}

output "alarms" {
  description = "Names of the alarms."
  value = sort(concat(
    [for alarm in azurerm_monitor_metric_alert.this : alarm.name],
    [for alarm in azurerm_monitor_scheduled_query_rules_alert_v2.this : alarm.name],
    [azurerm_monitor_metric_alert.page.name],
  ))
}
