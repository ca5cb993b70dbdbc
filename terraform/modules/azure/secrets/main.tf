# The vault for the master key and the audit's key, and for nothing else: who may read it reads both. The values come
# from an operator and never from Terraform, so that no state holds them.

resource "azurerm_key_vault" "this" {
  name                = var.vault_name
  resource_group_name = var.resource_group
  location            = var.region
  tenant_id           = var.tenant_id
  sku_name            = "standard"
  tags                = var.tags

  rbac_authorization_enabled = true

  # Without the master key no photo and no template can be read again.
  purge_protection_enabled   = true
  soft_delete_retention_days = 90

  public_network_access_enabled = length(var.operator_addresses) > 0

  network_acls {
    default_action = "Deny"
    bypass         = "None"
    ip_rules       = [for address in var.operator_addresses : "${address}/32"]
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_role_assignment" "reader" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = var.reader
  principal_type       = "ServicePrincipal"
  description          = "The API machines read the master key and the audit's key."
}

resource "azurerm_private_endpoint" "this" {
  name                = "${var.name}-vault"
  resource_group_name = var.resource_group
  location            = var.region
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = "vault"
    private_connection_resource_id = azurerm_key_vault.this.id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "vault"
    private_dns_zone_ids = [var.zone_id]
  }
}

resource "azurerm_private_endpoint_application_security_group_association" "this" {
  private_endpoint_id           = azurerm_private_endpoint.this.id
  application_security_group_id = var.group_id
}

resource "azurerm_management_lock" "this" {
  name       = "keep"
  scope      = azurerm_key_vault.this.id
  lock_level = "CanNotDelete"
  notes      = "Without the master key photos and templates are lost."
}

# Who read which key, and when.
resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_key_vault.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "AuditEvent"
  }
}
