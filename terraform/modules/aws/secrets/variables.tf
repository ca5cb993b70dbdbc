variable "name" {
  description = "Begins the names of keys and secrets."
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
