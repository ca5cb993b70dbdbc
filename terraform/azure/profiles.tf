# What a profile means stands in profiles.json, which scripts/cost.py reads, too.
locals {
  profiles = jsondecode(file("${path.module}/profiles.json"))

  profile = local.profiles[var.profile]
  size = {
    edge          = coalesce(var.edge_size, local.profile.edge_size)
    api           = coalesce(var.api_size, local.profile.api_size)
    api_count_min = coalesce(var.api_count_min, local.profile.api_count_min)
    api_count_max = coalesce(var.api_count_max, local.profile.api_count_max)
    database      = coalesce(var.database_size, local.profile.database_size)
    storage_gb    = coalesce(var.database_storage_gb, local.profile.database_storage_gb)
    multi_zone    = coalesce(var.database_multi_zone, local.profile.database_multi_zone)
  }
}
