output "vault_id" {
  description = "Id of the vault."
  value       = azurerm_key_vault.this.id
}

output "secrets" {
  description = "Addresses of the secrets; their values are put there once by an operator."
  value       = { for name in ["master-key", "audit-key"] : name => "https://${var.vault_name}.vault.azure.net/secrets/${name}" }
}
