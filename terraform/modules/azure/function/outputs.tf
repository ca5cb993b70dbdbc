output "url" {
  description = "Where the function answers."
  value       = "https://${azurerm_function_app_flex_consumption.this.default_hostname}"
}

output "name" {
  description = "Name of the function."
  value       = azurerm_function_app_flex_consumption.this.name
}

output "id" {
  description = "Id of the function."
  value       = azurerm_function_app_flex_consumption.this.id
}

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    app        = azurerm_function_app_flex_consumption.this
    plan       = azurerm_service_plan.this
    account    = azurerm_storage_account.this
    container  = azurerm_storage_container.package
    assignment = azurerm_role_assignment.storage
  }
}
