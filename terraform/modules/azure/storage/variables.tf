variable "account_name" {
  description = "Name of the account, unique in all of Azure."
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
  description = "Private DNS zone for blobs."
  type        = string
}

variable "readers" {
  description = "Principals that read releases, by role."
  type        = map(string)
}

variable "writer" {
  description = "Principal that keeps photos."
  type        = string
}

variable "release_folder" {
  description = "Folder with a folder of archives for each version, which are put into place; null for none."
  type        = string
}

variable "release_uploader" {
  description = "Principal that Terraform runs as."
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
