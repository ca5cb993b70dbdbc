# The journals of all machines go to one group, a stream for each. What the edge's Caddy says of requests, and what
# machines say of their disks, becomes metrics here: no machine needs the right to write metrics, which knows no resources.

resource "aws_cloudwatch_log_group" "machines" {
  #checkov:skip=CKV_AWS_338:How long logs are kept is a variable
  name              = "/${var.name}/machines"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

locals {
  space = "Attendance/${var.name}"
  api   = "$.unit = \"caddy.service\" && $.request.uri = \"/api/*\""
  # Events, pictures and WebSockets last as long as somebody watches.
  lasting = "$.status != 101 && $.request.uri != \"*/events\" && $.request.uri != \"*/stream\" && $.request.uri != \"*/live\" && $.request.uri != \"*/watch\""

  filters = {
    api_requests   = { pattern = "{ ${local.api} && $.status = * }", value = "1", unit = "Count" }
    api_failures   = { pattern = "{ ${local.api} && $.status >= 500 }", value = "1", unit = "Count" }
    api_seconds    = { pattern = "{ ${local.api} && ${local.lasting} && $.duration = * }", value = "$.duration", unit = "Seconds" }
    certificate    = { pattern = "{ $.unit = \"caddy.service\" && $.logger = \"tls*\" && $.level = \"error\" }", value = "1", unit = "Count" }
    disk_used      = { pattern = "{ $.metric = \"disk_used_percent\" }", value = "$.value", unit = "Percent" }
    feeds_silent   = { pattern = "{ $.fields.message = \"a feed has fallen silent\" }", value = "1", unit = "Count" }
    api_restarts   = { pattern = "{ $.unit = \"init.scope\" && $.message = \"attendance-api.service: Scheduled restart*\" }", value = "1", unit = "Count" }
    recognizer_bad = { pattern = "{ $.unit = \"init.scope\" && $.message = \"attendance-recognizer.service: Scheduled restart*\" }", value = "1", unit = "Count" }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.filters

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.machines.name
  pattern        = each.value.pattern

  metric_transformation {
    name      = each.key
    namespace = local.space
    value     = each.value.value
    unit      = each.value.unit
  }
}
