# PostgreSQL with a private address. Nobody has a password: who signs in is an identity of the tenant.

resource "azurerm_postgresql_flexible_server" "this" {
  #checkov:skip=CKV2_AZURE_57:It is in a subnet of the network itself
  name                = "${var.name}-${var.suffix}"
  resource_group_name = var.resource_group
  location            = var.region
  version             = "17"
  sku_name            = var.size
  zone                = "1"
  tags                = var.tags

  delegated_subnet_id           = var.subnet_id
  private_dns_zone_id           = var.zone_id
  public_network_access_enabled = false

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = false
    tenant_id                     = var.tenant_id
  }

  storage_mb        = var.storage_gb * 1024
  auto_grow_enabled = true

  backup_retention_days        = var.backup_days
  geo_redundant_backup_enabled = var.geo_backup

  dynamic "high_availability" {
    for_each = var.multi_zone ? ["ZoneRedundant"] : []

    content {
      mode                      = high_availability.value
      standby_availability_zone = "2"
    }
  }

  # Sunday, 2:00 UTC.
  maintenance_window {
    day_of_week  = 0
    start_hour   = 2
    start_minute = 0
  }

  lifecycle {
    # The lock below goes before the server does when Terraform itself would make the server anew; this does not.
    prevent_destroy = true

    # A failover swaps the zones, and storage grows by itself.
    ignore_changes = [zone, storage_mb, high_availability[0].standby_availability_zone]
  }
}

resource "azurerm_postgresql_flexible_server" "replica" {
  #checkov:skip=CKV2_AZURE_57:It is in a subnet of the network itself
  count = var.replica ? 1 : 0

  name                = "${var.name}-${var.suffix}-reports"
  resource_group_name = var.resource_group
  location            = var.region
  version             = "17"
  sku_name            = var.size
  tags                = var.tags

  create_mode      = "Replica"
  source_server_id = azurerm_postgresql_flexible_server.this.id

  delegated_subnet_id           = var.subnet_id
  private_dns_zone_id           = var.zone_id
  public_network_access_enabled = false

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = false
    tenant_id                     = var.tenant_id
  }

  storage_mb        = var.storage_gb * 1024
  auto_grow_enabled = true

  lifecycle {
    ignore_changes = [zone, storage_mb]
  }

  # What is set for the server is set for its replica as it was when the replica was made.
  depends_on = [azurerm_postgresql_flexible_server_configuration.this, azurerm_postgresql_flexible_server_active_directory_administrator.this]
}

resource "azurerm_postgresql_flexible_server_active_directory_administrator" "this" {
  server_name         = azurerm_postgresql_flexible_server.this.name
  resource_group_name = var.resource_group
  tenant_id           = var.tenant_id
  object_id           = var.administrator.principal_id
  principal_name      = var.administrator.name
  principal_type      = "ServicePrincipal"
}

resource "azurerm_postgresql_flexible_server_configuration" "this" {
  for_each = {
    # Nobody speaks to it in the clear, or with an old protocol.
    "require_secure_transport" = "on"
    "ssl_min_protocol_version" = "TLSv1.3"

    # What the migrations make.
    "azure.extensions" = "BTREE_GIST,PG_TRGM,UNACCENT"

    "log_connections"            = "on"
    "log_disconnections"         = "on"
    "log_checkpoints"            = "on"
    "log_lock_waits"             = "on"
    "log_min_duration_statement" = "1000"
    # The values of slow and of failed statements are names and addresses of people.
    "log_parameter_max_length"          = "0"
    "log_parameter_max_length_on_error" = "0"
  }

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = each.value
}

resource "azurerm_management_lock" "this" {
  name       = "keep"
  scope      = azurerm_postgresql_flexible_server.this.id
  lock_level = "CanNotDelete"
  notes      = "The only copy of the records, and the backups go with it."
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_postgresql_flexible_server.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "PostgreSQLLogs"
  }
}
