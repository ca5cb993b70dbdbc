# Three private buckets: `data` with releases/ and photos/, `audit` with copies that nobody can change, `logs`.

locals {
  arns = { for kind, name in var.names : kind => "arn:aws:s3:::${name}" }

  tls_only = { for kind, arn in local.arns : kind => [
    {
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [arn, "${arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
    {
      Sid       = "OnlyOverTlsOfToday"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [arn, "${arn}/*"]
      Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
    },
  ] }

  # The services' own policies do not allow it either; this holds when one of those is widened by mistake.
  releases_are_closed = [{
    Sid       = "ServicesWriteNoRelease"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:PutObjectTagging"]
    Resource  = "${local.arns.data}/releases/*"
    Condition = { ArnEquals = { "aws:PrincipalArn" = var.service_roles } }
  }]

  amazon_writes_logs = [
    {
      Sid       = "AccessLogsOfBuckets"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.arns.logs}/s3/*"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    },
    {
      Sid       = "AccessLogsOfTheBalancer"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.arns.logs}/balancer/AWSLogs/${var.account_id}/*"
    },
  ]
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:One region holds the data; a second one is a decision about where people's pictures are
  #checkov:skip=CKV2_AWS_62:Nobody acts on single objects
  #checkov:skip=CKV_AWS_145:The key stands in aws_s3_bucket_server_side_encryption_configuration; the bucket of logs has Amazon's, since load balancers write to no other
  #checkov:skip=CKV_AWS_18:Accesses to data and audit are logged; the bucket of logs does not log itself
  for_each = var.names

  bucket              = each.value
  force_destroy       = false
  object_lock_enabled = each.key == "audit"
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = each.key != "logs"

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == "logs" ? "AES256" : "aws:kms"
      kms_master_key_id = each.key == "logs" ? null : var.key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  # What was erased is gone from storage a week later: the report of an erasure says so.
  dynamic "rule" {
    for_each = each.key == "data" ? { photos = 7, releases = 90 } : {}

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = "${rule.key}/"
      }

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }

      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "logs" ? { logs = var.log_days } : {}

    content {
      id     = rule.key
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }

      noncurrent_version_expiration {
        noncurrent_days = 7
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = { for kind in ["data", "audit"] : kind => aws_s3_bucket.this[kind] }

  bucket        = each.value.id
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "s3/${each.key}/"
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.tls_only[each.key],
      [for statement in local.releases_are_closed : statement if each.key == "data"],
      [for statement in local.amazon_writes_logs : statement if each.key == "logs"],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# Every version of the folder stays, so that going back to the one before finds it.
resource "aws_s3_object" "release" {
  for_each = var.release_folder == null ? toset([]) : setunion(
    fileset(var.release_folder, "*/attendance-[0-9]*-x86_64-linux.tar.gz"),
    fileset(var.release_folder, "*/attendance-[0-9]*-x86_64-linux.tar.gz.sig"),
    fileset(var.release_folder, "*/attendance-function-[0-9]*-aws.zip"),
    fileset(var.release_folder, "amazon-ssm-agent.deb"),
  )

  bucket             = aws_s3_bucket.this["data"].id
  key                = "releases/${basename(each.value)}"
  source             = "${var.release_folder}/${each.value}"
  source_hash        = filesha256("${var.release_folder}/${each.value}")
  checksum_algorithm = "SHA256"
  kms_key_id         = var.key_arn

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_versioning.this]
}
