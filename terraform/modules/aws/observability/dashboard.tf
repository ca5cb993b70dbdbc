# One page for a first look: requests, failures, latency, machines, database, disks.

locals {
  widgets = [
    { title = "Requests and failures a minute", stat = "Sum", metrics = [[local.space, "api_requests"], [local.space, "api_failures"]] },
    { title = "Seconds of requests, p95", stat = "p95", metrics = [[local.space, "api_seconds"]] },
    { title = "Healthy API machines", stat = "Minimum", metrics = [["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", var.api_group]] },
    { title = "Processors of the API machines", stat = "Average", metrics = [["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", var.api_group]] },
    { title = "Edge", stat = "Average", metrics = [["AWS/EC2", "CPUUtilization", "InstanceId", var.edge_instance_id], ["AWS/EC2", "CPUCreditBalance", "InstanceId", var.edge_instance_id]] },
    { title = "Disks, percent", stat = "Maximum", metrics = [[local.space, "disk_used"]] },
    { title = "Database: processors", stat = "Average", metrics = [["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.database.identifier]] },
    { title = "Database: connections", stat = "Maximum", metrics = [["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", var.database.identifier]] },
    { title = "Database: free storage", stat = "Minimum", metrics = [["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", var.database.identifier]] },
    { title = "Database: seconds of a read and a write", stat = "p95", metrics = [["AWS/RDS", "ReadLatency", "DBInstanceIdentifier", var.database.identifier], ["AWS/RDS", "WriteLatency", "DBInstanceIdentifier", var.database.identifier]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type = "alarm", x = 0, y = 0, width = 24, height = 3
        properties = {
          title  = "Alarms"
          alarms = concat([aws_cloudwatch_metric_alarm.api_failures.arn], [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn])
        }
      }],
      [for index, widget in local.widgets : {
        type = "metric", width = 12, height = 6
        x    = index % 2 * 12
        y    = 3 + floor(index / 2) * 6
        properties = {
          title   = widget.title
          region  = var.region
          stat    = widget.stat
          period  = 60
          metrics = widget.metrics
        }
      }],
    )
  })
}
