# scripts/cost.py works the estimate out; Terraform adds what is switched on.
locals {
  estimate = jsondecode(file("${path.module}/../cost.json")).azure[var.profile]
  cost = {
    currency         = "USD"
    this_system      = floor(100 * (local.estimate.per_day + sum([for option, price in local.estimate.options : local.options[option] ? price : 0]))) / 100
    per_call_service = local.estimate.per_call_service_per_day
    priced_in        = local.estimate.region
  }
  options = {
    waf                 = var.waf
    function            = var.function
    database_replica    = var.database_replica
    database_multi_zone = local.size.multi_zone
  }
}
