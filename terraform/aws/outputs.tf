output "url" {
  description = "The page."
  value       = "https://${var.domain}"
}

output "edge_address" {
  description = "What the domain's address record must lead to: an address, or with waf the name of the load balancer."
  value       = var.waf ? module.waf[0].dns_name : module.edge.address
}

output "api_group" {
  description = "Auto-scaling group of the API machines."
  value       = module.compute.group
}

output "database_host" {
  description = "The database, within the network alone."
  value       = module.database.host
}

output "bucket" {
  description = "Bucket with releases and photos."
  value       = module.storage.data
}

output "release_path" {
  description = "Where the release is, or must be put when release_folder is null."
  value       = "s3://${module.storage.data}/releases/attendance-${var.release_version}-x86_64-linux.tar.gz"
}

output "function_url" {
  description = "The function; null without one."
  value       = one(module.function[*].url)
}

output "dashboard_url" {
  description = "The dashboard."
  value       = module.observability.dashboard_url
}

output "master_key_secret" {
  description = "Secret into which the master key is put once."
  value       = module.secrets.master_key_arn
}

output "audit_key_secret" {
  description = "Secret into which the audit key is put once."
  value       = module.secrets.audit_key_arn
}

output "cost_per_day" {
  description = "Estimate in US dollars for the profile as it is, at list prices; see terraform/prices.toml."
  value       = local.cost
}

output "role_policies" {
  description = "What each role may do, to be read by whoever reviews it."
  value = merge({
    edge         = module.edge.resources.policy
    api          = module.compute.resources.policy
    migrate      = module.migrate.resources.policy
    flows        = module.network.resources.policies.flows
    audit-copies = module.storage.resources.role_policies.audit
    monitoring   = module.database.resources.role_policies.monitoring
  }, var.function ? { function = module.function[0].resources.policy } : {})
}
