# What the machines are told when they are made. Nothing of it is secret: keys and database sign-in come by identity.
locals {
  database_name = "attendance"
  release       = "attendance-${var.release_version}-x86_64-linux.tar.gz"

  settings_of_all = {
    REGION             = var.region
    STORAGE_ACCOUNT    = module.storage.account_name
    BUCKET             = module.storage.containers["releases"]
    RELEASE_KEY        = local.release
    RELEASE_VERSION    = var.release_version
    RELEASE_SHA256     = var.release_sha256
    RELEASE_PUBLIC_KEY = var.release_public_key
    DOMAIN             = var.domain
    INTERNAL_ZONE      = module.network.internal_zone
  }

  settings = {
    edge = {
      ACME_EMAIL           = var.acme_email
      CERTIFICATE_DISK     = "/dev/disk/azure/scsi1/lun0"
      EDGE_TRUSTED_PROXIES = var.waf ? local.subnets.public[1] : ""
    }
    api = merge(var.api_settings, {
      DATABASE_HOST     = module.database.host
      DATABASE_NAME     = local.database_name
      MASTER_KEY_SECRET = module.secrets.secrets["master-key"]
      AUDIT_KEY_SECRET  = module.secrets.secrets["audit-key"]
      TRUSTED_PROXIES   = local.subnets.public[0]
      DNS_ZONE_ID       = module.network.zone_ids["internal"]
      # Photos have a container of their own, as releases are not for the API to write.
      ATTENDANCE_STORAGE = "az://${module.storage.containers["photos"]}"
    }, var.database_replica ? { DATABASE_REPLICA_HOST = module.database.replica_host } : {})
    migrate = {
      DATABASE_HOST  = module.database.host
      DATABASE_NAME  = local.database_name
      DATABASE_ADMIN = azurerm_user_assigned_identity.this["migrate"].name
      OWNER_IDENTITY = azurerm_user_assigned_identity.this["migrate"].principal_id
      APP_IDENTITY   = azurerm_user_assigned_identity.this["api"].principal_id
      STATS_IDENTITY = var.function ? azurerm_user_assigned_identity.this["function"].principal_id : ""
    }
  }

  custom_data = {
    for role, settings in local.settings : role => templatefile("${path.module}/../cloud-init/machine.yaml.tftpl", {
      role     = role
      cloud    = "azure"
      settings = merge(local.settings_of_all, { CLIENT_ID = azurerm_user_assigned_identity.this[role].client_id }, settings)
    })
  }
}
