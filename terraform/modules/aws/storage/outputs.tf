output "data" {
  description = "The bucket with releases and photos, once it can be used."
  value       = aws_s3_bucket.this["data"].id
  depends_on  = [aws_s3_bucket_policy.this, aws_s3_object.release]
}

output "logs" {
  description = "The bucket that load balancers write their logs to."
  value       = aws_s3_bucket.this["logs"].id
  depends_on  = [aws_s3_bucket_policy.this]
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    buckets       = aws_s3_bucket.this
    public_access = aws_s3_bucket_public_access_block.this
    ownership     = aws_s3_bucket_ownership_controls.this
    versioning    = aws_s3_bucket_versioning.this
    encryption    = aws_s3_bucket_server_side_encryption_configuration.this
    lifecycle     = aws_s3_bucket_lifecycle_configuration.this
    policies      = { for kind, policy in aws_s3_bucket_policy.this : kind => policy.policy }
    lock          = aws_s3_bucket_object_lock_configuration.audit
    replication   = aws_s3_bucket_replication_configuration.audit
    role_policies = { audit = aws_iam_role_policy.audit.policy }
    releases      = aws_s3_object.release
    logging       = aws_s3_bucket_logging.this
  }
}
