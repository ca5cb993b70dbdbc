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
