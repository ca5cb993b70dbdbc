# Attendance on Azure: one machine that the internet reaches, machines for the API behind it, PostgreSQL, and what they
# need. Everything is in one resource group.

data "azurerm_client_config" "current" {}

locals {
  # Some names are shared by all of Azure, so that they end in something of this installation.
  suffix = substr(sha256("${data.azurerm_client_config.current.subscription_id}/${var.region}/${var.name}"), 0, 8)
  plain  = replace(var.name, "-", "")
  tags   = merge({ app = var.name }, var.tags)

  # What Azure gives a server by its size: 50 to the smallest, then about 430 for each processor.
  database_connections = (
    local.size.database == "B_Standard_B1ms" ? 50 :
    local.size.database == "B_Standard_B2s" ? 429 :
    min(5000, floor(429.6 * tonumber(regex("_Standard_[A-Z]+([0-9]+)", local.size.database)[0])))
  )
}

resource "azurerm_resource_group" "this" {
  name     = var.name
  location = var.region
  tags     = local.tags

  lifecycle {
    precondition {
      condition     = length(local.overlaps) == 0
      error_message = "Subnets must not overlap: ${join("; ", local.overlaps)}."
    }
  }
}

# One identity for each service; what each may do stands at the resource that it may do it to.
resource "azurerm_user_assigned_identity" "this" {
  for_each = toset(concat(["edge", "api", "migrate"], var.function ? ["function"] : []))

  name                = "${var.name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  tags                = local.tags
}

module "network" {
  source = "../modules/azure/network"

  name           = var.name
  resource_group = azurerm_resource_group.this.name
  region         = var.region
  network_cidr   = var.network_cidr
  subnets        = local.subnets
  flows          = jsondecode(file("${path.module}/../ports.json")).flows
  waf            = var.waf
  bastion        = var.bastion
  tags           = local.tags
}

module "storage" {
  source = "../modules/azure/storage"

  account_name       = "${substr(local.plain, 0, 14)}${local.suffix}"
  name               = var.name
  resource_group     = azurerm_resource_group.this.name
  region             = var.region
  operator_addresses = var.operator_addresses
  subnet_id          = module.network.subnet_ids["endpoints"]
  group_id           = module.network.group_ids["storage"]
  zone_id            = module.network.zone_ids["blob"]
  readers            = { for role in ["edge", "api", "migrate"] : role => azurerm_user_assigned_identity.this[role].principal_id }
  writer             = azurerm_user_assigned_identity.this["api"].principal_id
  release_folder     = var.release_folder
  release_uploader   = data.azurerm_client_config.current.object_id
  workspace_id       = module.observability.workspace_id
  tags               = local.tags
}

module "secrets" {
  source = "../modules/azure/secrets"

  vault_name         = "${substr(local.plain, 0, 14)}-${local.suffix}"
  name               = var.name
  resource_group     = azurerm_resource_group.this.name
  region             = var.region
  tenant_id          = data.azurerm_client_config.current.tenant_id
  operator_addresses = var.operator_addresses
  subnet_id          = module.network.subnet_ids["endpoints"]
  group_id           = module.network.group_ids["vault"]
  zone_id            = module.network.zone_ids["vault"]
  reader             = azurerm_user_assigned_identity.this["api"].principal_id
  workspace_id       = module.observability.workspace_id
  tags               = local.tags
}

module "database" {
  source = "../modules/azure/database"

  name           = var.name
  suffix         = local.suffix
  resource_group = azurerm_resource_group.this.name
  region         = var.region
  size           = local.size.database
  storage_gb     = local.size.storage_gb
  multi_zone     = local.size.multi_zone
  replica        = var.database_replica
  backup_days    = var.backup_days
  geo_backup     = var.database_geo_backup
  subnet_id      = module.network.subnet_ids["database"]
  zone_id        = module.network.zone_ids["database"]
  tenant_id      = data.azurerm_client_config.current.tenant_id
  administrator  = azurerm_user_assigned_identity.this["migrate"]
  workspace_id   = module.observability.workspace_id
  tags           = local.tags
}

module "edge" {
  source = "../modules/azure/edge"

  name                 = var.name
  resource_group       = azurerm_resource_group.this.name
  region               = var.region
  size                 = local.size.edge
  subnet_id            = module.network.subnet_ids["edge"]
  group_id             = module.network.group_ids["edge"]
  identity_id          = azurerm_user_assigned_identity.this["edge"].id
  custom_data          = local.custom_data["edge"]
  admin_ssh_public_key = trimspace(var.admin_ssh_public_key)
  tags                 = local.tags
}

module "waf" {
  source = "../modules/azure/waf"
  count  = var.waf ? 1 : 0

  name           = var.name
  resource_group = azurerm_resource_group.this.name
  region         = var.region
  subnet_id      = module.network.subnet_ids["gateway"]
  edge_address   = module.edge.private_address
  domain         = var.domain
  certificate    = var.waf_certificate
  workspace_id   = module.observability.workspace_id
  tags           = local.tags
}

module "compute" {
  source = "../modules/azure/compute"

  name                 = var.name
  suffix               = local.suffix
  resource_group       = azurerm_resource_group.this.name
  resource_group_id    = azurerm_resource_group.this.id
  region               = var.region
  size                 = local.size.api
  migrate_size         = local.size.edge
  count_min            = local.size.api_count_min
  count_max            = local.size.api_count_max
  subnet_id            = module.network.subnet_ids["machines"]
  group_ids            = module.network.group_ids
  identities           = azurerm_user_assigned_identity.this
  custom_data          = local.custom_data
  internal_zone_id     = module.network.zone_ids["internal"]
  admin_ssh_public_key = trimspace(var.admin_ssh_public_key)
  tags                 = local.tags
}

module "function" {
  source = "../modules/azure/function"
  count  = var.function ? 1 : 0

  name               = var.name
  suffix             = local.suffix
  resource_group     = azurerm_resource_group.this.name
  region             = var.region
  operator_addresses = var.operator_addresses
  subnet_id          = module.network.subnet_ids["function"]
  identity           = azurerm_user_assigned_identity.this["function"]
  database_host      = module.database.host
  database_name      = local.database_name
  workspace_id       = module.observability.workspace_id
  tags               = local.tags
}

module "observability" {
  source = "../modules/azure/observability"

  name           = var.name
  suffix         = local.suffix
  resource_group = azurerm_resource_group.this
  region         = var.region
  network_id     = module.network.network_id
  domain         = var.domain
  alarm_email    = var.alarm_email
  monthly_budget = var.monthly_budget
  log_days       = var.log_days
  probe_seconds  = var.profile == "large" ? 300 : 900
  machines       = { edge = module.edge.machine_id, migrate = module.compute.migrate_id, api = module.compute.scale_set_id }
  api_count_min  = local.size.api_count_min
  database = {
    id              = module.database.id
    replica         = var.database_replica
    replica_id      = module.database.replica_id
    storage_gb      = local.size.storage_gb
    max_connections = local.database_connections
  }
  function = var.function
  tags     = local.tags
}
