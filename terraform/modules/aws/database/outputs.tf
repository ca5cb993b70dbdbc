output "host" {
  description = "Name of the database within the network."
  value       = aws_db_instance.this.address
}

output "identifier" {
  description = "What alarms know the database by."
  value       = aws_db_instance.this.identifier
}

output "replica_host" {
  description = "Name of the replica; null without one."
  value       = one(aws_db_instance.replica[*].address)
}

output "replica_identifier" {
  description = "What alarms know the replica by; null without one."
  value       = one(aws_db_instance.replica[*].identifier)
}

output "admin_secret_arn" {
  description = "Secret with the administrator's name and password."
  value       = local.admin_secret_arn
}

output "connect_arns" {
  description = "Of the database and its replica: the ARN that a role's right to sign in as somebody begins with."
  value = [for id in concat([aws_db_instance.this.resource_id], aws_db_instance.replica[*].resource_id) :
    "arn:aws:rds-db:${var.region}:${var.account_id}:dbuser:${id}"
  ]
}

locals {
  shown = [
    "publicly_accessible", "storage_encrypted", "kms_key_id", "multi_az", "vpc_security_group_ids", "db_subnet_group_name",
    "iam_database_authentication_enabled", "manage_master_user_password", "backup_retention_period", "deletion_protection",
    "skip_final_snapshot", "final_snapshot_identifier", "parameter_group_name", "delete_automated_backups",
    "enabled_cloudwatch_logs_exports", "performance_insights_enabled", "monitoring_interval", "auto_minor_version_upgrade",
    "replicate_source_db", "instance_class", "allocated_storage", "max_allocated_storage",
  ]
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    database      = { for key, value in aws_db_instance.this : key => value if contains(local.shown, key) }
    replica       = [for replica in aws_db_instance.replica : { for key, value in replica : key => value if contains(local.shown, key) }]
    no_password   = aws_db_instance.this.password == null && aws_db_instance.this.password_wo == null && alltrue([for version in aws_secretsmanager_secret_version.administrator : version.secret_string == null && version.secret_string_wo == null])
    parameters    = { for parameter in aws_db_parameter_group.this.parameter : parameter.name => parameter.value }
    group         = aws_db_parameter_group.this.name
    subnet_group  = aws_db_subnet_group.this
    log_groups    = values(aws_cloudwatch_log_group.this)
    role_policies = { monitoring = aws_iam_role_policy.monitoring.policy }
  }
}
