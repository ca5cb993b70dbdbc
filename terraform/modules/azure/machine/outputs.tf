output "id" {
  description = "Id of the machine."
  value       = azurerm_linux_virtual_machine.this.id
}

output "private_address" {
  description = "Its address within the network."
  value       = azurerm_network_interface.this.private_ip_address
}
