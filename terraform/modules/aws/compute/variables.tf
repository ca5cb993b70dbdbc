variable "name" {
  description = "Begins the names of what is made."
  type        = string
}

variable "site" {
  description = "What all machines have in common; see modules/aws/machine."
  type        = any
}

variable "vpc_id" {
  description = "The network, whose names the machines register in."
  type        = string
}

variable "image" {
  description = "Debian: its id, and the name of its root disk."
  type = object({
    id          = string
    root_device = string
  })
}

variable "size" {
  description = "Instance type."
  type        = string
}

variable "machines" {
  description = "Fewest and most machines."
  type = object({
    min = number
    max = number
  })
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "group_id" {
  description = "Security group of the API machines."
  type        = string
}

variable "trusted_proxies" {
  description = "Ranges of the edge, whose word about client addresses counts."
  type        = list(string)
}

variable "database" {
  description = "Where the database is; replica_host is null without a replica."
  type = object({
    host         = string
    name         = string
    replica_host = string
    connect_arns = list(string)
  })
}

variable "secrets" {
  description = "ARNs of the master key and the audit key."
  type = object({
    master_key = string
    audit_key  = string
  })
}

variable "settings" {
  description = "Further settings of the API."
  type        = map(string)
}

variable "tags" {
  description = "Tags of the group, and of the machines and disks that it makes."
  type        = map(string)
}

variable "rollback_alarm" {
  description = "Alarm that ends a rolling replacement and takes it back."
  type        = string
}
