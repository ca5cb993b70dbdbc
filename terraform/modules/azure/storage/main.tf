# Releases, which machines read, and sealed photos, which the API keeps.

resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_59:The internet is let in for operator_addresses alone, and not at all without
  #checkov:skip=CKV_AZURE_36:No service of Azure has business here
  #checkov:skip=CKV_AZURE_33:There are no queues in it
  #checkov:skip=CKV_AZURE_206:Copies in three zones are kept; ZRS is not on the list of the check
  #checkov:skip=CKV2_AZURE_1:Azure's own keys encrypt it, twice; photos are sealed by the API besides
  name                     = var.account_name
  resource_group_name      = var.resource_group
  location                 = var.region
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = "ZRS"
  tags                     = var.tags

  # Identities alone: there is no key that could leak.
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  local_user_enabled              = false

  https_traffic_only_enabled        = true
  min_tls_version                   = "TLS1_2"
  infrastructure_encryption_enabled = true

  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  allowed_copy_scope               = "AAD"

  public_network_access_enabled = length(var.operator_addresses) > 0

  network_rules {
    default_action = "Deny"
    bypass         = ["None"]
    ip_rules       = var.operator_addresses
  }

  blob_properties {
    versioning_enabled = true

    # With the day that the rule below takes this makes seven, which a report of erasure promises.
    delete_retention_policy {
      days = 6
    }

    container_delete_retention_policy {
      days = 7
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "this" {
  #checkov:skip=CKV2_AZURE_21:Writing and deleting is logged; reading would be a line for every picture that somebody looks at
  for_each = toset(["releases", "photos"])

  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

# A photo that was deleted is an old version from then on; versions go at the next daily run and can be had back for
# the days above.
resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "old-versions"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["photos/"]
    }

    actions {
      version {
        delete_after_days_since_creation = 0
      }

      snapshot {
        delete_after_days_since_creation_greater_than = 0
      }
    }
  }
}

resource "azurerm_private_endpoint" "this" {
  name                = "${var.name}-storage"
  resource_group_name = var.resource_group
  location            = var.region
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = "blob"
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["blob"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "blob"
    private_dns_zone_ids = [var.zone_id]
  }
}

resource "azurerm_private_endpoint_application_security_group_association" "this" {
  private_endpoint_id           = azurerm_private_endpoint.this.id
  application_security_group_id = var.group_id
}

resource "azurerm_management_lock" "this" {
  name       = "keep"
  scope      = azurerm_storage_account.this.id
  lock_level = "CanNotDelete"
  notes      = "Photos cannot be made again."
}

# Who wrote, who deleted. Reads would be a line for every picture that somebody looks at.
resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "StorageWrite"
  }

  enabled_log {
    category = "StorageDelete"
  }
}

# Every version of the folder stays, so that going back to the one before finds it.
resource "azurerm_storage_blob" "release" {
  for_each = var.release_folder == null ? toset([]) : setunion(
    fileset(var.release_folder, "*/attendance-[0-9]*-x86_64-linux.tar.gz"),
    fileset(var.release_folder, "*/attendance-[0-9]*-x86_64-linux.tar.gz.sig"),
  )

  name                   = basename(each.value)
  storage_account_name   = azurerm_storage_account.this.name
  storage_container_name = azurerm_storage_container.this["releases"].name
  type                   = "Block"
  source                 = "${var.release_folder}/${each.value}"
  content_md5            = filemd5("${var.release_folder}/${each.value}")

  depends_on = [azurerm_role_assignment.uploader]
}
