output "network_id" {
  description = "Id of the network."
  value       = azurerm_virtual_network.this.id
}

output "subnet_ids" {
  description = "Ids of the subnets: edge, gateway, machines, function, database, endpoints. Known when their rules stand."
  value       = { for name, subnet in azurerm_subnet.this : name => subnet.id }
  depends_on = [
    azurerm_network_security_rule.flow, azurerm_network_security_rule.platform, azurerm_network_security_rule.deny,
    azurerm_subnet_network_security_group_association.this, azurerm_subnet_nat_gateway_association.this,
    azurerm_nat_gateway_public_ip_association.this, azurerm_subnet_route_table_association.this,
  ]
}

output "group_ids" {
  description = "Ids of the application security groups: edge, api, migrate, storage, vault."
  value       = { for name, group in azurerm_application_security_group.this : name => group.id }
}

output "zone_ids" {
  description = "Ids of the private DNS zones: internal, blob, vault, database."
  value       = { for name, zone in azurerm_private_dns_zone.this : name => zone.id }
  depends_on  = [azurerm_private_dns_zone_virtual_network_link.this]
}

output "internal_zone" {
  description = "Name of the zone that the API machines register in."
  value       = azurerm_private_dns_zone.this["internal"].name
}
