output "address" {
  description = "The public address."
  value       = azurerm_public_ip.this.ip_address
}

output "private_address" {
  description = "The address within the network, for a gateway before it."
  value       = module.machine.private_address
}

output "machine_id" {
  description = "Id of the machine."
  value       = module.machine.id
}

output "resources" {
  description = "What was made, as the tests look at it."
  sensitive   = true
  value = {
    public_ip = azurerm_public_ip.this
    machine   = module.machine.resources
    disk      = azurerm_managed_disk.certificates
    attached  = azurerm_virtual_machine_data_disk_attachment.certificates
  }
}
