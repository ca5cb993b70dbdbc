output "key_arn" {
  description = "The key that everything is encrypted with."
  value       = aws_kms_key.this.arn
}

output "master_key_arn" {
  description = "Secret of the master key."
  value       = aws_secretsmanager_secret.this["master-key"].arn
}

output "audit_key_arn" {
  description = "Secret of the audit key."
  value       = aws_secretsmanager_secret.this["audit-key"].arn
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    key     = aws_kms_key.this
    secrets = aws_secretsmanager_secret.this
  }
}
