variable "name" {
  description = "Begins the name of the server."
  type        = string
}

variable "suffix" {
  description = "Makes names unique in all of Azure."
  type        = string
}

variable "resource_group" {
  description = "Resource group to make it in."
  type        = string
}

variable "region" {
  description = "Azure region."
  type        = string
}

variable "size" {
  description = "Size of the server."
  type        = string
}

variable "storage_gb" {
  description = "Storage at the start."
  type        = number
}

variable "multi_zone" {
  description = "Whether a standby is kept in another zone."
  type        = bool
}

variable "replica" {
  description = "Whether reports have a server of their own."
  type        = bool
}

variable "backup_days" {
  description = "How many days backups reach back."
  type        = number
}

variable "geo_backup" {
  description = "Whether backups are kept in the paired region, too."
  type        = bool
}

variable "subnet_id" {
  description = "The subnet of the server."
  type        = string
}

variable "zone_id" {
  description = "Private DNS zone of the server."
  type        = string
}

variable "tenant_id" {
  description = "Tenant whose identities sign in."
  type        = string
}

variable "administrator" {
  description = "The identity that sets the database up."
  type = object({
    name         = string
    principal_id = string
  })
}

variable "workspace_id" {
  description = "Where logs go."
  type        = string
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
}
