# The API writes the head of the audit chain every hour beside the photos. S3 copies each to a bucket whose objects
# can neither be changed nor deleted, by a role that no machine has: a chain that is cut short does not fit them.

locals {
  heads = "photos/audit-heads/"
}

resource "aws_s3_bucket_object_lock_configuration" "audit" {
  bucket = aws_s3_bucket.this["audit"].id

  rule {
    default_retention {
      mode = "GOVERNANCE" # whoever owns the account may still lift it, knowingly; no role here may
      days = 400
    }
  }
}

resource "aws_s3_bucket_replication_configuration" "audit" {
  bucket = aws_s3_bucket.this["data"].id
  role   = aws_iam_role.audit.arn

  rule {
    id     = "audit-heads"
    status = "Enabled"

    filter {
      prefix = local.heads
    }

    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket = aws_s3_bucket.this["audit"].arn

      encryption_configuration {
        replica_kms_key_id = var.key_arn
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_iam_role" "audit" {
  name = "${var.name}-audit-copies"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "audit" {
  name = "copy"
  role = aws_iam_role.audit.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = [local.arns.data]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
        Resource = ["${local.arns.data}/${local.heads}*"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = ["${local.arns.audit}/${local.heads}*"]
      },
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
        Resource  = [var.key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" } }
      },
    ]
  })
}
