# Sizes. The profile chooses what is left out; what it chooses stands in profiles.tf.

variable "profile" {
  description = "small: a school with a few cameras. large: a company with dozens, over two zones."
  type        = string
  default     = "small"
  nullable    = false

  validation {
    condition     = contains(["small", "large"], var.profile)
    error_message = "profile must be small or large."
  }
}

variable "edge_size" {
  description = "Size of the edge machine; null as the profile has it."
  type        = string
  default     = null

  validation {
    # The release is built for x86-64; a p after the number of processors is ARM. From the sixth version on disks have
    # other names, and the edge would not find the one of its certificates.
    condition     = var.edge_size == null || can(regex("^Standard_[BDEF][0-9]+[abdlmst]*(_v[2-5])$", var.edge_size))
    error_message = "edge_size must be a machine size with x86-64 processors of the families B, D, E or F up to version 5, such as Standard_B2als_v2."
  }
}

variable "api_size" {
  description = "Size of the API machines; null as the profile has it."
  type        = string
  default     = null

  validation {
    condition     = var.api_size == null || can(regex("^Standard_[BDEF][0-9]+[abdlmst]*(_v[2-9])$", var.api_size))
    error_message = "api_size must be a machine size with x86-64 processors of the families B, D, E or F, such as Standard_D2as_v5."
  }
}

variable "api_count_min" {
  description = "Fewest API machines; null as the profile has it."
  type        = number
  default     = null

  validation {
    condition     = try(coalesce(var.api_count_min, 1) >= 1 && floor(coalesce(var.api_count_min, 1)) == coalesce(var.api_count_min, 1), false)
    error_message = "api_count_min must be a whole number of at least 1."
  }
}

variable "api_count_max" {
  description = "Most API machines, 7 at most; null as the profile has it. AWS's register answers with eight addresses at most, and both clouds shall take the same, and while a release replaces machines there is one more. Feeds are spread by the list of addresses, so the edge must see all of them; beyond that take a larger api_size."
  type        = number
  default     = null

  validation {
    condition     = try(coalesce(var.api_count_max, 1) <= 7 && floor(coalesce(var.api_count_max, 1)) == coalesce(var.api_count_max, 1), false)
    error_message = "api_count_max must be a whole number of at most 7: the edge is told eight addresses, and one is for the machine that replaces another."
  }

  validation {
    condition     = coalesce(var.api_count_max, local.profiles[var.profile].api_count_max) >= coalesce(var.api_count_min, local.profiles[var.profile].api_count_min)
    error_message = "api_count_max must not be below api_count_min."
  }
}

variable "database_size" {
  description = "Size of the database server; null as the profile has it."
  type        = string
  default     = null

  validation {
    condition     = var.database_size == null || can(regex("^(B_Standard_B|GP_Standard_D|MO_Standard_E)[0-9]+[a-z]*(_v[2-9])?$", var.database_size))
    error_message = "database_size must be a size of Flexible Server, such as B_Standard_B1ms or GP_Standard_D2ds_v5."
  }
}

variable "database_storage_gb" {
  description = "Storage of the database in GB when it is made; it grows by itself afterwards. null as the profile has it."
  type        = number
  default     = null

  validation {
    condition     = contains([32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384], coalesce(var.database_storage_gb, 32))
    error_message = "database_storage_gb must be one of the disks that Azure has: 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192 or 16384."
  }
}

variable "database_multi_zone" {
  description = "Keep a standby of the database in another zone; null as the profile has it."
  type        = bool
  default     = null

  validation {
    condition     = !coalesce(var.database_multi_zone, local.profiles[var.profile].database_multi_zone) || !startswith(coalesce(var.database_size, local.profiles[var.profile].database_size), "B_")
    error_message = "database_multi_zone wants a database_size that begins with GP_ or MO_: Azure gives burstable servers no standby."
  }
}

variable "database_replica" {
  description = "Make a second database that reports read from."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.database_replica || !startswith(coalesce(var.database_size, local.profiles[var.profile].database_size), "B_")
    error_message = "database_replica wants a database_size that begins with GP_ or MO_: Azure gives burstable servers no replica."
  }
}

variable "database_geo_backup" {
  description = "Keep the database's backups in the paired region, too. It cannot be changed later without making the server anew."
  type        = bool
  default     = false
  nullable    = false

  validation {
    # Regions without a pair have nowhere to keep them.
    condition = !var.database_geo_backup || !contains([
      "austriaeast", "chilecentral", "indonesiacentral", "israelcentral", "italynorth", "malaysiawest", "mexicocentral",
      "newzealandnorth", "polandcentral", "qatarcentral", "spaincentral",
    ], var.region)
    error_message = "database_geo_backup wants a region that has a pair; this one has none."
  }
}

variable "backup_days" {
  description = "How many days the database can be brought back to any moment of. Whoever is erased is in backups as long."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35 && floor(var.backup_days) == var.backup_days
    error_message = "backup_days must be a whole number from 7 to 35."
  }
}
