# The one machine that the internet reaches: Caddy with the page.

resource "azurerm_public_ip" "this" {
  name                = "${var.name}-edge"
  resource_group_name = var.resource_group
  location            = var.region
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = var.tags
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
