# The one machine that the internet reaches: Caddy with the page.

resource "azurerm_public_ip" "this" {
  name                = "${var.name}-edge"
  resource_group_name = var.resource_group
  location            = var.region
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = var.tags
}

# Caddy's certificates and its account. Each release is a new machine, and an authority gives out five certificates of one
# name a week: so they lie on a disk that goes from machine to machine.
resource "azurerm_managed_disk" "certificates" {
  #checkov:skip=CKV_AZURE_93:It is encrypted on the machine's host, and with Azure's key where it lies
  name                          = "${var.name}-edge-certificates"
  resource_group_name           = var.resource_group
  location                      = var.region
  storage_account_type          = "StandardSSD_LRS"
  create_option                 = "Empty"
  disk_size_gb                  = 4
  network_access_policy         = "DenyAll"
  public_network_access_enabled = false
  tags                          = var.tags
}

resource "azurerm_virtual_machine_data_disk_attachment" "certificates" {
  managed_disk_id    = azurerm_managed_disk.certificates.id
  virtual_machine_id = module.machine.id
  lun                = 0 # CERTIFICATE_DISK in what the machine is told
  caching            = "None"
}

module "machine" {
  source = "../machine"

  name                 = "${var.name}-edge"
  resource_group       = var.resource_group
  region               = var.region
  size                 = var.size
  subnet_id            = var.subnet_id
  group_id             = var.group_id
  public_ip_id         = azurerm_public_ip.this.id
  identity_id          = var.identity_id
  custom_data          = var.custom_data
  admin_ssh_public_key = var.admin_ssh_public_key
  tags                 = var.tags
}
