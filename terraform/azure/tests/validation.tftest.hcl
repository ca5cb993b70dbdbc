# Every validation of the variables, with a value that is wrong for it and for nothing else. Variables whose
# validations look at others are apart from those, as Terraform does not ask them when the others are wrong.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  domain               = "attendance.example.org"
  acme_email           = "it@example.org"
  alarm_email          = "it@example.org"
  release_version      = "1.2.3"
  release_sha256       = "d39f0e84d2aeaa29c0c062c7a27beb8255a49bac69ad2402e90d5920be2ce5f2"
  release_public_key   = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
  admin_ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE it"
}

# What does not look as it must.
run "forms" {
  command = plan

  variables {
    name                 = "Attendance_1"
    region               = "germany"
    domain               = "https://attendance.example.org/"
    acme_email           = "it"
    alarm_email          = "it at example.org"
    release_version      = "latest"
    release_sha256       = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
    release_public_key   = "-----BEGIN RSA KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END RSA KEY-----\n"
    admin_ssh_public_key = "ssh-dss AAAAB3NzaC1kc3MAAACB"
    waf_certificate      = { vault_id = "https://mine.vault.azure.net", name = "attendance" }
    api_settings         = { SMTP_HOST = "mail.example.org" }
    monthly_budget       = -1
    log_days             = 7
    tags                 = { "a<b" = "c" }
    network_cidr         = "10.20.1.0/16"
    profile              = "medium"
    edge_size            = "Standard_D2ps_v5"
    api_size             = "c6a.large"
    api_count_min        = 0
    database_size        = "db.t4g.small"
    database_storage_gb  = 100
    backup_days          = 5
  }

  expect_failures = [
    var.name, var.region, var.domain, var.acme_email, var.alarm_email, var.release_version, var.release_sha256,
    var.release_public_key, var.admin_ssh_public_key, var.waf_certificate, var.api_settings, var.monthly_budget,
    var.log_days, var.tags, var.network_cidr, var.profile, var.edge_size, var.api_size, var.api_count_min,
    var.database_size, var.database_storage_gb, var.backup_days,
  ]
}

# What is wrong beside something else, and a hash that is not the archive's.
run "needs_another" {
  command = plan

  variables {
    region              = "polandcentral"
    database_geo_backup = true
    database_multi_zone = true
    database_replica    = true
    waf                 = true
    api_count_min       = 4
    api_settings        = { ATTENDANCE_SMTP_PASSWORD = "secret" }
    network_cidr        = "10.20.0.0/24"
    release_folder      = "tests/releases"
    release_sha256      = "0000000000000000000000000000000000000000000000000000000000000000"
    log_days            = 731
    backup_days         = 36
    database_storage_gb = 0
  }

  expect_failures = [
    var.database_geo_backup, var.database_multi_zone, var.database_replica, var.waf_certificate,
    var.api_count_max, var.api_settings, var.network_cidr, var.release_folder, var.log_days, var.backup_days,
    var.database_storage_gb,
  ]
}

# Public addresses, private ones where public ones are wanted, no signature.
run "further" {
  command = plan

  variables {
    network_cidr    = "8.8.0.0/16"
    api_settings    = { ATTENDANCE_SMTP_HOST = "mail\"example" }
    api_count_max   = 8
    release_folder  = "tests/releases"
    release_version = "1.2.2"
    release_sha256  = "db8a12e7dd8a121b6d262bf81c12090fb82d678bf5a6922e355994d6e8da2554"
    tags            = { "microsoft-owner" = "somebody" }
    domain          = "attendance"
  }

  expect_failures = [
    var.network_cidr, var.api_settings, var.api_count_max, var.release_folder, var.tags, var.domain,
  ]
}

run "another_function_than_was_pinned" {
  command = plan

  variables {
    release_folder     = "tests/releases"
    operator_addresses = ["198.51.100.7"]
    function_sha256    = "0000000000000000000000000000000000000000000000000000000000000000"
  }

  expect_failures = [var.function_sha256]
}

run "subnets_count" {
  command = plan

  variables {
    public_subnet_cidrs   = ["10.20.0.0/24"]
    private_subnet_cidrs  = ["10.20.64.0/24", "10.20.65.0/24", "10.20.66.0/24"]
    database_subnet_cidrs = []
    operator_addresses    = ["198.51.100.0/24"]
    function_sha256       = "sha256"
  }

  expect_failures = [var.function_sha256, var.public_subnet_cidrs, var.private_subnet_cidrs, var.database_subnet_cidrs, var.operator_addresses]
}

run "subnets_form" {
  command = plan

  variables {
    public_subnet_cidrs   = ["10.20.0.1/24", "10.20.1.0/24"]
    private_subnet_cidrs  = ["10.20.64.0/28", "10.20.65.0/24"]
    database_subnet_cidrs = ["10.20.128.7/24", "10.20.129.0/24"]
    operator_addresses    = ["192.168.1.7"]
  }

  expect_failures = [var.public_subnet_cidrs, var.private_subnet_cidrs, var.database_subnet_cidrs, var.operator_addresses]
}

run "subnets_outside" {
  command = plan

  variables {
    public_subnet_cidrs   = ["10.21.0.0/24", "10.20.1.0/24"]
    private_subnet_cidrs  = ["10.20.64.0/24", "10.0.0.0/8"]
    database_subnet_cidrs = ["10.20.128.0/24", "10.19.255.0/24"]
    release_folder        = "tests/releases"
  }

  expect_failures = [var.public_subnet_cidrs, var.private_subnet_cidrs, var.database_subnet_cidrs, var.operator_addresses]
}

# Within a kind, and with what is cut from the network for another kind.
run "subnets_overlap" {
  command = plan

  variables {
    public_subnet_cidrs = ["10.20.0.0/23", "10.20.1.0/24"]
  }

  expect_failures = [azurerm_resource_group.this]
}

run "subnets_overlap_others" {
  command = plan

  variables {
    private_subnet_cidrs = ["10.20.143.0/24", "10.20.80.0/24"]
  }

  expect_failures = [azurerm_resource_group.this]
}
