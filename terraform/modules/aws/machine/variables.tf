variable "name" {
  description = "Begins the name of the role; what the machine is comes after it."
  type        = string
}

variable "role" {
  description = "What the machine is: edge, api or migrate."
  type        = string
}

variable "site" {
  description = "What all machines have in common."
  type = object({
    account_id         = string
    region             = string
    bucket             = string
    key_arn            = string
    log_group          = string
    log_group_arn      = string
    domain             = string
    internal_zone      = string
    release_version    = string
    release_sha256     = string
    release_public_key = string
    session_agent      = object({ key = string, sha256 = string })
  })
}

variable "settings" {
  description = "Lines of /etc/attendance/machine.env beyond those of all machines."
  type        = map(string)
}

variable "statements" {
  description = "What the role may do beyond what all machines may."
  type = list(object({
    Sid       = string
    Effect    = optional(string, "Allow")
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(string)))
  }))
  default = []
}
