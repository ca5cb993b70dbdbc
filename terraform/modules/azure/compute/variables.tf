variable "name" {
  description = "Begins the names of what is made."
  type        = string
}

variable "resource_group" {
  description = "Resource group to make it in."
  type        = string
}

variable "resource_group_id" {
  description = "Its id, which the roles are for."
  type        = string
}

variable "suffix" {
  description = "Makes names of roles unique in the tenant."
  type        = string
}

variable "region" {
  description = "Azure region."
  type        = string
}

variable "size" {
  description = "Size of the API machines."
  type        = string
}

variable "migrate_size" {
  description = "Size of the machine that brings the schema up to date."
  type        = string
}

variable "count_min" {
  description = "Fewest API machines."
  type        = number
}

variable "count_max" {
  description = "Most API machines."
  type        = number
}

variable "subnet_id" {
  description = "The private subnet."
  type        = string
}

variable "group_ids" {
  description = "Application security groups, by role."
  type        = map(string)
}

variable "identities" {
  description = "Identities of api and migrate."
  type = map(object({
    id           = string
    principal_id = string
  }))
}

variable "custom_data" {
  description = "What cloud-init is given, as text, of api and migrate."
  type        = map(string)
}

variable "internal_zone_id" {
  description = "Private DNS zone that the API machines register in."
  type        = string
}

variable "admin_ssh_public_key" {
  description = "Key for the account that Azure demands."
  type        = string
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
}
