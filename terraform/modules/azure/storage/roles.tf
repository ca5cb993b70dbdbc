# Each at the container that it is about.

locals {
  blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
}

resource "azurerm_role_assignment" "reader" {
  for_each = var.readers

  scope                = azurerm_storage_container.this["releases"].resource_manager_id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = each.value
  principal_type       = "ServicePrincipal"
  description          = "The ${each.key} machine reads its release."
}

# Heads of the audit's chain are written once: what is there can be neither overwritten nor deleted, so that whoever
# takes over an API machine cannot cut the chain's tail unseen.
resource "azurerm_role_assignment" "writer" {
  scope                = azurerm_storage_container.this["photos"].resource_manager_id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = var.writer
  principal_type       = "ServicePrincipal"
  description          = "The API keeps photos, and adds heads of the audit's chain."
  condition_version    = "2.0"
  condition            = <<-TEXT
    (
      (
        !(ActionMatches{'${local.blobs}/write'})
        AND !(ActionMatches{'${local.blobs}/delete'})
        AND !(ActionMatches{'${local.blobs}/deleteBlobVersion/action'})
        AND !(ActionMatches{'${local.blobs}/move/action'})
      )
      OR
      (@Resource[${local.blobs}:path] StringNotLike 'audit-heads/*')
    )
  TEXT
}

resource "azurerm_role_assignment" "uploader" {
  count = var.release_folder == null ? 0 : 1

  scope                = azurerm_storage_container.this["releases"].resource_manager_id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = var.release_uploader
  description          = "Whoever runs Terraform puts releases into place."
}
