output "address" {
  description = "The public address."
  value       = azurerm_public_ip.this.ip_address
}

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    gateway    = azurerm_application_gateway.this
    policy     = azurerm_web_application_firewall_policy.this
    public_ip  = azurerm_public_ip.this
    assignment = azurerm_role_assignment.certificate
  }
}
