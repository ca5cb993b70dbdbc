variable "name" {
  description = "Begins the names of what is made."
  type        = string
}

variable "site" {
  description = "What all machines have in common; see modules/aws/machine."
  type        = any
}

variable "image_id" {
  description = "Debian."
  type        = string
}

variable "size" {
  description = "Instance type."
  type        = string
}

variable "subnet_id" {
  description = "A public subnet."
  type        = string
}

variable "zone" {
  description = "The zone of that subnet."
  type        = string
}

variable "tags" {
  description = "Tags of the machine's disk."
  type        = map(string)
}

variable "group_id" {
  description = "Security group of the edge."
  type        = string
}

variable "acme_email" {
  description = "Whom the certificate authority writes to."
  type        = string
}

variable "trusted_proxies" {
  description = "Ranges of the load balancer before the edge; none without one."
  type        = list(string)
}
