variable "name" {
  description = "Begins the names of what is made."
  type        = string
}

variable "resource_group" {
  description = "Resource group to make it in."
  type = object({
    id   = string
    name = string
  })
}

variable "region" {
  description = "Azure region."
  type        = string
}

variable "suffix" {
  description = "Makes names unique in all of Azure."
  type        = string
}

variable "network_id" {
  description = "Network whose flows are logged."
  type        = string
}

variable "domain" {
  description = "Name that people type."
  type        = string
}

variable "alarm_email" {
  description = "Where alarms and the budget write to."
  type        = string
}

variable "monthly_budget" {
  description = "Amount a month; 0 for none."
  type        = number
}

variable "log_days" {
  description = "How many days logs are kept."
  type        = number
}

variable "probe_seconds" {
  description = "How often the page is asked for from outside: 300, 600 or 900."
  type        = number
}

variable "machines" {
  description = "Ids of the edge, of the migrate machine and of the scale set."
  type = object({
    edge    = string
    migrate = string
    api     = string
  })
}

variable "api_count_min" {
  description = "How many API machines there should be at least."
  type        = number
}

variable "database" {
  description = "The server and what it was given; replica_id is null without one."
  type = object({
    id              = string
    replica         = bool
    replica_id      = string
    storage_gb      = number
    max_connections = number
  })
}

variable "function" {
  description = "Whether there is a function."
  type        = bool
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
}
