variable "name" {
  description = "Begins the names of what is made."
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

variable "subnet_id" {
  description = "The gateway's own subnet."
  type        = string
}

variable "edge_address" {
  description = "The edge's address within the network."
  type        = string
}

variable "domain" {
  description = "Name that people type."
  type        = string
}

variable "certificate" {
  description = "Vault and name of the domain's certificate."
  type = object({
    vault_id = string
    name     = string
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
