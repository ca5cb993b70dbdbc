# Every type that is made, so that what Azure would answer is invented already when Terraform plans.

mock_resource "azurerm_application_gateway" {
  defaults = {}
}

mock_resource "azurerm_application_insights" {
  defaults = {}
}

mock_resource "azurerm_application_insights_standard_web_test" {
  defaults = {}
}

mock_resource "azurerm_application_security_group" {
  defaults = {}
}

mock_resource "azurerm_bastion_host" {
  defaults = {}
}

mock_resource "azurerm_consumption_budget_resource_group" {
  defaults = {}
}

mock_resource "azurerm_function_app_flex_consumption" {
  defaults = {}
}

mock_resource "azurerm_key_vault" {
  defaults = {}
}

mock_resource "azurerm_linux_virtual_machine" {
  defaults = {}
}

mock_resource "azurerm_linux_virtual_machine_scale_set" {
  defaults = {}
}

mock_resource "azurerm_log_analytics_workspace" {
  defaults = {}
}

mock_resource "azurerm_managed_disk" {
  defaults = {}
}

mock_resource "azurerm_management_lock" {
  defaults = {}
}

mock_resource "azurerm_monitor_action_group" {
  defaults = {}
}

mock_resource "azurerm_monitor_autoscale_setting" {
  defaults = {}
}

mock_resource "azurerm_monitor_data_collection_rule" {
  defaults = {}
}

mock_resource "azurerm_monitor_data_collection_rule_association" {
  defaults = {}
}

mock_resource "azurerm_monitor_diagnostic_setting" {
  defaults = {}
}

mock_resource "azurerm_monitor_metric_alert" {
  defaults = {}
}

mock_resource "azurerm_monitor_scheduled_query_rules_alert_v2" {
  defaults = {}
}

mock_resource "azurerm_nat_gateway" {
  defaults = {}
}

mock_resource "azurerm_nat_gateway_public_ip_association" {
  defaults = {}
}

mock_resource "azurerm_network_interface" {
  defaults = {}
}

mock_resource "azurerm_network_interface_application_security_group_association" {
  defaults = {}
}

mock_resource "azurerm_network_security_group" {
  defaults = {}
}

mock_resource "azurerm_network_security_rule" {
  defaults = {}
}

mock_resource "azurerm_network_watcher_flow_log" {
  defaults = {}
}

mock_resource "azurerm_portal_dashboard" {
  defaults = {}
}

mock_resource "azurerm_postgresql_flexible_server" {
  defaults = {}
}

mock_resource "azurerm_postgresql_flexible_server_active_directory_administrator" {
  defaults = {}
}

mock_resource "azurerm_postgresql_flexible_server_configuration" {
  defaults = {}
}

mock_resource "azurerm_private_dns_zone" {
  defaults = {}
}

mock_resource "azurerm_private_dns_zone_virtual_network_link" {
  defaults = {}
}

mock_resource "azurerm_private_endpoint" {
  defaults = {}
}

mock_resource "azurerm_private_endpoint_application_security_group_association" {
  defaults = {}
}

mock_resource "azurerm_public_ip" {
  defaults = {}
}

mock_resource "azurerm_resource_group" {
  defaults = {}
}

mock_resource "azurerm_role_assignment" {
  defaults = {}
}

mock_resource "azurerm_role_definition" {
  defaults = {}
}

mock_resource "azurerm_route" {
  defaults = {}
}

mock_resource "azurerm_route_table" {
  defaults = {}
}

mock_resource "azurerm_service_plan" {
  defaults = {}
}

mock_resource "azurerm_storage_account" {
  defaults = {}
}

mock_resource "azurerm_storage_blob" {
  defaults = {}
}

mock_resource "azurerm_storage_container" {
  defaults = {}
}

mock_resource "azurerm_storage_management_policy" {
  defaults = {}
}

mock_resource "azurerm_subnet" {
  defaults = {}
}

mock_resource "azurerm_subnet_nat_gateway_association" {
  defaults = {}
}

mock_resource "azurerm_subnet_network_security_group_association" {
  defaults = {}
}

mock_resource "azurerm_subnet_route_table_association" {
  defaults = {}
}

mock_resource "azurerm_user_assigned_identity" {
  defaults = {}
}

mock_resource "azurerm_virtual_machine_extension" {
  defaults = {}
}

mock_resource "azurerm_virtual_network" {
  defaults = {}
}

mock_resource "azurerm_web_application_firewall_policy" {
  defaults = {}
}

mock_resource "azurerm_virtual_machine_data_disk_attachment" {
  defaults = {}
}
