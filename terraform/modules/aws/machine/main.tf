# What a machine is besides its size: a role of its own, and what cloud-init is given at first boot.

locals {
  release = "releases/attendance-${var.site.release_version}-x86_64-linux.tar.gz"
  bucket  = "arn:aws:s3:::${var.site.bucket}"

  every_machine = [
    {
      Sid      = "FetchTheRelease"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket}/${local.release}", "${local.bucket}/${local.release}.sig"]
    },
    {
      Sid       = "ReadWhatTheBucketEncrypts"
      Action    = ["kms:Decrypt"]
      Resource  = [var.site.key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "s3.${var.site.region}.amazonaws.com" } }
    },
    {
      Sid      = "ShipTheJournal"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${var.site.log_group_arn}:log-stream:${var.role}/*"]
    },
  ]

  # Session Manager in place of SSH, where the operator gave its agent.
  session_manager = [
    {
      Sid      = "FetchTheAgent"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket}/${try(var.site.session_agent.key, "")}"]
    },
    {
      Sid      = "BeSeenBySessionManager"
      Action   = ["ssm:UpdateInstanceInformation"]
      Resource = ["arn:aws:ec2:${var.site.region}:${var.site.account_id}:instance/*"]
    },
    {
      # These four know no resources: Amazon's list of actions names none, and the channels are the machine's own.
      Sid      = "SessionManager"
      Action   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
      Resource = ["*"]
    },
  ]

  statements = concat([for statement in concat(local.every_machine, var.site.session_agent == null ? [] : local.session_manager) : merge({ Effect = "Allow", Condition = null }, statement)], var.statements)

  settings = merge({
    REGION             = var.site.region
    BUCKET             = var.site.bucket
    LOG_GROUP          = var.site.log_group
    DOMAIN             = var.site.domain
    INTERNAL_ZONE      = var.site.internal_zone
    RELEASE_VERSION    = var.site.release_version
    RELEASE_KEY        = local.release
    RELEASE_SHA256     = var.site.release_sha256
    RELEASE_PUBLIC_KEY = var.site.release_public_key
    },
    var.site.session_agent == null ? {} : {
      SSM_AGENT_KEY    = var.site.session_agent.key
      SSM_AGENT_SHA256 = var.site.session_agent.sha256
    },
    var.settings,
  )

  user_data = templatefile("${path.module}/../../../cloud-init/machine.yaml.tftpl", {
    role     = var.role
    cloud    = "aws"
    settings = local.settings
  })
}

resource "aws_iam_role" "this" {
  name = "${var.name}-${var.role}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_355:Only Session Manager's four actions, which know no resources; a test holds the list
  #checkov:skip=CKV_AWS_290:As above
  name = "work"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.statements : { for key, value in statement : key => value if value != null }]
  })
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-${var.role}"
  role = aws_iam_role.this.name

  # A machine that starts before its role may do anything would wait for nothing.
  depends_on = [aws_iam_role_policy.this]
}
