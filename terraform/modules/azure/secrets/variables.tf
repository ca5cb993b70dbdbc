variable "vault_name" {
  description = "Name of the vault, unique in all of Azure."
  type        = string
}

variable "name" {
  description = "Begins the names of what belongs to it."
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

variable "tenant_id" {
  description = "Tenant whose identities read it."
  type        = string
}

variable "operator_addresses" {
  description = "Public addresses that may reach it."
  type        = list(string)
}

variable "subnet_id" {
  description = "Subnet of the private endpoint."
  type        = string
}

variable "group_id" {
  description = "Application security group of the private endpoint."
  type        = string
}

variable "zone_id" {
  description = "Private DNS zone for vaults."
  type        = string
}

variable "reader" {
  description = "Principal that reads the keys: the API."
  type        = string
}

variable "workspace_id" {
  description = "Where logs go."
  type        = string
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
}
