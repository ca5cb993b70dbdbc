# Database health and the number of people, without a machine: nothing runs, and nothing is paid for, while nobody asks.
# The program is the same as on AWS, as a custom handler.
#
# An API Management before it would not make it safer. Its Consumption tier cannot join the network, so that the function
# would stand open beside it, and the tiers that can cost more than all the rest here. What it would be for is done by
# the function's own host: whether the database is well is public, as it is at /api/v1/health, and the number of people
# wants a key of the function, which Azure keeps (authLevel in the package); what is more than an instance takes is
# answered with 429; and there are no more than so many instances.

locals {
  account = "${substr(replace(var.name, "-", ""), 0, 12)}fn${var.suffix}"
}

resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_59:Closed but for the function's subnet, which is what a service endpoint calls public
  #checkov:skip=CKV_AZURE_36:No service of Azure has business here
  #checkov:skip=CKV2_AZURE_33:The function's subnet reaches it by its service endpoint, which costs nothing
  #checkov:skip=CKV_AZURE_33:There are no queues in it
  #checkov:skip=CKV_AZURE_206:Copies in three zones are kept; ZRS is not on the list of the check
  #checkov:skip=CKV2_AZURE_1:Azure's own keys encrypt it, twice; nothing of people is in it
  name                     = local.account
  resource_group_name      = var.resource_group
  location                 = var.region
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = "ZRS"
  tags                     = var.tags

  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  local_user_enabled              = false

  https_traffic_only_enabled        = true
  min_tls_version                   = "TLS1_2"
  infrastructure_encryption_enabled = true

  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  allowed_copy_scope               = "AAD"

  network_rules {
    default_action             = "Deny"
    bypass                     = ["None"]
    virtual_network_subnet_ids = [var.subnet_id]
  }

  blob_properties {
    delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "package" {
  #checkov:skip=CKV2_AZURE_21:The function's own package; its host reads it all the time
  name                  = "package"
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

# Its host keeps locks and keys there.
resource "azurerm_role_assignment" "storage" {
  scope                = azurerm_storage_account.this.id
  role_definition_name = "Storage Blob Data Owner"
  principal_id         = var.identity.principal_id
  principal_type       = "ServicePrincipal"
  description          = "The function's host keeps its package, locks and keys."
}

resource "azurerm_service_plan" "this" {
  #checkov:skip=CKV_AZURE_225:Health and a number may be away while a zone is
  #checkov:skip=CKV_AZURE_212:Nothing runs while nobody asks, which is the point
  name                = "${var.name}-function"
  resource_group_name = var.resource_group
  location            = var.region
  os_type             = "Linux"
  sku_name            = "FC1"
  tags                = var.tags
}

resource "azurerm_function_app_flex_consumption" "this" {
  name                = "${var.name}-${var.suffix}"
  resource_group_name = var.resource_group
  location            = var.region
  service_plan_id     = azurerm_service_plan.this.id
  tags                = var.tags

  runtime_name    = "custom"
  runtime_version = "1.0"

  # 40 is the fewest that Azure lets one choose.
  maximum_instance_count = 40
  instance_memory_in_mb  = 2048
  http_concurrency       = 8

  storage_container_type            = "blobContainer"
  storage_container_endpoint        = "${azurerm_storage_account.this.primary_blob_endpoint}${azurerm_storage_container.package.name}"
  storage_authentication_type       = "UserAssignedIdentity"
  storage_user_assigned_identity_id = var.identity.id

  https_only                                     = true
  virtual_network_subnet_id                      = var.subnet_id
  webdeploy_publish_basic_authentication_enabled = false

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }

  site_config {
    minimum_tls_version     = "1.3"
    scm_minimum_tls_version = "1.3"
    http2_enabled           = true

    # Where a release is put into place.
    scm_use_main_ip_restriction       = false
    scm_ip_restriction_default_action = "Deny"

    dynamic "scm_ip_restriction" {
      for_each = var.operator_addresses

      content {
        name       = "operator"
        action     = "Allow"
        priority   = 100 + scm_ip_restriction.key
        ip_address = "${scm_ip_restriction.value}/32"
      }
    }
  }

  app_settings = {
    AzureWebJobsStorage__accountName = azurerm_storage_account.this.name
    AzureWebJobsStorage__credential  = "managedidentity"
    AzureWebJobsStorage__clientId    = var.identity.client_id

    # What an instance takes at once, and what it lets wait; more gets 429.
    AzureFunctionsJobHost__extensions__http__maxConcurrentRequests  = "4"
    AzureFunctionsJobHost__extensions__http__maxOutstandingRequests = "8"

    AZURE_CLIENT_ID = var.identity.client_id
    DATABASE_AUTH   = "azure"
    DATABASE_HOST   = var.database_host
    DATABASE_NAME   = var.database_name
    DATABASE_USER   = "attendance_stats"
  }

  depends_on = [azurerm_role_assignment.storage]
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_function_app_flex_consumption.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "FunctionAppLogs"
  }
}
