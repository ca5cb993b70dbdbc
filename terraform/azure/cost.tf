# scripts/cost.py works the estimate out for the profile as it is; Terraform adds what is switched on. Sizes of your own
# change the bill and not the estimate.
locals {
  estimate = jsondecode(file("${path.module}/../cost.json")).azure[var.profile]
  options = {
    waf                 = var.waf
    function            = var.function
    database_replica    = var.database_replica
    database_multi_zone = local.size.multi_zone
  }
  cost = {
    usd                   = floor(100 * (local.estimate.per_day + sum([for option, on in local.options : on ? local.estimate.options[option] : 0])) + 0.5) / 100
    service_every_frame   = local.estimate.service_every_frame
    service_every_arrival = local.estimate.service_every_arrival
    of                    = "list prices of ${local.estimate.region} noted ${local.estimate.noted}; the service is ${local.estimate.service}"
  }
}
