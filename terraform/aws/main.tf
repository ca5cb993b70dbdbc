# Attendance on AWS: an edge in a public subnet, API machines in private ones, PostgreSQL beyond them.

data "aws_caller_identity" "this" {}

# Whatever state a zone is in, the first two stay the first two: a zone that is away for a day moves no subnet.
data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:The first two by name are taken, and new zones come behind them
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

# The newest image that Debian itself publishes; an apply takes it and replaces the machines one after the other.
data "aws_ami" "debian" {
  most_recent = true
  owners      = ["136693071363"]

  filter {
    name   = "name"
    values = ["debian-12-amd64-*"]
  }

  filter {
    name   = "architecture"
    values = ["x86_64"]
  }
}

locals {
  tags    = merge({ app = var.name }, var.tags)
  account = data.aws_caller_identity.this.account_id

  subnets = {
    public   = coalesce(var.public_subnet_cidrs, [for part in [0, 1] : cidrsubnet(var.network_cidr, 8, part)])
    private  = coalesce(var.private_subnet_cidrs, [for part in [16, 17] : cidrsubnet(var.network_cidr, 8, part)])
    database = coalesce(var.database_subnet_cidrs, [for part in [32, 33] : cidrsubnet(var.network_cidr, 8, part)])
  }
  ranges = [for cidr in flatten(values(local.subnets)) : { cidr = cidr, first = cidrhost(cidr, 0), bits = tonumber(split("/", cidr)[1]) }]
  bits   = tonumber(split("/", var.network_cidr)[1])
  # Of two ranges that meet, the wider one has the beginning of the narrower one.
  outside = [for range in local.ranges : range.cidr if range.bits < local.bits || cidrhost("${range.first}/${local.bits}", 0) != cidrhost(var.network_cidr, 0)]
  overlapping = flatten([for i, a in local.ranges : [for j, b in local.ranges :
    "${a.cidr} and ${b.cidr}" if i < j && cidrhost("${a.first}/${min(a.bits, b.bits)}", 0) == cidrhost("${b.first}/${min(a.bits, b.bits)}", 0)
  ]])

  buckets   = { for kind in ["data", "audit", "logs"] : kind => "${var.name}-${kind}-${local.account}-${var.region}" }
  services  = ["edge", "api", "migrate", "function"]
  role_arns = [for service in local.services : "arn:aws:iam::${local.account}:role/${var.name}-${service}"]

  database_name   = "attendance"
  max_connections = 200

  site = {
    account_id         = local.account
    region             = var.region
    bucket             = local.buckets.data
    key_arn            = module.secrets.key_arn
    log_group          = module.observability.log_group.name
    log_group_arn      = module.observability.log_group.arn
    domain             = var.domain
    internal_zone      = "${var.name}.internal"
    release_version    = var.release_version
    release_sha256     = var.release_sha256
    release_public_key = var.release_public_key
    session_agent      = var.session_agent_sha256 == null ? null : { key = "releases/amazon-ssm-agent.deb", sha256 = var.session_agent_sha256 }
  }
}

# Where all subnets lie is known only here; what is wrong ends the plan before anything is made.
resource "terraform_data" "subnets" {
  lifecycle {
    precondition {
      condition     = length(local.outside) == 0
      error_message = "These subnets are not within network_cidr ${var.network_cidr}: ${join(", ", local.outside)}."
    }

    precondition {
      condition     = length(local.overlapping) == 0
      error_message = "These subnets overlap: ${join("; ", local.overlapping)}."
    }
  }
}

module "secrets" {
  source = "../modules/aws/secrets"

  name       = var.name
  account_id = local.account
  region     = var.region
}

module "network" {
  source = "../modules/aws/network"

  name         = var.name
  account_id   = local.account
  region       = var.region
  cidr         = var.network_cidr
  subnets      = local.subnets
  zones        = slice(data.aws_availability_zones.this.names, 0, 2)
  nat_gateways = local.profile.nat_gateways
  buckets      = [for bucket in local.buckets : "arn:aws:s3:::${bucket}"]
  key_arn      = module.secrets.key_arn
  log_days     = var.log_days
}

module "firewall" {
  source = "../modules/aws/firewall"

  name     = var.name
  vpc_id   = module.network.vpc_id
  ports    = jsondecode(file("${path.module}/../ports.json"))
  balancer = var.waf
}

module "storage" {
  source = "../modules/aws/storage"

  name           = var.name
  names          = local.buckets
  account_id     = local.account
  region         = var.region
  key_arn        = module.secrets.key_arn
  service_roles  = local.role_arns
  log_days       = var.log_days
  release_folder = var.release_folder
}

module "database" {
  source = "../modules/aws/database"

  name            = var.name
  account_id      = local.account
  region          = var.region
  key_arn         = module.secrets.key_arn
  subnet_ids      = module.network.database_subnet_ids
  group_id        = module.firewall.group_ids["database"]
  size            = local.size.database
  storage_gb      = local.size.storage_gb
  multi_zone      = local.size.multi_zone
  replica         = var.database_replica
  backup_days     = var.backup_days
  log_days        = var.log_days
  max_connections = local.max_connections
}

module "migrate" {
  source = "../modules/aws/migrate"

  name      = var.name
  site      = merge(local.site, { bucket = module.storage.data })
  image_id  = data.aws_ami.debian.id
  subnet_id = module.network.private_subnet_ids[0]
  group_id  = module.firewall.group_ids["migrate"]
  tags      = local.tags

  database = {
    host             = module.database.host
    name             = local.database_name
    connect_arn      = module.database.connect_arns[0]
    admin_secret_arn = module.database.admin_secret_arn
  }
}

module "compute" {
  source = "../modules/aws/compute"

  name            = var.name
  site            = merge(local.site, { bucket = module.storage.data })
  vpc_id          = module.network.vpc_id
  image           = { id = data.aws_ami.debian.id, root_device = data.aws_ami.debian.root_device_name }
  size            = local.size.api
  machines        = { min = local.size.api_count_min, max = local.size.api_count_max }
  subnet_ids      = module.network.private_subnet_ids
  group_id        = module.firewall.group_ids["api"]
  trusted_proxies = local.subnets.public
  settings        = var.api_settings
  tags            = local.tags
  rollback_alarm  = module.observability.rollback_alarm

  database = {
    host         = module.database.host
    name         = local.database_name
    replica_host = module.database.replica_host
    connect_arns = module.database.connect_arns
  }
  secrets = {
    master_key = module.secrets.master_key_arn
    audit_key  = module.secrets.audit_key_arn
  }
}

module "edge" {
  source = "../modules/aws/edge"

  name            = var.name
  site            = merge(local.site, { bucket = module.storage.data })
  image_id        = data.aws_ami.debian.id
  size            = local.size.edge
  subnet_id       = module.network.public_subnet_ids[0]
  zone            = data.aws_availability_zones.this.names[0]
  group_id        = module.firewall.group_ids["edge"]
  tags            = local.tags
  acme_email      = var.acme_email
  trusted_proxies = var.waf ? local.subnets.public : []
}

module "waf" {
  source = "../modules/aws/waf"
  count  = var.waf ? 1 : 0

  name            = var.name
  vpc_id          = module.network.vpc_id
  subnet_ids      = module.network.public_subnet_ids
  group_id        = module.firewall.group_ids["balancer"]
  instance_id     = module.edge.instance_id
  certificate_arn = var.certificate_arn
  log_bucket      = module.storage.logs
  key_arn         = module.secrets.key_arn
  log_days        = var.log_days
}

module "function" {
  source = "../modules/aws/function"
  count  = var.function ? 1 : 0

  name       = var.name
  account_id = local.account
  region     = var.region
  key_arn    = module.secrets.key_arn
  bucket     = module.storage.data
  release    = { version = var.release_version, sha256 = var.function_sha256 }
  subnets    = module.network.private_subnet_ids
  group_id   = module.firewall.group_ids["function"]
  log_days   = var.log_days

  database = {
    host        = module.database.host
    name        = local.database_name
    connect_arn = module.database.connect_arns[0]
  }
}

module "observability" {
  source = "../modules/aws/observability"

  name             = var.name
  account_id       = local.account
  region           = var.region
  key_arn          = module.secrets.key_arn
  alarm_email      = var.alarm_email
  log_days         = var.log_days
  monthly_budget   = var.monthly_budget
  domain           = var.domain
  edge_instance_id = module.edge.instance_id
  api_group        = "${var.name}-api"
  api_count_min    = local.size.api_count_min
  function_name    = one(module.function[*].name)

  database = {
    identifier      = module.database.identifier
    replica         = module.database.replica_identifier
    storage_gb      = local.size.storage_gb
    max_connections = local.max_connections
  }
}

# The address record, where Route 53 has the domain.
resource "aws_route53_record" "domain" {
  count = var.dns_zone_id == null ? 0 : 1

  zone_id = var.dns_zone_id
  name    = var.domain
  type    = "A"
  ttl     = var.waf ? null : 60
  records = var.waf ? null : [module.edge.address]

  dynamic "alias" {
    for_each = module.waf

    content {
      name                   = alias.value.dns_name
      zone_id                = alias.value.zone_id
      evaluate_target_health = true
    }
  }
}
