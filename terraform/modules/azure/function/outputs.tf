output "url" {
  description = "Where the function answers."
  value       = "https://${azurerm_function_app_flex_consumption.this.default_hostname}"
}

output "id" {
  description = "Id of the function."
  value       = azurerm_function_app_flex_consumption.this.id
}
