# Alarms, by the names that docs/OPERATIONS.md has entries for, the same as on AWS. They are mailed when they begin and
# when they end.

resource "azurerm_monitor_action_group" "mail" {
  name                = "${var.name}-alarms"
  resource_group_name = var.resource_group.name
  short_name          = substr(replace(var.name, "-", ""), 0, 12)
  tags                = var.tags

  email_receiver {
    name                    = "operators"
    email_address           = var.alarm_email
    use_common_alert_schema = true
  }
}

locals {
  postgres = "Microsoft.DBforPostgreSQL/flexibleServers"

  metrics = merge(
    {
      DatabaseBusy = {
        text   = "The database works at its limit", scope = var.database.id, kind = local.postgres
        metric = "cpu_percent", aggregation = "Average", above = 80, window = "PT15M", severity = 2
      }
      DatabaseDiskFull = {
        text   = "The database has filled four fifths of its storage", scope = var.database.id, kind = local.postgres
        metric = "storage_percent", aggregation = "Maximum", above = 80, window = "PT15M", severity = 1
      }
      DatabaseWalFull = {
        text   = "Write-ahead logs fill the database's storage: a replica is behind or a slot is forgotten", scope = var.database.id, kind = local.postgres
        metric = "txlogs_storage_used", aggregation = "Maximum", above = var.database.storage_gb * 1073741824 / 5, window = "PT15M", severity = 1
      }
      DatabaseConnections = {
        text   = "Four fifths of the database's connections are taken", scope = var.database.id, kind = local.postgres
        metric = "active_connections", aggregation = "Maximum", above = floor(var.database.max_connections * 0.8), window = "PT15M", severity = 2
      }
      DatabaseDown = {
        text   = "The database does not answer", scope = var.database.id, kind = local.postgres
        metric = "is_db_alive", aggregation = "Maximum", below = 1, window = "PT5M", severity = 0
      }
      EdgeDown = {
        text   = "The edge's machine or what is under it does not work", scope = var.machines.edge, kind = "Microsoft.Compute/virtualMachines"
        metric = "VmAvailabilityMetric", aggregation = "Average", below = 1, window = "PT5M", severity = 0
      }
    },
    var.database.replica ? {
      ReplicaBehind = {
        text   = "Reports from the replica are more than five minutes old", scope = var.database.replica_id, kind = local.postgres
        metric = "physical_replication_delay_in_seconds", aggregation = "Maximum", above = 300, window = "PT15M", severity = 3
      }
    } : {},
  )

  caddy = <<-KQL
    Syslog
    | where ProcessName == "caddy"
    | extend entry = parse_json(SyslogMessage)
  KQL

  # Events, pictures and WebSockets last as long as somebody watches.
  requests = <<-KQL
    ${trimspace(local.caddy)}
    | extend status = toint(entry.status), path = tostring(entry.request.uri), seconds = todouble(entry.duration)
    | where isnotnull(status) and path startswith "/api"
  KQL

  systemd = <<-KQL
    Syslog
    | where ProcessName == "systemd"
  KQL

  # Each gives a row for what is wrong, and none when all is well.
  queries = merge(
    {
      ApiErrors = {
        text  = "More than 2 of 100 requests to the API fail", severity = 1, every = "PT5M", window = "PT10M"
        query = <<-KQL
          ${trimspace(local.requests)}
          | summarize requests = count(), failures = countif(status >= 500)
          | where requests >= 20 and failures * 100 > requests * 2
        KQL
      }
      ApiSlow = {
        text  = "95 of 100 requests to the API should be answered within a second", severity = 2, every = "PT5M", window = "PT15M"
        query = <<-KQL
          ${trimspace(local.requests)}
          | where status != 101 and not(path matches regex "/(events|stream|live|watch)$")
          | summarize requests = count(), slow = percentile(seconds, 95)
          | where requests >= 20 and slow > 1
        KQL
      }
      ApiDown = {
        text  = "No API machine answers", severity = 0, every = "PT5M", window = "PT10M"
        query = <<-KQL
          ${trimspace(local.requests)}
          | summarize away = countif(status in (502, 503, 504)), answered = countif(status < 500)
          | where away > 0 and answered == 0
        KQL
      }
      ApiTooFew = {
        text  = "There are fewer API machines than there should be", severity = 2, every = "PT15M", window = "PT30M"
        query = <<-KQL
          Heartbeat
          | where Computer startswith "api" and TimeGenerated > ago(10m)
          | summarize machines = dcount(Computer)
          | where machines < ${var.api_count_min}
        KQL
      }
      MachineDiskFull = {
        text  = "A disk of a machine is 80 percent full", severity = 1, every = "PT15M", window = "PT15M"
        query = <<-KQL
          Perf
          | where ObjectName == "Logical Disk" and CounterName == "% Used Space" and InstanceName != "_Total"
          | summarize used = max(CounterValue) by Computer, InstanceName
          | where used > 80
        KQL
      }
      CertificateExpires = {
        text  = "Caddy does not get or renew the certificate: look at the address record and at port 80", severity = 2, every = "PT15M", window = "PT1H"
        query = <<-KQL
          ${trimspace(local.caddy)}
          | where entry.logger startswith "tls" and entry.level == "error"
          | summarize failures = count()
          | where failures > 3
        KQL
      }
      CameraSilent = {
        text  = "A feed that was heard has fallen silent; the page says which", severity = 2, every = "PT5M", window = "PT5M"
        query = <<-KQL
          Syslog
          | where ProcessName == "attendance" and SyslogMessage has "a feed has fallen silent"
          | summarize feeds = count()
          | where feeds > 0
        KQL
      }
      ApiRestarts = {
        text  = "An API ends again and again", severity = 2, every = "PT15M", window = "PT15M"
        query = <<-KQL
          ${trimspace(local.systemd)}
          | where SyslogMessage contains "attendance-api.service: Scheduled restart"
          | summarize restarts = count()
          | where restarts > 5
        KQL
      }
      RecognizerDown = {
        text  = "A recognizer ends again and again", severity = 2, every = "PT15M", window = "PT15M"
        query = <<-KQL
          ${trimspace(local.systemd)}
          | where SyslogMessage contains "attendance-recognizer.service: Scheduled restart"
          | summarize restarts = count()
          | where restarts > 5
        KQL
      }
    },
    var.function ? {
      FunctionErrors = {
        text  = "The function fails", severity = 3, every = "PT15M", window = "PT15M"
        query = <<-KQL
          FunctionAppLogs
          | where Level in ("Error", "Critical")
          | summarize failures = count()
          | where failures > 5
        KQL
      }
    } : {},
  )
}

resource "azurerm_monitor_metric_alert" "this" {
  for_each = local.metrics

  name                = "${var.name}-${each.key}"
  description         = each.value.text
  resource_group_name = var.resource_group.name
  scopes              = [each.value.scope]
  severity            = each.value.severity
  frequency           = "PT5M"
  window_size         = each.value.window
  tags                = var.tags

  criteria {
    metric_namespace = each.value.kind
    metric_name      = each.value.metric
    aggregation      = each.value.aggregation
    operator         = can(each.value.below) ? "LessThan" : "GreaterThan"
    threshold        = try(each.value.below, each.value.above)
  }

  action {
    action_group_id = azurerm_monitor_action_group.mail.id
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "this" {
  for_each = local.queries

  name                    = "${var.name}-${each.key}"
  description             = each.value.text
  resource_group_name     = var.resource_group.name
  location                = var.region
  scopes                  = [azurerm_log_analytics_workspace.this.id]
  severity                = each.value.severity
  evaluation_frequency    = each.value.every
  window_duration         = each.value.window
  auto_mitigation_enabled = true
  # Tables come into being with their first row.
  skip_query_validation = true
  tags                  = var.tags

  criteria {
    query                   = each.value.query
    time_aggregation_method = "Count"
    operator                = "GreaterThan"
    threshold               = 0
  }

  action {
    action_groups = [azurerm_monitor_action_group.mail.id]
  }
}

# The page as the world sees it, from three continents: name, network, TLS, proxy, API, database and recognizer.
resource "azurerm_application_insights" "outside" {
  name                = "${var.name}-outside"
  resource_group_name = var.resource_group.name
  location            = var.region
  application_type    = "web"
  workspace_id        = azurerm_log_analytics_workspace.this.id
  retention_in_days   = var.log_days <= 30 ? 30 : 90
  tags                = var.tags
}

resource "azurerm_application_insights_standard_web_test" "page" {
  name                    = "${var.name}-page"
  resource_group_name     = var.resource_group.name
  location                = var.region
  application_insights_id = azurerm_application_insights.outside.id
  geo_locations           = ["emea-nl-ams-azr", "us-va-ash-azr", "apac-sg-sin-azr"]
  frequency               = var.probe_seconds
  timeout                 = 30
  retry_enabled           = true
  enabled                 = true
  tags                    = var.tags

  request {
    url = "https://${var.domain}/api/v1/health"
  }

  validation_rules {
    expected_status_code        = 200
    ssl_check_enabled           = true
    ssl_cert_remaining_lifetime = 10
  }
}

resource "azurerm_monitor_metric_alert" "page" {
  name                = "${var.name}-SiteDown"
  description         = "https://${var.domain}/api/v1/health does not answer well from outside"
  resource_group_name = var.resource_group.name
  scopes              = [azurerm_application_insights.outside.id, azurerm_application_insights_standard_web_test.page.id]
  severity            = 0
  frequency           = "PT5M"
  window_size         = var.probe_seconds > 300 ? "PT30M" : "PT15M"
  tags                = var.tags

  application_insights_web_test_location_availability_criteria {
    web_test_id           = azurerm_application_insights_standard_web_test.page.id
    component_id          = azurerm_application_insights.outside.id
    failed_location_count = 2
  }

  action {
    action_group_id = azurerm_monitor_action_group.mail.id
  }
}

resource "azurerm_consumption_budget_resource_group" "month" {
  count = var.monthly_budget > 0 ? 1 : 0

  name              = "${var.name}-BudgetExceeded"
  resource_group_id = var.resource_group.id
  amount            = var.monthly_budget
  time_grain        = "Monthly"

  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00'Z'", plantimestamp())
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 80
    threshold_type = "Actual"
    contact_emails = [var.alarm_email]
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 100
    threshold_type = "Forecasted"
    contact_emails = [var.alarm_email]
  }

  lifecycle {
    # It begins with the month that it was made in.
    ignore_changes = [time_period]
  }
}
