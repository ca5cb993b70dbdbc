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

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    workspace    = azurerm_log_analytics_workspace.this
    rule         = azurerm_monitor_data_collection_rule.machines
    associations = azurerm_monitor_data_collection_rule_association.machines
    flows        = azurerm_network_watcher_flow_log.this
    flow_account = azurerm_storage_account.flows
    mail         = azurerm_monitor_action_group.mail
    metrics      = azurerm_monitor_metric_alert.this
    queries      = azurerm_monitor_scheduled_query_rules_alert_v2.this
    probe        = azurerm_application_insights_standard_web_test.page
    page         = azurerm_monitor_metric_alert.page
    budget       = azurerm_consumption_budget_resource_group.month
    dashboard    = azurerm_portal_dashboard.this
  }
}
