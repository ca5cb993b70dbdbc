# Private zones: `api` of the internal one is written by the API machines themselves, the others lead names of Azure's
# services to their private addresses.

locals {
  zones = {
    internal = "${var.name}.internal"
    blob     = "privatelink.blob.core.windows.net"
    vault    = "privatelink.vaultcore.azure.net"
    database = "${var.name}.private.postgres.database.azure.com"
  }
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.zones

  name                = each.value
  resource_group_name = var.resource_group
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = local.zones

  name                  = var.name
  resource_group_name   = var.resource_group
  private_dns_zone_name = azurerm_private_dns_zone.this[each.key].name
  virtual_network_id    = azurerm_virtual_network.this.id
  registration_enabled  = false
  tags                  = var.tags
}
