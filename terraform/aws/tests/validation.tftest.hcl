# Every validation refuses. A round breaks one rule of each of several variables; what is broken stands beside it.
# tests/terraform/planted.py takes the rules away one by one and sees that a round notices.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain             = "attendance.example.org"
  acme_email         = "it@example.org"
  alarm_email        = "it@example.org"
  release_version    = "1.2.3"
  release_sha256     = "87d10daa428b54eaa19cdd898cfed8107797ad77c4e1363ee53dc09f66ea85fe"
  function_sha256    = "f03a6bad123a8b89e0d05c8d9b9a585da7034e41164b8c6568534fe64d0af999"
  release_public_key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
}

run "first_rules" {
  command = plan

  variables {
    name                  = "My School"
    region                = "westeurope"
    domain                = "https://attendance.example.org/"
    dns_zone_id           = "example.org"
    acme_email            = "nobody"
    alarm_email           = "it@example"
    release_version       = "latest"
    release_sha256        = "87D10DAA"
    release_public_key    = "-----BEGIN CERTIFICATE-----\nMCow\n-----END CERTIFICATE-----\n"
    monthly_budget        = -1
    log_days              = 31
    tags                  = { "aws:owner" = "it" }
    api_settings          = { PATH = "/tmp" }
    network_cidr          = "10.20.0.0"
    public_subnet_cidrs   = ["10.20.0.0/24"]
    private_subnet_cidrs  = ["10.20.16.0/24", "10.20.17.0/24", "10.20.18.0/24"]
    database_subnet_cidrs = []
    profile               = "medium"
    edge_size             = "t4g.micro"
    api_size              = "c7g.large"
    api_count_min         = 0
    database_size         = "t4g.small"
    database_storage_gb   = 5
    backup_days           = 6
  }

  expect_failures = [
    var.name, var.region, var.domain, var.dns_zone_id, var.acme_email, var.alarm_email, var.release_version, var.release_sha256,
    var.release_public_key, var.monthly_budget, var.log_days,
    var.tags, var.api_settings, var.network_cidr, var.public_subnet_cidrs, var.private_subnet_cidrs, var.database_subnet_cidrs,
    var.profile, var.edge_size, var.api_size, var.api_count_min, var.database_size, var.database_storage_gb,
    var.backup_days,
  ]
}

run "second_rules" {
  command = plan

  variables {
    domain                = "localhost"
    function_sha256       = "8c884059"
    session_agent_sha256  = "sha256"
    certificate_arn       = "arn:aws:acm:us-east-1:111122223333:certificate/0" # of another region
    api_settings          = { ATTENDANCE_SMTP_PASSWORD = "hunter2" }
    network_cidr          = "10.20.0.0/24" # too small
    public_subnet_cidrs   = ["10.20.0.0/24", "10.20.1.0/33"]
    private_subnet_cidrs  = ["10.20.16.1/24", "10.20.17.0/24"]
    database_subnet_cidrs = ["10.20.32.0/29", "10.20.33.0/24"]
    api_count_min         = 3 # above what the profile has at most
    backup_days           = 36
  }

  expect_failures = [
    var.domain, var.function_sha256, var.session_agent_sha256, var.certificate_arn, var.api_settings, var.network_cidr, var.public_subnet_cidrs,
    var.private_subnet_cidrs, var.database_subnet_cidrs, var.api_count_max, var.backup_days,
  ]
}

run "third_rules" {
  command = plan

  variables {
    function_sha256 = null         # needed while function is true
    waf             = true         # and certificate_arn is not set
    network_cidr    = "8.8.0.0/16" # somebody else's
    api_settings    = { ATTENDANCE_SMTP_HOST = "a\nROLE=migrate" }
    api_count_max   = 8
  }

  expect_failures = [var.function_sha256, var.certificate_arn, var.network_cidr, var.api_settings, var.api_count_max]
}

run "no_release_there" {
  command = plan

  variables {
    release_folder = "tests/nowhere"
    function       = false
  }

  expect_failures = [var.release_folder]
}

run "another_release_than_was_pinned" {
  command = plan

  variables {
    release_folder = "tests/releases"
    release_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
    function       = false
  }

  expect_failures = [var.release_folder]
}

run "another_function_and_agent_than_were_pinned" {
  command = plan

  variables {
    release_folder       = "tests/releases"
    function_sha256      = "0000000000000000000000000000000000000000000000000000000000000000"
    session_agent_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }

  expect_failures = [var.function_sha256, var.session_agent_sha256]
}

run "a_release_without_signature" {
  command = plan

  variables {
    release_folder  = "tests/releases"
    release_version = "1.2.2"
    release_sha256  = "3119b90777d8810466925378529d8fcea35d0ddeea09e9b1033ee21b2562cee2"
    function        = false
  }

  expect_failures = [var.release_folder]
}

run "subnets_that_overlap" {
  command = plan

  variables {
    private_subnet_cidrs = ["10.20.32.0/20", "10.20.64.0/20"] # the first holds the database's
  }

  expect_failures = [terraform_data.subnets]
}

run "a_subnet_outside" {
  command = plan

  variables {
    public_subnet_cidrs = ["10.21.0.0/24", "10.20.1.0/24"]
  }

  expect_failures = [terraform_data.subnets]
}
