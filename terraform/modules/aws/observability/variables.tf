variable "name" {
  description = "Begins the names of what is made."
  type        = string
}

variable "account_id" {
  description = "The account."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "key_arn" {
  description = "Key for logs and the topic."
  type        = string
}

variable "alarm_email" {
  description = "Where alarms are sent to."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}

variable "monthly_budget" {
  description = "US dollars a month, 0 for no budget."
  type        = number
}

variable "domain" {
  description = "The name whose page is looked at from outside."
  type        = string
}

variable "edge_instance_id" {
  description = "The edge."
  type        = string
}

variable "api_group" {
  description = "Auto-scaling group of the API machines."
  type        = string
}

variable "api_count_min" {
  description = "Fewest API machines that should be healthy."
  type        = number
}

variable "database" {
  description = "Identifiers, storage to begin with, and most connections; replica is null without one."
  type = object({
    identifier      = string
    replica         = string
    storage_gb      = number
    max_connections = number
  })
}

variable "function_name" {
  description = "The function; null without one."
  type        = string
}
