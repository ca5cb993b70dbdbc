# PostgreSQL, managed: private, encrypted, TLS only, sign-in by cloud identity, restorable to any moment.

locals {
  identifier = "${var.name}-database"
  version    = "17"

  parameters = {
    "rds.force_ssl"          = "1"
    ssl_min_protocol_version = "TLSv1.2"
    password_encryption      = "scram-sha-256"
    max_connections          = tostring(var.max_connections)

    # What is logged tells of statements, not of people: no parameters and no values that a constraint refused.
    log_connections                   = "1"
    log_disconnections                = "1"
    log_statement                     = "ddl"
    log_min_duration_statement        = "1000"
    log_parameter_max_length          = "0"
    log_parameter_max_length_on_error = "0"
    log_error_verbosity               = "terse"
  }
  at_start = ["max_connections"]

  admin = "attendance_admin"
}

resource "aws_db_subnet_group" "this" {
  name       = local.identifier
  subnet_ids = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name        = "${local.identifier}-${local.version}"
  family      = "postgres${local.version}"
  description = "TLS only; logs without values"

  dynamic "parameter" {
    for_each = local.parameters

    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = contains(local.at_start, parameter.key) ? "pending-reboot" : "immediate"
    }
  }
}

# Made before the database begins to write to them, so that they are encrypted and do not last for ever.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:How long logs are kept is a variable
  for_each = toset(concat(
    [for log in ["postgresql", "upgrade"] : "/aws/rds/instance/${local.identifier}/${log}"],
    var.replica ? ["/aws/rds/instance/${local.identifier}-replica/postgresql"] : [],
  ))

  name              = each.value
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV2_AWS_69:rds.force_ssl is in the parameter group's dynamic block, which the checker does not read; a test holds it
  #checkov:skip=CKV_AWS_157:A standby in another zone is a variable; the profile large has it
  identifier            = local.identifier
  engine                = "postgres"
  engine_version        = local.version
  instance_class        = var.size
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_gb * 4
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = var.key_arn
  multi_az              = var.multi_zone

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.group_id]
  publicly_accessible    = false
  port                   = 5432
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  parameter_group_name   = aws_db_parameter_group.this.name

  # Amazon makes the administrator's password, keeps it in Secrets Manager and changes it every week; with a replica it
  # does not, see administrator.tf. Only the machine that migrates may read it; everything else signs in by its role.
  username                            = local.admin
  manage_master_user_password         = var.replica ? null : true
  master_user_secret_kms_key_id       = var.replica ? null : var.key_arn
  password_wo                         = var.replica ? local.password : null
  password_wo_version                 = var.replica ? local.password_version : null
  iam_database_authentication_enabled = true

  backup_retention_period   = var.backup_days
  backup_window             = "01:30-02:30"
  maintenance_window        = "sun:03:00-sun:04:00"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "${local.identifier}-final"

  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  apply_immediately           = false

  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.key_arn
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.monitoring]
}

resource "aws_db_instance" "replica" {
  #checkov:skip=CKV2_AWS_69:It has the parameter group of the database
  #checkov:skip=CKV_AWS_157:It is a copy itself
  #checkov:skip=CKV_AWS_133:Backups are made of the database that it copies
  #checkov:skip=CKV_AWS_293:Nothing is lost with it
  count = var.replica ? 1 : 0

  identifier            = "${local.identifier}-replica"
  replicate_source_db   = aws_db_instance.this.identifier
  instance_class        = var.size
  storage_type          = "gp3"
  max_allocated_storage = var.storage_gb * 4 # it has to grow with what it copies
  storage_encrypted     = true               # with the key of what it copies

  vpc_security_group_ids = [var.group_id]
  publicly_accessible    = false
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  parameter_group_name   = aws_db_parameter_group.this.name

  iam_database_authentication_enabled = true

  backup_retention_period    = 0
  copy_tags_to_snapshot      = true
  deletion_protection        = false
  skip_final_snapshot        = true
  auto_minor_version_upgrade = true

  enabled_cloudwatch_logs_exports = ["postgresql"]
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.key_arn
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_iam_role" "monitoring" {
  name = "${local.identifier}-monitoring"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

# The group's name is Amazon's; retention of it is set by the account.
resource "aws_iam_role_policy" "monitoring" {
  name = "write"
  role = aws_iam_role.monitoring.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:PutRetentionPolicy"]
        Resource = ["arn:aws:logs:${var.region}:${var.account_id}:log-group:RDSOSMetrics"]
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"]
        Resource = ["arn:aws:logs:${var.region}:${var.account_id}:log-group:RDSOSMetrics:log-stream:*"]
      },
    ]
  })
}
