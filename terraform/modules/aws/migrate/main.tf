# The machine that brings the schema up to date: it alone may read the administrator's password and sign in as the
# owner. It stops itself when it is done, and each release has a new one.

module "machine" {
  source = "../machine"

  name = var.name
  role = "migrate"
  site = var.site
  settings = {
    DATABASE_HOST         = var.database.host
    DATABASE_NAME         = var.database.name
    DATABASE_ADMIN_SECRET = var.database.admin_secret_arn
  }
  statements = [
    {
      Sid      = "TheAdministratorsPassword"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [var.database.admin_secret_arn]
    },
    {
      Sid       = "OpenTheSecret"
      Action    = ["kms:Decrypt"]
      Resource  = [var.site.key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.site.region}.amazonaws.com" } }
    },
    {
      Sid      = "SignInAsOwner"
      Action   = ["rds-db:connect"]
      Resource = ["${var.database.connect_arn}/attendance_owner"]
    },
  ]
}

resource "aws_instance" "this" {
  #checkov:skip=CKV_AWS_126:It runs for a minute with each release
  ami                                  = var.image_id
  instance_type                        = "t3a.micro"
  subnet_id                            = var.subnet_id
  vpc_security_group_ids               = [var.group_id]
  iam_instance_profile                 = module.machine.profile
  associate_public_ip_address          = false
  ebs_optimized                        = true
  instance_initiated_shutdown_behavior = "stop"
  user_data_base64                     = base64gzip(module.machine.user_data)
  user_data_replace_on_change          = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  root_block_device {
    encrypted   = true
    kms_key_id  = var.site.key_arn
    volume_type = "gp3"
    volume_size = 10
  }

  tags        = { Name = "${var.name}-migrate" }
  volume_tags = merge(var.tags, { Name = "${var.name}-migrate" }) # default tags do not reach disks that come with a machine

  # A newer image of Debian alone is no reason to migrate again.
  lifecycle {
    ignore_changes = [ami]
  }
}
