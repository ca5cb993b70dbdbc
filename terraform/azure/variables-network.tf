# Subnets, two of each kind as on AWS. Left out, they are cut from network_cidr. A subnet of Azure spans the zones of
# its region, so that the second of each kind has a purpose of its own. Whether they overlap is checked in main.tf, when
# all are known.

locals {
  subnets = {
    public   = var.public_subnet_cidrs != null ? var.public_subnet_cidrs : [for part in [0, 1] : cidrsubnet(var.network_cidr, 4, part)]
    private  = var.private_subnet_cidrs != null ? var.private_subnet_cidrs : [for part in [4, 5] : cidrsubnet(var.network_cidr, 4, part)]
    database = var.database_subnet_cidrs != null ? var.database_subnet_cidrs : [for part in [8, 9] : cidrsubnet(var.network_cidr, 4, part)]
  }

  # Pairs that overlap: with the shorter of the two masks, both begin alike.
  all_subnets = concat(local.subnets.public, local.subnets.private, local.subnets.database)
  overlaps = flatten([
    for i, one in local.all_subnets : [
      for other in slice(local.all_subnets, i + 1, length(local.all_subnets)) : "${one} and ${other}"
      if cidrsubnet("${split("/", one)[0]}/${min(split("/", one)[1], split("/", other)[1])}", 0, 0) == cidrsubnet("${split("/", other)[0]}/${min(split("/", one)[1], split("/", other)[1])}", 0, 0)
    ]
  ])
}

variable "network_cidr" {
  description = "Addresses of the private network."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.network_cidr)) && try(cidrhost(var.network_cidr, 0) == split("/", var.network_cidr)[0], false)
    error_message = "network_cidr must be an IPv4 range that begins at its first address, such as 10.20.0.0/16."
  }

  validation {
    condition     = try(tonumber(split("/", var.network_cidr)[1]) >= 16 && tonumber(split("/", var.network_cidr)[1]) <= 22, false)
    error_message = "network_cidr must be a range from /16 to /22."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.network_cidr))
    error_message = "network_cidr must be private: in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "public_subnet_cidrs" {
  description = "Two ranges within network_cidr, for the edge and for the Application Gateway that waf puts before it; null cuts them from it."
  type        = list(string)
  default     = null

  validation {
    condition     = var.public_subnet_cidrs == null || length(coalesce(var.public_subnet_cidrs, [])) == 2
    error_message = "public_subnet_cidrs must be two."
  }

  validation {
    condition     = alltrue([for cidr in coalesce(var.public_subnet_cidrs, []) : try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) <= 27, false)])
    error_message = "public_subnet_cidrs must be IPv4 ranges of at least 32 addresses that begin at their first address, such as 10.20.0.0/24."
  }

  validation {
    # With the network's mask, it begins where the network does.
    condition = alltrue([
      for cidr in coalesce(var.public_subnet_cidrs, []) : try(
        cidrsubnet("${split("/", cidr)[0]}/${split("/", var.network_cidr)[1]}", 0, 0) == cidrsubnet(var.network_cidr, 0, 0)
      && tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.network_cidr)[1]), false)
    ])
    error_message = "public_subnet_cidrs must lie within network_cidr."
  }
}

variable "private_subnet_cidrs" {
  description = "Two ranges within network_cidr, for the machines and for the function; null cuts them from it."
  type        = list(string)
  default     = null

  validation {
    condition     = var.private_subnet_cidrs == null || length(coalesce(var.private_subnet_cidrs, [])) == 2
    error_message = "private_subnet_cidrs must be two."
  }

  validation {
    condition     = alltrue([for cidr in coalesce(var.private_subnet_cidrs, []) : try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) <= 27, false)])
    error_message = "private_subnet_cidrs must be IPv4 ranges of at least 32 addresses that begin at their first address, such as 10.20.64.0/24."
  }

  validation {
    # With the network's mask, it begins where the network does.
    condition = alltrue([
      for cidr in coalesce(var.private_subnet_cidrs, []) : try(
        cidrsubnet("${split("/", cidr)[0]}/${split("/", var.network_cidr)[1]}", 0, 0) == cidrsubnet(var.network_cidr, 0, 0)
      && tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.network_cidr)[1]), false)
    ])
    error_message = "private_subnet_cidrs must lie within network_cidr."
  }
}

variable "database_subnet_cidrs" {
  description = "Two ranges within network_cidr, for PostgreSQL and for the private endpoints of storage and vault; null cuts them from it."
  type        = list(string)
  default     = null

  validation {
    condition     = var.database_subnet_cidrs == null || length(coalesce(var.database_subnet_cidrs, [])) == 2
    error_message = "database_subnet_cidrs must be two."
  }

  validation {
    condition     = alltrue([for cidr in coalesce(var.database_subnet_cidrs, []) : try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) <= 27, false)])
    error_message = "database_subnet_cidrs must be IPv4 ranges of at least 32 addresses that begin at their first address, such as 10.20.128.0/24."
  }

  validation {
    # With the network's mask, it begins where the network does.
    condition = alltrue([
      for cidr in coalesce(var.database_subnet_cidrs, []) : try(
        cidrsubnet("${split("/", cidr)[0]}/${split("/", var.network_cidr)[1]}", 0, 0) == cidrsubnet(var.network_cidr, 0, 0)
      && tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.network_cidr)[1]), false)
    ])
    error_message = "database_subnet_cidrs must lie within network_cidr."
  }
}
