output "url" {
  description = "Where the page is, once the domain's address record leads to edge_address."
  value       = "https://${var.domain}"
}

output "edge_address" {
  description = "Public address for the domain's address record."
  value       = var.waf ? module.waf[0].address : module.edge.address
}

output "api_group" {
  description = "Scale set of the API machines."
  value       = module.compute.scale_set_name
}

output "database_host" {
  description = "Name of the database server within the network."
  value       = module.database.host
}

output "bucket" {
  description = "Storage account of releases and photos."
  value       = module.storage.account_name
}

output "release_path" {
  description = "Container and name that the release archive must have; its signature has .sig after that."
  value       = "${module.storage.containers["releases"]}/${local.release}"
}

output "function_url" {
  description = "Where the function answers; null without it."
  value       = one(module.function[*].url)
}

# Terraform's provider sends a program to a place that these functions do not have (its issue 29630).
output "function_deploy" {
  description = "Command that puts the function's program into place, after the first apply and with each release; null without it."
  value       = var.function ? "az functionapp deployment source config-zip --resource-group ${azurerm_resource_group.this.name} --name ${module.function[0].name} --src ${coalesce(var.release_folder, "../../target/releases")}/${var.release_version}/attendance-function-${var.release_version}-azure.zip" : null
}

output "dashboard_url" {
  description = "Dashboard in the portal."
  value       = "https://portal.azure.com/#@${data.azurerm_client_config.current.tenant_id}/dashboard/arm${module.observability.dashboard_id}"
}

output "master_key_secret" {
  description = "Address of the secret that an operator puts the master key into, once."
  value       = module.secrets.secrets["master-key"]
}

output "audit_key_secret" {
  description = "Address of the secret that an operator puts the audit's key into, once."
  value       = module.secrets.secrets["audit-key"]
}

output "cost_per_day" {
  description = "Estimate in US dollars for the profile as it is, at list prices; see terraform/prices.toml."
  value       = local.cost
}
