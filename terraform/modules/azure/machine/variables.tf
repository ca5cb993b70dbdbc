variable "name" {
  description = "Name of the machine and of what belongs to it."
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
  description = "Size of the machine."
  type        = string
}

variable "subnet_id" {
  description = "Subnet of the machine."
  type        = string
}

variable "group_id" {
  description = "Application security group of the machine."
  type        = string
}

variable "public_ip_id" {
  description = "Public address; null for none."
  type        = string
  default     = null
}

variable "identity_id" {
  description = "The machine's own identity."
  type        = string
}

variable "custom_data" {
  description = "What cloud-init is given, as text."
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
