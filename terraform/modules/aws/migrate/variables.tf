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

variable "subnet_id" {
  description = "A private subnet."
  type        = string
}

variable "tags" {
  description = "Tags of the machine's disk."
  type        = map(string)
}

variable "group_id" {
  description = "Security group of this machine."
  type        = string
}

variable "database" {
  description = "Where the database is, and the secret of its administrator."
  type = object({
    host             = string
    name             = string
    connect_arn      = string
    admin_secret_arn = string
  })
}
