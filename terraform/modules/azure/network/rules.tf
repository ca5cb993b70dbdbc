# Security groups from ports.json. Machines and private endpoints are in application security groups, and rules name
# those. Azure gives none to a gateway, a function or a Flexible Server; each of them has a subnet where nothing else
# is, and rules name that subnet.

locals {
  groups = toset(["edge", "api", "migrate", "storage", "vault"])

  # Where each end of a flow is: the security group of its subnet, and how rules name it.
  ends = {
    internet = { subnet = null, tag = "Internet" }
    gateway  = { subnet = "gateway", tag = var.subnets.public[1] }
    edge     = { subnet = "edge", group = "edge" }
    api      = { subnet = "machines", group = "api" }
    migrate  = { subnet = "machines", group = "migrate" }
    function = { subnet = "function", tag = var.subnets.private[1] }
    database = { subnet = "database", tag = var.subnets.database[0] }
    storage  = { subnet = "endpoints", group = "storage" }
    vault    = { subnet = "endpoints", group = "vault" }
    # The host that a machine runs on; a Bastion of the Developer tier comes from there.
    host = { subnet = null, tag = "168.63.129.16/32" }
  }

  flows = concat(
    # With a gateway, the internet reaches that, and nothing but the gateway reaches the edge.
    [for flow in var.flows : var.waf && flow.from == "internet" ? merge(flow, { to = "gateway" }) : flow],
    [for flow in var.flows : merge(flow, { from = "gateway" }) if var.waf && flow.from == "internet"],

    # "The cloud's own services" of ports.json have private addresses here. Who holds no key has no way to the vault.
    [for from in ["edge", "api", "migrate"] : { from = from, to = "storage", protocol = "tcp", port = 443, why = "releases and photos" }],
    [{ from = "api", to = "vault", protocol = "tcp", port = 443, why = "master key and audit key" }],

    # A standby follows its primary within the subnet.
    [{ from = "database", to = "database", protocol = "tcp", port = 5432, why = "standby and replica" }],

    [for to in ["edge", "api", "migrate"] : { from = "host", to = to, protocol = "tcp", port = 22, why = "Bastion" } if var.bastion],
  )

  rules = merge(flatten([
    for index, flow in local.flows : [
      for direction in ["Inbound", "Outbound"] : {
        "${direction == "Inbound" ? "in" : "out"}-${flow.from}-${flow.to}-${flow.port}" = merge(flow, {
          direction = direction
          subnet    = local.ends[direction == "Inbound" ? flow.to : flow.from].subnet
          priority  = 100 + 10 * index
        })
      } if local.ends[direction == "Inbound" ? flow.to : flow.from].subnet != null
    ]
  ])...)

  # What Azure demands of the services that it runs in a subnet.
  platform = merge(
    {
      # Backups and write-ahead logs, and who signs in.
      out-database-storage = { subnet = "database", direction = "Outbound", priority = 3000, from = "*", to = "Storage", port = "443" }
      out-database-entra   = { subnet = "database", direction = "Outbound", priority = 3010, from = "*", to = "AzureActiveDirectory", port = "443" }
    },
    var.waf ? {
      in-gateway-management = { subnet = "gateway", direction = "Inbound", priority = 3000, from = "GatewayManager", to = "*", port = "65200-65535" }
      in-gateway-health     = { subnet = "gateway", direction = "Inbound", priority = 3010, from = "AzureLoadBalancer", to = "*", port = "*" }
      out-gateway-internet  = { subnet = "gateway", direction = "Outbound", priority = 3000, from = "*", to = "Internet", port = "*" }
    } : {},
  )
}

resource "azurerm_application_security_group" "this" {
  for_each = local.groups

  name                = "${var.name}-${each.key}"
  resource_group_name = var.resource_group
  location            = var.region
  tags                = var.tags
}

resource "azurerm_network_security_group" "this" {
  for_each = local.subnets

  name                = "${var.name}-${each.key}"
  resource_group_name = var.resource_group
  location            = var.region
  tags                = var.tags
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = local.subnets

  subnet_id                 = azurerm_subnet.this[each.key].id
  network_security_group_id = azurerm_network_security_group.this[each.key].id
}

resource "azurerm_network_security_rule" "flow" {
  for_each = local.rules

  name                        = each.key
  description                 = each.value.why
  resource_group_name         = var.resource_group
  network_security_group_name = azurerm_network_security_group.this[each.value.subnet].name
  direction                   = each.value.direction
  access                      = "Allow"
  priority                    = each.value.priority
  protocol                    = title(each.value.protocol)
  source_port_range           = "*"
  destination_port_range      = tostring(each.value.port)

  source_address_prefix                      = try(local.ends[each.value.from].tag, null)
  source_application_security_group_ids      = try([azurerm_application_security_group.this[local.ends[each.value.from].group].id], null)
  destination_address_prefix                 = try(local.ends[each.value.to].tag, null)
  destination_application_security_group_ids = try([azurerm_application_security_group.this[local.ends[each.value.to].group].id], null)
}

resource "azurerm_network_security_rule" "platform" {
  for_each = local.platform

  name                        = each.key
  resource_group_name         = var.resource_group
  network_security_group_name = azurerm_network_security_group.this[each.value.subnet].name
  direction                   = each.value.direction
  access                      = "Allow"
  priority                    = each.value.priority
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefix       = each.value.from
  destination_address_prefix  = each.value.to
  destination_port_range      = each.value.port
}

# Azure's own last rules let everything within the network through, and everything out.
resource "azurerm_network_security_rule" "deny" {
  for_each = { for pair in setproduct(keys(local.subnets), ["Inbound", "Outbound"]) : "${pair[0]}-${pair[1]}" => { subnet = pair[0], direction = pair[1] } }

  name                        = "deny-${lower(each.value.direction)}"
  resource_group_name         = var.resource_group
  network_security_group_name = azurerm_network_security_group.this[each.value.subnet].name
  direction                   = each.value.direction
  access                      = "Deny"
  priority                    = 4096
  protocol                    = "*"
  source_port_range           = "*"
  source_address_prefix       = "*"
  destination_port_range      = "*"
  destination_address_prefix  = "*"
}
