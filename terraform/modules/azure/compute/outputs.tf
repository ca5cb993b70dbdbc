output "scale_set_id" {
  description = "Id of the scale set of the API machines."
  value       = azurerm_linux_virtual_machine_scale_set.api.id
}

output "scale_set_name" {
  description = "Name of the scale set."
  value       = azurerm_linux_virtual_machine_scale_set.api.name
}

output "migrate_id" {
  description = "Id of the machine that brings the schema up to date."
  value       = module.migrate.id
}

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    scale_set   = azurerm_linux_virtual_machine_scale_set.api
    autoscale   = azurerm_monitor_autoscale_setting.api
    migrate     = module.migrate.resources
    roles       = azurerm_role_definition.this
    assignments = azurerm_role_assignment.this
  }
}
