output "vault_id" {
  description = "Id of the vault."
  value       = azurerm_key_vault.this.id
}

output "secrets" {
  description = "Addresses of the secrets; their values are put there once by an operator."
  value       = { for name in ["master-key", "audit-key"] : name => "https://${var.vault_name}.vault.azure.net/secrets/${name}" }
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    vault    = azurerm_key_vault.this
    reader   = azurerm_role_assignment.reader
    endpoint = azurerm_private_endpoint.this
    group    = azurerm_private_endpoint_application_security_group_association.this
    lock     = azurerm_management_lock.this
    logs     = azurerm_monitor_diagnostic_setting.this
  }
}
