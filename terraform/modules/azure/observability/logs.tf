# Logs of machines, services and the network.

resource "azurerm_log_analytics_workspace" "this" {
  name                = "${var.name}-${var.suffix}"
  resource_group_name = var.resource_group.name
  location            = var.region
  sku                 = "PerGB2018"
  retention_in_days   = var.log_days
  # What a machine gone wild may cost at most in a day.
  daily_quota_gb               = 5
  local_authentication_enabled = false
  tags                         = var.tags
}

# The agent on the machines sends what the journal hands to syslog, and how full the disks are.
resource "azurerm_monitor_data_collection_rule" "machines" {
  name                = "${var.name}-machines"
  resource_group_name = var.resource_group.name
  location            = var.region
  kind                = "Linux"
  tags                = var.tags

  destinations {
    log_analytics {
      name                  = "workspace"
      workspace_resource_id = azurerm_log_analytics_workspace.this.id
    }
  }

  data_flow {
    streams      = ["Microsoft-Syslog", "Microsoft-Perf"]
    destinations = ["workspace"]
  }

  data_sources {
    syslog {
      name           = "journal"
      streams        = ["Microsoft-Syslog"]
      facility_names = ["auth", "authpriv", "daemon", "kern", "syslog", "user"]
      log_levels     = ["Info", "Notice", "Warning", "Error", "Critical", "Alert", "Emergency"]
    }

    performance_counter {
      name                          = "machine"
      streams                       = ["Microsoft-Perf"]
      sampling_frequency_in_seconds = 60
      counter_specifiers            = ["Logical Disk(*)\\% Used Space", "Processor(*)\\% Processor Time", "Memory(*)\\% Used Memory"]
    }
  }
}

resource "azurerm_monitor_data_collection_rule_association" "machines" {
  for_each = var.machines

  name                    = "${var.name}-${each.key}"
  target_resource_id      = each.value
  data_collection_rule_id = azurerm_monitor_data_collection_rule.machines.id
}

# Who spoke to whom in the network. Azure makes one Network Watcher for each region by itself.
data "azurerm_network_watcher" "this" {
  name                = "NetworkWatcher_${var.region}"
  resource_group_name = "NetworkWatcherRG"
}

resource "azurerm_storage_account" "flows" {
  #checkov:skip=CKV_AZURE_59:Closed but for Azure's own services, which Network Watcher is one of
  #checkov:skip=CKV2_AZURE_33:Nothing in the network reads it
  #checkov:skip=CKV2_AZURE_40:Network Watcher signs in with the account's key, and its resource takes no identity instead
  #checkov:skip=CKV_AZURE_33:There are no queues in it
  #checkov:skip=CKV_AZURE_206:Copies in three zones are kept; ZRS is not on the list of the check
  #checkov:skip=CKV2_AZURE_1:Azure's own keys encrypt it, twice; nothing of people is in it
  name                     = "${substr(replace(var.name, "-", ""), 0, 12)}log${var.suffix}"
  resource_group_name      = var.resource_group.name
  location                 = var.region
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = "ZRS"
  tags                     = var.tags

  # Network Watcher signs in with the account's key, and its resource takes no identity instead. Nothing else is in
  # this account, and nothing but Azure's own services has a way to it.
  shared_access_key_enabled       = true
  default_to_oauth_authentication = true
  local_user_enabled              = false

  https_traffic_only_enabled        = true
  min_tls_version                   = "TLS1_2"
  infrastructure_encryption_enabled = true

  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  allowed_copy_scope               = "AAD"

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }

  sas_policy {
    expiration_period = "01.00:00:00"
    expiration_action = "Log"
  }

  blob_properties {
    delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_network_watcher_flow_log" "this" {
  #checkov:skip=CKV_AZURE_12:How long logs are kept is a variable
  name                 = "${var.name}-${var.suffix}"
  network_watcher_name = data.azurerm_network_watcher.this.name
  resource_group_name  = data.azurerm_network_watcher.this.resource_group_name
  location             = var.region
  target_resource_id   = var.network_id
  storage_account_id   = azurerm_storage_account.flows.id
  enabled              = true
  version              = 2
  tags                 = var.tags

  retention_policy {
    enabled = true
    days    = min(var.log_days, 365)
  }
}
