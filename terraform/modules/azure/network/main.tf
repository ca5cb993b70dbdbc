# One network. A subnet of Azure spans the zones of the region; what is apart here is what may be reached by whom.

locals {
  subnets = {
    edge      = { cidr = var.subnets.public[0] }
    gateway   = { cidr = var.subnets.public[1] }
    machines  = { cidr = var.subnets.private[0] }
    function  = { cidr = var.subnets.private[1], delegate = "Microsoft.App/environments", endpoints = ["Microsoft.Storage"] }
    database  = { cidr = var.subnets.database[0], delegate = "Microsoft.DBforPostgreSQL/flexibleServers", endpoints = ["Microsoft.Storage"] }
    endpoints = { cidr = var.subnets.database[1] }
  }

  # What reaches the internet does so through the NAT gateway, except for the edge, which has an address of its own.
  through_nat = toset(["machines", "function"])
}

resource "azurerm_virtual_network" "this" {
  name                = var.name
  resource_group_name = var.resource_group
  location            = var.region
  address_space       = [var.network_cidr]
  tags                = var.tags
}

resource "azurerm_subnet" "this" {
  for_each = local.subnets

  name                 = each.key
  resource_group_name  = var.resource_group
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [each.value.cidr]
  service_endpoints    = try(each.value.endpoints, null)

  # Without an address or NAT there is no way out, rather than one by an address that Azure lends.
  default_outbound_access_enabled = false

  # Otherwise the rules of the endpoints' group would not hold for private endpoints.
  private_endpoint_network_policies = "Enabled"

  dynamic "delegation" {
    for_each = try([each.value.delegate], [])

    content {
      name = "service"

      service_delegation {
        name    = delegation.value
        actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
      }
    }
  }
}

resource "azurerm_public_ip" "nat" {
  name                = "${var.name}-nat"
  resource_group_name = var.resource_group
  location            = var.region
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = var.tags
}

resource "azurerm_nat_gateway" "this" {
  name                    = var.name
  resource_group_name     = var.resource_group
  location                = var.region
  sku_name                = "Standard"
  idle_timeout_in_minutes = 10
  tags                    = var.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  nat_gateway_id       = azurerm_nat_gateway.this.id
  public_ip_address_id = azurerm_public_ip.nat.id
}

resource "azurerm_subnet_nat_gateway_association" "this" {
  for_each = local.through_nat

  subnet_id      = azurerm_subnet.this[each.key].id
  nat_gateway_id = azurerm_nat_gateway.this.id
}

# Routes of a VPN that somebody adds later do not get to lead the machines' traffic elsewhere, and what only answers
# has no way out at all. PostgreSQL's subnet is left to Azure, which runs its backups over it.
resource "azurerm_route_table" "this" {
  for_each = { private = "Internet", endpoints = "None" }

  name                          = "${var.name}-${each.key}"
  resource_group_name           = var.resource_group
  location                      = var.region
  bgp_route_propagation_enabled = false
  tags                          = var.tags
}

resource "azurerm_route" "out" {
  for_each = { private = "Internet", endpoints = "None" }

  name                = "out"
  resource_group_name = var.resource_group
  route_table_name    = azurerm_route_table.this[each.key].name
  address_prefix      = "0.0.0.0/0"
  next_hop_type       = each.value
}

resource "azurerm_subnet_route_table_association" "this" {
  for_each = { machines = "private", function = "private", endpoints = "endpoints" }

  subnet_id      = azurerm_subnet.this[each.key].id
  route_table_id = azurerm_route_table.this[each.value].id
}

# In the portal, for whoever may sign in there; it has no public address and no subnet.
resource "azurerm_bastion_host" "this" {
  count = var.bastion ? 1 : 0

  name                = var.name
  resource_group_name = var.resource_group
  location            = var.region
  sku                 = "Developer"
  virtual_network_id  = azurerm_virtual_network.this.id
  tags                = var.tags
}
