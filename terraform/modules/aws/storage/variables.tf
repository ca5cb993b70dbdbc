variable "names" {
  description = "Names of the three buckets."
  type = object({
    data  = string
    audit = string
    logs  = string
  })
}

variable "name" {
  description = "Begins the name of the role."
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
  description = "Key that objects are encrypted with."
  type        = string
}

variable "service_roles" {
  description = "ARNs of the roles of machines and function, which write no release."
  type        = list(string)
}

variable "log_days" {
  description = "How long access logs are kept."
  type        = number
}

variable "release_folder" {
  description = "Folder with a folder of archives for each version, which are put under releases/; null for none."
  type        = string
}
