# Sizes. The profile chooses what is left out; what it chooses stands in profiles.json.

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
  description = "Instance type of the edge; null as the profile has it."
  type        = string
  default     = null

  validation {
    # The release is built for x86-64; a type with g after the generation is ARM.
    condition     = var.edge_size == null || can(regex("^(t3a?|[cm][5-8][ai]?[a-z-]{0,4})\\.[0-9]*[a-z]+$", var.edge_size)) && !can(regex("^[a-z]+[0-9]g", var.edge_size))
    error_message = "edge_size must be an instance type with x86-64 processors of the families t, c or m, such as t3a.micro."
  }
}

variable "api_size" {
  description = "Instance type of the API machines; null as the profile has it."
  type        = string
  default     = null

  validation {
    condition     = var.api_size == null || can(regex("^(t3a?|[cm][5-8][ai]?[a-z-]{0,4})\\.[0-9]*[a-z]+$", var.api_size)) && !can(regex("^[a-z]+[0-9]g", var.api_size))
    error_message = "api_size must be an instance type with x86-64 processors of the families t, c or m, such as c6a.large."
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
  description = "Most API machines, 7 at most; null as the profile has it. Cloud Map answers with eight addresses at most, and while a release replaces machines there is one more. Feeds are spread by the list of addresses, so the edge must see all of them; beyond that take a larger api_size."
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
  description = "Instance class of the database; null as the profile has it."
  type        = string
  default     = null

  validation {
    condition     = var.database_size == null || can(regex("^db\\.[a-z0-9-]+\\.[0-9]*[a-z]+$", var.database_size))
    error_message = "database_size must be an instance class, such as db.t4g.small."
  }
}

variable "database_storage_gb" {
  description = "Storage of the database in GB; it grows by itself up to four times as much. null as the profile has it."
  type        = number
  default     = null

  validation {
    condition     = try(coalesce(var.database_storage_gb, 20) >= 20 && coalesce(var.database_storage_gb, 20) <= 16384, false)
    error_message = "database_storage_gb must be 20 to 16384."
  }
}

variable "database_multi_zone" {
  description = "Keep a standby of the database in another zone; null as the profile has it."
  type        = bool
  default     = null
}

variable "database_replica" {
  description = "Make a second database that reports read from."
  type        = bool
  default     = false
  nullable    = false
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
