variable "name" {
  description = "Begins the names of what is made."
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

variable "operator_addresses" {
  description = "Public addresses that may deploy to it."
  type        = list(string)
}

variable "subnet_id" {
  description = "The subnet that its calls come from."
  type        = string
}

variable "identity" {
  description = "The function's identity."
  type = object({
    id           = string
    client_id    = string
    principal_id = string
  })
}

variable "database_host" {
  description = "Name of the database server."
  type        = string
}

variable "database_name" {
  description = "Name of the database."
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
