output "account_name" {
  description = "Name of the account."
  value       = azurerm_storage_account.this.name
}

output "account_id" {
  description = "Id of the account."
  value       = azurerm_storage_account.this.id
}

output "containers" {
  description = "Names of the containers: releases and photos."
  value       = { for name, container in azurerm_storage_container.this : name => container.name }
}
