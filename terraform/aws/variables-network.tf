# Subnets: two of each kind, in two zones. Left out, they are cut from network_cidr; where they lie is checked
# in main.tf, when all are known.

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
    condition     = !can(cidrnetmask(var.network_cidr)) || try(tonumber(split("/", var.network_cidr)[1]) >= 16 && tonumber(split("/", var.network_cidr)[1]) <= 20, false)
    error_message = "network_cidr must have a prefix of 16 to 20: Amazon takes no larger network, and six subnets must fit in."
  }

  validation {
    condition     = !can(cidrnetmask(var.network_cidr)) || can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.network_cidr))
    error_message = "network_cidr must be private: within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "public_subnet_cidrs" {
  description = "Two ranges within network_cidr for the edge and NAT; null cuts them from it."
  type        = list(string)
  default     = null

  validation {
    condition     = var.public_subnet_cidrs == null || length(coalesce(var.public_subnet_cidrs, [])) == 2
    error_message = "public_subnet_cidrs must be two, one for each zone."
  }

  validation {
    condition     = alltrue([for cidr in coalesce(var.public_subnet_cidrs, []) : try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) <= 28, false)])
    error_message = "public_subnet_cidrs must be IPv4 ranges of at least 16 addresses that begin at their first address, such as 10.20.0.0/24."
  }
}

variable "private_subnet_cidrs" {
  description = "Two ranges within network_cidr for the API machines and the function; null cuts them from it."
  type        = list(string)
  default     = null

  validation {
    condition     = var.private_subnet_cidrs == null || length(coalesce(var.private_subnet_cidrs, [])) == 2
    error_message = "private_subnet_cidrs must be two, one for each zone."
  }

  validation {
    condition     = alltrue([for cidr in coalesce(var.private_subnet_cidrs, []) : try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) <= 28, false)])
    error_message = "private_subnet_cidrs must be IPv4 ranges of at least 16 addresses that begin at their first address, such as 10.20.16.0/24."
  }
}

variable "database_subnet_cidrs" {
  description = "Two ranges within network_cidr for the database, without a way to the internet; null cuts them from it."
  type        = list(string)
  default     = null

  validation {
    condition     = var.database_subnet_cidrs == null || length(coalesce(var.database_subnet_cidrs, [])) == 2
    error_message = "database_subnet_cidrs must be two, one for each zone."
  }

  validation {
    condition     = alltrue([for cidr in coalesce(var.database_subnet_cidrs, []) : try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) <= 28, false)])
    error_message = "database_subnet_cidrs must be IPv4 ranges of at least 16 addresses that begin at their first address, such as 10.20.32.0/24."
  }
}
