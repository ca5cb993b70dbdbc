# One page for a first look: requests, failures, latency, machines, database.

locals {
  charts = [
    { title = "Requests, failures and seconds (p95) of the API", query = "${trimspace(local.requests)}\n| summarize requests = count(), failures = countif(status >= 500), p95 = percentile(seconds, 95) by bin(TimeGenerated, 5m)" },
    { title = "API machines", query = "Heartbeat\n| where Computer startswith \"api\"\n| summarize machines = dcount(Computer) by bin(TimeGenerated, 5m)" },
    { title = "Processors of the API machines", id = var.machines.api, kind = "microsoft.compute/virtualmachinescalesets", metric = "Percentage CPU" },
    { title = "Edge", id = var.machines.edge, kind = "microsoft.compute/virtualmachines", metric = "Percentage CPU" },
    { title = "Database: processors", id = var.database.id, kind = lower(local.postgres), metric = "cpu_percent" },
    { title = "Database: connections", id = var.database.id, kind = lower(local.postgres), metric = "active_connections" },
    { title = "Database: storage, percent", id = var.database.id, kind = lower(local.postgres), metric = "storage_percent" },
    { title = "Disks, percent", query = "Perf\n| where ObjectName == \"Logical Disk\" and CounterName == \"% Used Space\"\n| summarize used = max(CounterValue) by bin(TimeGenerated, 5m), Computer" },
  ]

  parts = [
    for chart in local.charts : can(chart.query) ? jsonencode({
      type = "Extension/Microsoft_OperationsManagementSuite_Workspace/PartType/LogsDashboardPart"
      inputs = [
        { name = "resourceTypeMode", value = "workspace" },
        { name = "Scope", value = { resourceIds = [azurerm_log_analytics_workspace.this.id] } },
        { name = "Version", value = "2.0" },
        { name = "TimeRange", value = "P1D" },
        { name = "PartTitle", value = chart.title },
        { name = "Query", value = "${chart.query}\n| render timechart" },
        { name = "ControlType", value = "FrameControlChart" },
        { name = "SpecificChart", value = "Line" },
      ]
      settings = {}
      }) : jsonencode({
      type = "Extension/HubsExtension/PartType/MonitorChartPart"
      inputs = [{
        name = "options"
        value = {
          chart = {
            title         = chart.title
            titleKind     = 2
            timespan      = { relative = { duration = 86400000 } }
            visualization = { chartType = 2 }
            metrics = [{
              resourceMetadata    = { id = chart.id }
              name                = chart.metric
              namespace           = chart.kind
              aggregationType     = 4
              metricVisualization = { displayName = chart.title }
            }]
          }
        }
      }]
      settings = {}
    })
  ]
}

resource "azurerm_portal_dashboard" "this" {
  name                = var.name
  resource_group_name = var.resource_group.name
  location            = var.region
  tags                = merge(var.tags, { hidden-title = var.name })

  dashboard_properties = jsonencode({
    lenses = {
      "0" = {
        order = 0
        parts = {
          for index, part in local.parts : tostring(index) => {
            position = { x = index % 2 * 8, y = floor(index / 2) * 4, colSpan = 8, rowSpan = 4 }
            metadata = jsondecode(part)
          }
        }
      }
    }
    metadata = { model = {} }
  })
}
