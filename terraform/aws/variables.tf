# What has to be set, and what usually stays as it is. Network and sizes have files of their own.

variable "name" {
  description = "Begins the name of everything that is made."
  type        = string
  default     = "attendance"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "region" {
  description = "AWS region. The cost estimate is for eu-central-1."
  type        = string
  default     = "eu-central-1"
  nullable    = false

  validation {
    # The regions that every account has; the others must be switched on by hand first.
    condition = contains([
      "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
      "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
      "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    ], var.region)
    error_message = "region must be an AWS region that every account has, such as eu-central-1; \"${var.region}\" is none."
  }
}

variable "domain" {
  description = "Name that people type, such as attendance.example.org. Its address record must lead to the output edge_address, unless dns_zone_id is set."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain)) && length(var.domain) <= 253
    error_message = "domain must be a full name in lower case without https:// and without a path, such as attendance.example.org."
  }
}

variable "dns_zone_id" {
  description = "Route 53 zone in which the address record of the domain is made; null leaves that to you."
  type        = string
  default     = null

  validation {
    condition     = var.dns_zone_id == null || can(regex("^Z[A-Z0-9]{5,31}$", var.dns_zone_id))
    error_message = "dns_zone_id must be the id of a Route 53 zone, such as Z0123456789ABCDEFGHIJ."
  }
}

variable "acme_email" {
  description = "Where the certificate authority writes to when a certificate is about to end."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.acme_email))
    error_message = "acme_email must be an e-mail address."
  }
}

variable "alarm_email" {
  description = "Where alarms and the budget write to. Amazon asks this address once to confirm."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email must be an e-mail address."
  }
}

variable "release_version" {
  description = "Version to run, as in attendance-VERSION-x86_64-linux.tar.gz."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$", var.release_version))
    error_message = "release_version must look like 1.2.3 or 1.2.3-rc.1."
  }
}

variable "release_sha256" {
  description = "SHA-256 of the release archive. Machines run nothing else."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.release_sha256))
    error_message = "release_sha256 must be 64 lower-case hexadecimal digits, as sha256sum prints them."
  }
}

variable "release_public_key" {
  description = "Public key (PEM, Ed25519) that the archive's signature is checked with on every machine."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^-----BEGIN PUBLIC KEY-----\\n[A-Za-z0-9+/=\\n]+\\n-----END PUBLIC KEY-----\\n?$", var.release_public_key))
    error_message = "release_public_key must be a public key in PEM, from -----BEGIN PUBLIC KEY----- on."
  }
}

variable "release_folder" {
  description = "Folder in which `make release` makes a folder for each version, as ../../target/releases; all versions in it are put into the bucket, so keep the one before there to be able to go back. null: the archives are in the bucket already."
  type        = string
  default     = null

  validation {
    # Before anything is made, and not by a machine that refuses it at boot.
    condition     = var.release_folder == null || try(filesha256("${var.release_folder}/${var.release_version}/attendance-${var.release_version}-x86_64-linux.tar.gz") == var.release_sha256, false)
    error_message = "release_folder must hold VERSION/attendance-VERSION-x86_64-linux.tar.gz of release_version, and its SHA-256 must be release_sha256."
  }

  validation {
    condition     = var.release_folder == null || try(fileexists("${var.release_folder}/${var.release_version}/attendance-${var.release_version}-x86_64-linux.tar.gz.sig"), false)
    error_message = "release_folder must hold the signature VERSION/attendance-VERSION-x86_64-linux.tar.gz.sig."
  }
}

variable "function" {
  description = "Make the function behind the API gateway: database health and the number of people."
  type        = bool
  default     = true
  nullable    = false
}

variable "function_sha256" {
  description = "SHA-256 of attendance-function-VERSION-aws.zip; needed while function is true."
  type        = string
  default     = null

  validation {
    condition     = var.function_sha256 == null || can(regex("^[0-9a-f]{64}$", var.function_sha256))
    error_message = "function_sha256 must be 64 lower-case hexadecimal digits, as sha256sum prints them."
  }

  validation {
    condition     = !var.function || var.function_sha256 != null
    error_message = "function_sha256 is needed while function is true."
  }

  validation {
    condition     = !var.function || var.function_sha256 == null || var.release_folder == null || try(filesha256("${var.release_folder}/${var.release_version}/attendance-function-${var.release_version}-aws.zip") == var.function_sha256, false)
    error_message = "release_folder must hold VERSION/attendance-function-VERSION-aws.zip of release_version, and its SHA-256 must be function_sha256."
  }
}

variable "waf" {
  description = "Put a load balancer with a web application firewall before the edge. It wants certificate_arn."
  type        = bool
  default     = false
  nullable    = false
}

variable "certificate_arn" {
  description = "Certificate for the domain in AWS Certificate Manager, in the same region; needed while waf is true."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws:acm:${var.region}:[0-9]{12}:certificate/[0-9a-f-]+$", var.certificate_arn))
    error_message = "certificate_arn must be a certificate of AWS Certificate Manager in the region."
  }

  validation {
    condition     = !var.waf || var.certificate_arn != null
    error_message = "certificate_arn is needed while waf is true."
  }
}

variable "monthly_budget" {
  description = "US dollars a month for the whole account after which an e-mail is sent; 0 for none."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.monthly_budget >= 0
    error_message = "monthly_budget must not be negative."
  }
}

variable "log_days" {
  description = "How many days logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_days)
    error_message = "log_days must be one of the numbers that CloudWatch knows: 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731."
  }
}

variable "tags" {
  description = "Further tags for everything."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : can(regex("^[A-Za-z0-9 _.:/=+@-]{1,128}$", key)) && length(value) <= 256 && !startswith(lower(key), "aws:")])
    error_message = "tags must have names of 1 to 128 letters, digits, spaces and _.:/=+@- that do not begin with aws:, and values of at most 256 characters."
  }
}

variable "api_settings" {
  description = "Further settings of the API as docs/OPERATIONS.md has them, such as ATTENDANCE_SMTP_HOST. Nothing secret: they are in the state."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.api_settings) : can(regex("^(ATTENDANCE|OTEL|RUST)_[A-Z0-9_]+$", key))])
    error_message = "api_settings must have names that begin with ATTENDANCE_, OTEL_ or RUST_."
  }

  validation {
    condition     = !anytrue([for key in keys(var.api_settings) : can(regex("(PASSWORD|TOKEN|SECRET|KEY)$", key))])
    error_message = "api_settings must hold no password, token, secret or key: settings are in the state and in what machines are told."
  }

  validation {
    condition     = !anytrue([for value in values(var.api_settings) : can(regex("[\"'\\\\[:cntrl:]]", value))])
    error_message = "api_settings must have values without quotes, backslashes and control characters."
  }
}

variable "session_agent_sha256" {
  description = "SHA-256 of amazon-ssm-agent.deb, with which you open a shell on a machine by Session Manager; null for no way in at all."
  type        = string
  default     = null

  validation {
    condition     = var.session_agent_sha256 == null || can(regex("^[0-9a-f]{64}$", var.session_agent_sha256))
    error_message = "session_agent_sha256 must be 64 lower-case hexadecimal digits, as sha256sum prints them."
  }

  validation {
    condition     = var.session_agent_sha256 == null || var.release_folder == null || try(filesha256("${var.release_folder}/amazon-ssm-agent.deb") == var.session_agent_sha256, false)
    error_message = "release_folder must hold amazon-ssm-agent.deb, and its SHA-256 must be session_agent_sha256."
  }
}
