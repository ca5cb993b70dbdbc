output "id" {
  description = "Id of the machine."
  value       = azurerm_linux_virtual_machine.this.id
}

output "private_address" {
  description = "Its address within the network."
  value       = azurerm_network_interface.this.private_ip_address
}

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    machine   = azurerm_linux_virtual_machine.this
    interface = azurerm_network_interface.this
    group     = azurerm_network_interface_application_security_group_association.this
    agent     = azurerm_virtual_machine_extension.logs
  }
}
