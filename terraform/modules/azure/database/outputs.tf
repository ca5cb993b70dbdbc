output "id" {
  description = "Id of the server."
  value       = azurerm_postgresql_flexible_server.this.id
}

output "host" {
  description = "Name of the server, which its certificate is for."
  value       = azurerm_postgresql_flexible_server.this.fqdn
}

output "replica_host" {
  description = "Name of the server for reports; null without one."
  value       = one(azurerm_postgresql_flexible_server.replica[*].fqdn)
}

output "replica_id" {
  description = "Id of the server for reports; null without one."
  value       = one(azurerm_postgresql_flexible_server.replica[*].id)
}

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    server        = azurerm_postgresql_flexible_server.this
    replica       = azurerm_postgresql_flexible_server.replica
    administrator = azurerm_postgresql_flexible_server_active_directory_administrator.this
    parameters    = azurerm_postgresql_flexible_server_configuration.this
    lock          = azurerm_management_lock.this
    logs          = azurerm_monitor_diagnostic_setting.this
  }
}
