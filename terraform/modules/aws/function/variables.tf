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
  description = "Key for settings and logs."
  type        = string
}

variable "bucket" {
  description = "Bucket with the release."
  type        = string
}

variable "release" {
  description = "Version, and SHA-256 of attendance-function-VERSION-aws.zip in hexadecimal digits."
  type = object({
    version = string
    sha256  = string
  })
}

variable "subnets" {
  description = "Private subnets."
  type        = list(string)
}

variable "group_id" {
  description = "Security group of the function."
  type        = string
}

variable "database" {
  description = "Where the database is, and what signing in to it is called."
  type = object({
    host        = string
    name        = string
    connect_arn = string
  })
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}
