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

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    network         = azurerm_virtual_network.this
    subnets         = azurerm_subnet.this
    public_ip       = azurerm_public_ip.nat
    nat_subnets     = azurerm_subnet_nat_gateway_association.this
    nat             = azurerm_nat_gateway.this
    route_tables    = azurerm_route_table.this
    routes          = azurerm_route.out
    routed_subnets  = azurerm_subnet_route_table_association.this
    groups          = azurerm_network_security_group.this
    grouped_subnets = azurerm_subnet_network_security_group_association.this
    flow_rules      = azurerm_network_security_rule.flow
    platform_rules  = azurerm_network_security_rule.platform
    deny_rules      = azurerm_network_security_rule.deny
    zones           = azurerm_private_dns_zone.this
    zone_links      = azurerm_private_dns_zone_virtual_network_link.this
    bastion         = azurerm_bastion_host.this
  }
}
