# One machine of stock Debian, without a password, with an encrypted disk and an identity of its own.

resource "azurerm_network_interface" "this" {
  #checkov:skip=CKV_AZURE_119:The edge has the one public address; tests see that no other machine has any
  name                = var.name
  resource_group_name = var.resource_group
  location            = var.region
  tags                = var.tags

  ip_configuration {
    name                          = "only"
    subnet_id                     = var.subnet_id
    private_ip_address_allocation = "Dynamic"
    public_ip_address_id          = var.public_ip_id
  }
}

resource "azurerm_network_interface_application_security_group_association" "this" {
  network_interface_id          = azurerm_network_interface.this.id
  application_security_group_id = var.group_id
}

resource "azurerm_linux_virtual_machine" "this" {
  #checkov:skip=CKV_AZURE_50:The agent for logs is an extension
  name                  = var.name
  resource_group_name   = var.resource_group
  location              = var.region
  size                  = var.size
  network_interface_ids = [azurerm_network_interface.this.id]
  tags                  = var.tags

  # Another release or another setting is another machine.
  custom_data = base64encode(var.custom_data)

  # Azure demands an account with a key; no rule lets anybody near it unless a Bastion is wanted. Its name must not be one
  # of Debian's groups.
  admin_username                  = "attendance"
  disable_password_authentication = true

  admin_ssh_key {
    username   = "attendance"
    public_key = var.admin_ssh_public_key
  }

  # Disks, their caches and the temporary disk are encrypted where they are written, on the host.
  encryption_at_host_enabled = true
  secure_boot_enabled        = true
  vtpm_enabled               = true

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"
    disk_size_gb         = 30
  }

  source_image_reference {
    publisher = "Debian"
    offer     = "debian-12"
    sku       = "12-gen2"
    version   = "latest"
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity_id]
  }

  # The console of the boot, for when cloud-init does not get as far as sending logs.
  boot_diagnostics {}

  # Rules hold for it from its first packet on.
  depends_on = [azurerm_network_interface_application_security_group_association.this]
}

resource "azurerm_virtual_machine_extension" "logs" {
  name                       = "logs"
  virtual_machine_id         = azurerm_linux_virtual_machine.this.id
  publisher                  = "Microsoft.Azure.Monitor"
  type                       = "AzureMonitorLinuxAgent"
  type_handler_version       = "1.33"
  auto_upgrade_minor_version = true
  automatic_upgrade_enabled  = true
  tags                       = var.tags

  settings = jsonencode({
    authentication = {
      managedIdentity = { identifier-name = "mi_res_id", identifier-value = var.identity_id }
    }
  })
}
