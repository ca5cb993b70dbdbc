# What has to be set, and what usually stays as it is. Network and sizes have files of their own.

variable "name" {
  description = "Begins the name of everything that is made, and names the resource group."
  type        = string
  default     = "attendance"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "region" {
  description = "Azure region. The cost estimate is for germanywestcentral."
  type        = string
  default     = "germanywestcentral"
  nullable    = false

  validation {
    # The regions with availability zones, which machines, gateway and storage are spread over.
    condition = contains([
      "australiaeast", "austriaeast", "brazilsouth", "canadacentral", "centralindia", "centralus", "chilecentral", "eastasia",
      "eastus", "eastus2", "francecentral", "germanywestcentral", "indonesiacentral", "israelcentral", "italynorth",
      "japaneast", "japanwest", "koreacentral", "malaysiawest", "mexicocentral", "newzealandnorth", "northeurope",
      "norwayeast", "polandcentral", "qatarcentral", "southafricanorth", "southcentralus", "southeastasia", "spaincentral",
      "swedencentral", "switzerlandnorth", "uaenorth", "uksouth", "westeurope", "westus2", "westus3",
    ], var.region)
    error_message = "region must be an Azure region with availability zones, such as germanywestcentral; \"${var.region}\" is none."
  }
}

variable "domain" {
  description = "Name that people type, such as attendance.example.org. Its address record must lead to the output edge_address."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain)) && length(var.domain) <= 253
    error_message = "domain must be a full name in lower case without https:// and without a path, such as attendance.example.org."
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
  description = "Where alarms and the budget write to."
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
  description = "Folder in which `make release` makes a folder for each version, as ../../target/releases; the archives of all versions in it are put into the container of releases, for which operator_addresses must have this machine's address. null: they are there already."
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

variable "admin_ssh_public_key" {
  description = "Public SSH key for the account that Azure demands on a Linux machine. It opens nothing as long as bastion is false: no rule lets port 22 in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(ssh-ed25519 [A-Za-z0-9+/=]{68}|ssh-rsa [A-Za-z0-9+/=]{372,})( [^\\n]*)?$", trimspace(var.admin_ssh_public_key)))
    error_message = "admin_ssh_public_key must be one line of an ssh-ed25519 key or of an ssh-rsa key of at least 2048 bits."
  }
}

variable "bastion" {
  description = "Make a Bastion of the Developer tier, to reach machines through the portal with the private half of admin_ssh_public_key."
  type        = bool
  default     = false
  nullable    = false
}

variable "operator_addresses" {
  description = "Public IPv4 addresses from which operators put releases and keys into place. While it is empty, storage and vault cannot be reached from the internet at all."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.operator_addresses : can(cidrnetmask("${address}/32"))])
    error_message = "operator_addresses must be single IPv4 addresses, such as 198.51.100.7."
  }

  validation {
    # Azure refuses private addresses in these rules.
    condition     = alltrue([for address in var.operator_addresses : !can(regex("^(0|10|127|169\\.254|192\\.168|172\\.(1[6-9]|2[0-9]|3[01]))\\.", address))])
    error_message = "operator_addresses must be public addresses, as the internet sees them."
  }

  validation {
    condition     = var.release_folder == null || length(var.operator_addresses) > 0
    error_message = "operator_addresses must name the address of this machine when release_folder is set, as the archive goes up from here."
  }
}

variable "function" {
  description = "Make the function: database health and the number of people."
  type        = bool
  default     = true
  nullable    = false
}

variable "function_sha256" {
  description = "SHA-256 of attendance-function-VERSION-azure.zip in release_folder, which the command in the output function_deploy puts into place; null: it is not compared."
  type        = string
  default     = null

  validation {
    condition     = var.function_sha256 == null || can(regex("^[0-9a-f]{64}$", var.function_sha256))
    error_message = "function_sha256 must be 64 lower-case hexadecimal digits, as sha256sum prints them."
  }

  validation {
    condition     = !var.function || var.function_sha256 == null || var.release_folder == null || try(filesha256("${var.release_folder}/${var.release_version}/attendance-function-${var.release_version}-azure.zip") == var.function_sha256, false)
    error_message = "release_folder must hold VERSION/attendance-function-VERSION-azure.zip of release_version, and its SHA-256 must be function_sha256."
  }
}

variable "waf" {
  description = "Put an Application Gateway with a web application firewall before the edge. It wants waf_certificate."
  type        = bool
  default     = false
  nullable    = false
}

variable "waf_certificate" {
  description = "Certificate for the domain in a Key Vault of yours: the vault's resource id and the certificate's name; needed while waf is true."
  type = object({
    vault_id = string
    name     = string
  })
  default = null

  validation {
    condition     = var.waf_certificate == null || can(regex("^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\\.KeyVault/vaults/[A-Za-z0-9-]{3,24}$", try(var.waf_certificate.vault_id, ""))) && can(regex("^[A-Za-z0-9-]{1,127}$", try(var.waf_certificate.name, "")))
    error_message = "waf_certificate must have the resource id of a Key Vault (/subscriptions/…/vaults/NAME) and the name of a certificate in it."
  }

  validation {
    condition     = !var.waf || var.waf_certificate != null
    error_message = "waf_certificate is needed while waf is true."
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

variable "monthly_budget" {
  description = "Amount a month, in the currency of the bill, after which an e-mail is sent; 0 for none."
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
    condition     = var.log_days >= 30 && var.log_days <= 730 && floor(var.log_days) == var.log_days
    error_message = "log_days must be a whole number from 30 to 730, which is what Log Analytics keeps."
  }
}

variable "tags" {
  description = "Further tags for everything."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 14 && alltrue([for key, value in var.tags : can(regex("^[A-Za-z0-9 _.:=+@-]{1,128}$", key)) && length(value) <= 256 && !can(regex("^(azure|microsoft|windows)", lower(key)))])
    error_message = "tags must be at most 14, with names of 1 to 128 letters, digits, spaces and _.:=+@- that do not begin with azure, microsoft or windows, and values of at most 256 characters."
  }
}
