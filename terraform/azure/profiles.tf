# What a profile means. The estimator reads the same numbers: `scripts/cost.py --check` compares them.
locals {
  profiles = {
    small = {
      edge_size           = "Standard_B2als_v2"
      api_size            = "Standard_D2as_v5"
      api_count_min       = 1
      api_count_max       = 2
      database_size       = "B_Standard_B1ms"
      database_storage_gb = 32
      database_multi_zone = false
      nat_gateways        = 1
    }
    large = {
      edge_size           = "Standard_D2as_v5"
      api_size            = "Standard_D8as_v5"
      api_count_min       = 2
      api_count_max       = 6
      database_size       = "GP_Standard_D2ds_v5"
      database_storage_gb = 128
      database_multi_zone = true
      nat_gateways        = 1
    }
  }

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
