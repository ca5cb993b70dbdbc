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
  description = "Key for storage, logs and the administrator's secret."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets without a way to the internet."
  type        = list(string)
}

variable "group_id" {
  description = "Security group of the database."
  type        = string
}

variable "size" {
  description = "Instance class."
  type        = string
}

variable "storage_gb" {
  description = "Storage to begin with."
  type        = number
}

variable "multi_zone" {
  description = "Whether a standby is kept in another zone."
  type        = bool
}

variable "replica" {
  description = "Whether there is a second database to read from."
  type        = bool
}

variable "backup_days" {
  description = "How far back the database can be restored."
  type        = number
}

variable "log_days" {
  description = "How long its logs are kept."
  type        = number
}

variable "max_connections" {
  description = "Most connections; an alarm comes at four fifths."
  type        = number
}
