# What the machines may do to Azure itself: two roles of our own, as those that come with Azure allow far more.

locals {
  roles = {
    register = {
      description = "Writes address records of the zone that it is given for, and nothing else of it."
      actions     = ["Microsoft.Network/privateDnsZones/A/read", "Microsoft.Network/privateDnsZones/A/write", "Microsoft.Network/privateDnsZones/A/delete"]
      scope       = var.internal_zone_id
      principal   = var.identities["api"].principal_id
    }
    stop = {
      description = "Deallocates the machine that it is given for."
      actions     = ["Microsoft.Compute/virtualMachines/deallocate/action"]
      scope       = module.migrate.id
      principal   = var.identities["migrate"].principal_id
    }
  }
}

resource "azurerm_role_definition" "this" {
  for_each = local.roles

  # Names of roles are the tenant's, so that two installations must differ.
  name              = "${var.name} ${each.key} ${var.suffix}"
  description       = each.value.description
  scope             = var.resource_group_id
  assignable_scopes = [var.resource_group_id]

  permissions {
    actions = each.value.actions
  }
}

resource "azurerm_role_assignment" "this" {
  for_each = local.roles

  scope              = each.value.scope
  role_definition_id = azurerm_role_definition.this[each.key].role_definition_resource_id
  principal_id       = each.value.principal
  principal_type     = "ServicePrincipal"
}
