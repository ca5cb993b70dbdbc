# The API machines: each runs the API and its own recognizer, in private subnets, known to the edge by a name.

locals {
  group    = "${var.name}-api"
  hook     = "healthy"
  disk_gb  = 16
  bucket   = "arn:aws:s3:::${var.site.bucket}"
  group_of = "arn:aws:autoscaling:${var.site.region}:${var.site.account_id}:autoScalingGroup"
}

# The name `api` in this zone has the addresses of the machines that are healthy; they put themselves in and out.
resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = var.site.internal_zone
  description = "Machines of ${var.name}"
  vpc         = var.vpc_id
}

resource "aws_service_discovery_service" "api" {
  name          = "api"
  description   = "API machines that are healthy"
  force_destroy = true # addresses of machines that are gone do not hold up a destroy

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.this.id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 5
    }
  }
}

module "machine" {
  source = "../machine"

  name = var.name
  role = "api"
  site = var.site
  settings = merge({
    DATABASE_HOST     = var.database.host
    DATABASE_NAME     = var.database.name
    MASTER_KEY_SECRET = var.secrets.master_key
    AUDIT_KEY_SECRET  = var.secrets.audit_key
    CLOUD_MAP_SERVICE = aws_service_discovery_service.api.id
    TRUSTED_PROXIES   = join(",", var.trusted_proxies)
    GROUP             = local.group
    LAUNCH_HOOK       = local.hook
    },
    var.database.replica_host == null ? {} : { DATABASE_REPLICA_HOST = var.database.replica_host },
    var.settings,
  )
  statements = [
    {
      Sid      = "Photos"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      Resource = ["${local.bucket}/photos/*"]
    },
    {
      Sid       = "ListPhotos"
      Action    = ["s3:ListBucket"]
      Resource  = [local.bucket]
      Condition = { StringLike = { "s3:prefix" = "photos/*" } }
    },
    {
      Sid      = "NeverHeadsOfTheAuditChain"
      Effect   = "Deny"
      Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
      Resource = ["${local.bucket}/photos/audit-heads/*"]
    },
    {
      Sid       = "WritePhotosEncrypted"
      Action    = ["kms:GenerateDataKey"]
      Resource  = [var.site.key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "s3.${var.site.region}.amazonaws.com" } }
    },
    {
      Sid      = "Keys"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [var.secrets.master_key, var.secrets.audit_key]
    },
    {
      Sid       = "OpenTheSecrets"
      Action    = ["kms:Decrypt"]
      Resource  = [var.site.key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.site.region}.amazonaws.com" } }
    },
    {
      Sid      = "SignInToTheDatabase"
      Action   = ["rds-db:connect"]
      Resource = [for arn in var.database.connect_arns : "${arn}/attendance_app"]
    },
    {
      Sid      = "BeKnownToTheEdge"
      Action   = ["servicediscovery:RegisterInstance", "servicediscovery:DeregisterInstance", "servicediscovery:ListInstances"]
      Resource = [aws_service_discovery_service.api.arn]
    },
    {
      # Cloud Map writes the record with the caller's rights.
      Sid      = "WriteTheRecord"
      Action   = ["route53:ChangeResourceRecordSets", "route53:GetHostedZone"]
      Resource = ["arn:aws:route53:::hostedzone/${aws_service_discovery_private_dns_namespace.this.hosted_zone}"]
    },
    {
      Sid      = "SayThatItIsHealthy"
      Action   = ["autoscaling:CompleteLifecycleAction"]
      Resource = ["${local.group_of}:*:autoScalingGroupName/${local.group}"]
    },
  ]
}

resource "aws_launch_template" "this" {
  name                   = local.group
  image_id               = var.image.id
  instance_type          = var.size
  ebs_optimized          = true
  update_default_version = true
  user_data              = base64gzip(module.machine.user_data) # the hash of the release is in it

  iam_instance_profile {
    name = module.machine.profile
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  network_interfaces {
    associate_public_ip_address = false
    delete_on_termination       = true
    security_groups             = [var.group_id]
  }

  block_device_mappings {
    device_name = var.image.root_device

    ebs {
      encrypted             = true
      kms_key_id            = var.site.key_arn
      volume_type           = "gp3"
      volume_size           = local.disk_gb
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = false
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(var.tags, { Name = local.group }) # default tags do not reach what a group makes
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = local.group
  min_size                  = var.machines.min
  max_size                  = max(var.machines.max, var.machines.min)
  vpc_zone_identifier       = var.subnet_ids
  health_check_type         = "EC2"
  health_check_grace_period = 120
  default_instance_warmup   = 120
  wait_for_capacity_timeout = "0" # at first boot machines wait for the keys that nobody has stored yet
  enabled_metrics           = ["GroupInServiceInstances", "GroupDesiredCapacity", "GroupPendingInstances"]

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  # A machine counts once it says itself that API and recognizer are ready. One that never does is ended.
  initial_lifecycle_hook {
    name                 = local.hook
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    default_result       = "ABANDON"
    heartbeat_timeout    = 1800
  }

  # One new machine, then an old one goes; back to the old launch template when that fails or requests fail. Cloud Map
  # tells the edge eight addresses at most, so that there are never many more machines than before.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 110
      auto_rollback          = true
      skip_matching          = true

      alarm_specification {
        alarms = [var.rollback_alarm]
      }
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = local.group })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }

  lifecycle {
    ignore_changes = [desired_capacity]
  }
}

resource "aws_autoscaling_policy" "cpu" {
  count = var.machines.max > var.machines.min ? 1 : 0

  name                   = "cpu"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
