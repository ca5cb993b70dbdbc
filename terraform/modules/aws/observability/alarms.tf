# Alarms, by the names that docs/OPERATIONS.md has entries for. They are mailed when they begin and when they end.

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AlarmsAndEventsOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms.arn
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

locals {
  rds     = { namespace = "AWS/RDS", dimensions = { DBInstanceIdentifier = var.database.identifier } }
  machine = { namespace = local.space, dimensions = {} }

  simple = merge({
    ApiSlow = merge(local.machine, {
      text  = "95 of 100 requests to the API should be answered within a second", metric = "api_seconds", statistic = "p95"
      above = 1, minutes = 5, of = 3
    })
    CertificateExpires = merge(local.machine, {
      text      = "Caddy does not get or renew the certificate: look at the address record and at port 80", metric = "certificate"
      statistic = "Sum", above = 3, minutes = 60, of = 2
    })
    MachineDiskFull = merge(local.machine, {
      text      = "A disk of a machine is 80 percent full, or machines send no logs any more", metric = "disk_used"
      statistic = "Maximum", above = 80, minutes = 5, of = 3, missing = "breaching"
    })
    ApiRestarts = merge(local.machine, {
      text = "An API ends again and again", metric = "api_restarts", statistic = "Sum", above = 20, minutes = 10, of = 2
    })
    RecognizerDown = merge(local.machine, {
      text = "A recognizer ends again and again", metric = "recognizer_bad", statistic = "Sum", above = 20, minutes = 10, of = 2
    })
    CameraSilent = merge(local.machine, {
      text = "A feed that was heard has fallen silent; the page says which", metric = "feeds_silent", statistic = "Sum", above = 0, minutes = 5, of = 1
    })
    ApiDown = {
      text   = "No API machine is healthy", namespace = "AWS/AutoScaling", dimensions = { AutoScalingGroupName = var.api_group }
      metric = "GroupInServiceInstances", statistic = "Minimum", below = 1, minutes = 1, of = 3, missing = "breaching"
    }
    ApiTooFew = {
      text   = "There are fewer healthy API machines than there should be", namespace = "AWS/AutoScaling", dimensions = { AutoScalingGroupName = var.api_group }
      metric = "GroupInServiceInstances", statistic = "Minimum", below = var.api_count_min, minutes = 5, of = 6, missing = "breaching"
    }
    EdgeDown = {
      text   = "The edge's machine or what is under it does not work", namespace = "AWS/EC2", dimensions = { InstanceId = var.edge_instance_id }
      metric = "StatusCheckFailed", statistic = "Maximum", above = 0, minutes = 1, of = 3, missing = "breaching"
    }
    DatabaseBusy = merge(local.rds, {
      text = "The database works at its limit", metric = "CPUUtilization", statistic = "Average", above = 80, minutes = 5, of = 3
    })
    DatabaseDiskFull = merge(local.rds, {
      text  = "The database has less than a fifth of its first storage left", metric = "FreeStorageSpace", statistic = "Minimum"
      below = var.database.storage_gb * 1073741824 / 5, minutes = 5, of = 3
    })
    DatabaseWalFull = merge(local.rds, {
      text   = "Write-ahead logs fill the database's storage: a replica is behind or a slot is forgotten"
      metric = "TransactionLogsDiskUsage", statistic = "Maximum"
      above  = var.database.storage_gb * 1073741824 / 5, minutes = 5, of = 3
    })
    DatabaseConnections = merge(local.rds, {
      text  = "Four fifths of the database's connections are taken", metric = "DatabaseConnections", statistic = "Maximum"
      above = floor(var.database.max_connections * 0.8), minutes = 5, of = 3
    })
    DatabaseDown = merge(local.rds, {
      text  = "The database says nothing of itself any more", metric = "CPUUtilization", statistic = "SampleCount"
      below = 1, minutes = 5, of = 2, missing = "breaching"
    })
    },
    var.database.replica == null ? {} : {
      ReplicaBehind = {
        text   = "Reports from the replica are more than five minutes old", namespace = "AWS/RDS", dimensions = { DBInstanceIdentifier = var.database.replica }
        metric = "ReplicaLag", statistic = "Maximum", above = 300, minutes = 5, of = 2, missing = "breaching"
      }
    },
    var.function_name == null ? {} : {
      FunctionErrors = {
        text   = "The function fails", namespace = "AWS/Lambda", dimensions = { FunctionName = var.function_name }
        metric = "Errors", statistic = "Sum", above = 5, minutes = 5, of = 2
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.simple

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  period              = each.value.minutes * 60
  evaluation_periods  = each.value.of
  treat_missing_data  = try(each.value.missing, "notBreaching")
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# A share of requests, so that one failure at night wakes nobody. A rolling replacement goes back when it sounds.
resource "aws_cloudwatch_metric_alarm" "api_failures" {
  alarm_name          = "${var.name}-ApiErrors"
  alarm_description   = "More than 2 of 100 requests to the API fail"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 2
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "share"
    label       = "failed requests in percent"
    expression  = "IF(requests >= 20, 100 * FILL(failures, 0) / requests, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { requests = "api_requests", failures = "api_failures" }

    content {
      id = metric_query.key

      metric {
        namespace   = local.space
        metric_name = metric_query.value
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

# What Amazon itself says of the database: failures, failovers, storage, maintenance.
resource "aws_db_event_subscription" "database" {
  name             = "${var.name}-database"
  sns_topic        = aws_sns_topic.alarms.arn
  source_type      = "db-instance"
  source_ids       = compact([var.database.identifier, var.database.replica])
  event_categories = ["availability", "failover", "failure", "low storage", "maintenance", "recovery", "restoration"]
}

# The page as the world sees it, from three continents: name, network, TLS, proxy, API, database and recognizer.
# Route 53 measures in us-east-1 alone, so that this alarm and its topic are there.
resource "aws_route53_health_check" "page" {
  type              = "HTTPS"
  fqdn              = var.domain
  port              = 443
  resource_path     = "/api/v1/health"
  request_interval  = 30
  failure_threshold = 3
  enable_sni        = true
  regions           = ["eu-west-1", "us-east-1", "ap-southeast-1"]

  tags = { Name = "${var.name}-page" }
}

resource "aws_sns_topic" "outside" {
  #checkov:skip=CKV_AWS_26:It holds the name of one alarm, and Amazon's own key would keep CloudWatch from writing to it
  region = "us-east-1"
  name   = "${var.name}-outside"
}

resource "aws_sns_topic_subscription" "outside" {
  region    = "us-east-1"
  topic_arn = aws_sns_topic.outside.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "page" {
  region              = "us-east-1"
  alarm_name          = "${var.name}-SiteDown"
  alarm_description   = "https://${var.domain}/api/v1/health does not answer well from outside"
  namespace           = "AWS/Route53"
  metric_name         = "HealthCheckStatus"
  dimensions          = { HealthCheckId = aws_route53_health_check.page.id }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.outside.arn]
  ok_actions          = [aws_sns_topic.outside.arn]
}

resource "aws_budgets_budget" "month" {
  count = var.monthly_budget > 0 ? 1 : 0

  name         = "${var.name}-BudgetExceeded"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget)
  limit_unit   = "USD"

  notification {
    notification_type          = "ACTUAL"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = [var.alarm_email]
  }

  notification {
    notification_type          = "FORECASTED"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = [var.alarm_email]
  }
}
