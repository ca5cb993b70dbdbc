variable "name" {
  description = "Begins the names of what is made."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets."
  type        = list(string)
}

variable "group_id" {
  description = "Security group of the balancer."
  type        = string
}

variable "instance_id" {
  description = "The edge."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate of the domain."
  type        = string
}

variable "log_bucket" {
  description = "Bucket for access logs."
  type        = string
}

variable "key_arn" {
  description = "Key for the firewall's log."
  type        = string
}

variable "log_days" {
  description = "How long the firewall's log is kept."
  type        = number
}
