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

variable "cidr" {
  description = "Addresses of the network."
  type        = string
}

variable "subnets" {
  description = "Ranges by kind: public, private and database, one for each zone."
  type        = map(list(string))
}

variable "zones" {
  description = "Names of the two availability zones."
  type        = list(string)
}

variable "nat_gateways" {
  description = "One for both zones, or one for each."
  type        = number
}

variable "buckets" {
  description = "ARNs of our buckets, the only ones that the endpoint leads to."
  type        = list(string)
}

variable "key_arn" {
  description = "Key for the flow logs."
  type        = string
}

variable "log_days" {
  description = "How long flow logs are kept."
  type        = number
}
