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

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    account    = azurerm_storage_account.this
    containers = azurerm_storage_container.this
    policy     = azurerm_storage_management_policy.this
    endpoint   = azurerm_private_endpoint.this
    group      = azurerm_private_endpoint_application_security_group_association.this
    lock       = azurerm_management_lock.this
    logs       = azurerm_monitor_diagnostic_setting.this
    blobs      = azurerm_storage_blob.release
    readers    = azurerm_role_assignment.reader
    writer     = azurerm_role_assignment.writer
    uploader   = azurerm_role_assignment.uploader
  }
}
