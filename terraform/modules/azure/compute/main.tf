# The API machines, each with a recognizer of its own. They have no public address; the edge finds them by name.

resource "azurerm_linux_virtual_machine_scale_set" "api" {
  name                 = "${var.name}-api"
  resource_group_name  = var.resource_group
  location             = var.region
  sku                  = var.size
  instances            = var.count_min
  computer_name_prefix = "api"
  zones                = ["1", "2", "3"]
  tags                 = var.tags

  # The pinned hash of the release is in here: another release is another model of the machine.
  custom_data = base64encode(var.custom_data["api"])

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

  network_interface {
    name    = "only"
    primary = true

    ip_configuration {
      name                           = "only"
      primary                        = true
      subnet_id                      = var.subnet_id
      application_security_group_ids = [var.group_ids["api"]]
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identities["api"].id]
  }

  boot_diagnostics {}

  # A new release: one new machine more, and an old one goes when the new one is ready. A release that does not get
  # ready stops there; machines that are unhealthy already do not keep a better release away.
  upgrade_mode  = "Rolling"
  overprovision = false

  rolling_upgrade_policy {
    max_batch_instance_percent              = 20
    max_unhealthy_instance_percent          = 100
    max_unhealthy_upgraded_instance_percent = 20
    pause_time_between_batches              = "PT1M"
    cross_zone_upgrades_enabled             = true
    maximum_surge_instances_enabled         = true
    prioritize_unhealthy_instances_enabled  = true
  }

  extension {
    name                       = "health"
    publisher                  = "Microsoft.ManagedServices"
    type                       = "ApplicationHealthLinux"
    type_handler_version       = "1.0"
    auto_upgrade_minor_version = true

    settings = jsonencode({
      protocol          = "http"
      port              = 8080
      requestPath       = "/readyz"
      intervalInSeconds = 10
      numberOfProbes    = 3
    })
  }

  extension {
    name                       = "logs"
    publisher                  = "Microsoft.Azure.Monitor"
    type                       = "AzureMonitorLinuxAgent"
    type_handler_version       = "1.33"
    auto_upgrade_minor_version = true
    automatic_upgrade_enabled  = true

    settings = jsonencode({
      authentication = {
        managedIdentity = { identifier-name = "mi_res_id", identifier-value = var.identities["api"].id }
      }
    })
  }

  # Half an hour for the first start, which waits for keys and schema.
  automatic_instance_repair {
    enabled      = true
    action       = "Replace"
    grace_period = "PT30M"
  }

  scale_in {
    rule = "OldestVM"
  }

  # Time to take itself out of the zone and to end what it answers.
  termination_notification {
    enabled = true
    timeout = "PT5M"
  }

  lifecycle {
    # How many there are is for the autoscaling to say.
    ignore_changes = [instances]
  }
}

# Recognition is all processor.
resource "azurerm_monitor_autoscale_setting" "api" {
  name                = "${var.name}-api"
  resource_group_name = var.resource_group
  location            = var.region
  target_resource_id  = azurerm_linux_virtual_machine_scale_set.api.id
  tags                = var.tags

  profile {
    name = "by processor"

    capacity {
      minimum = var.count_min
      default = var.count_min
      maximum = var.count_max
    }

    rule {
      metric_trigger {
        metric_name        = "Percentage CPU"
        metric_resource_id = azurerm_linux_virtual_machine_scale_set.api.id
        operator           = "GreaterThan"
        threshold          = 65
        statistic          = "Average"
        time_aggregation   = "Average"
        time_grain         = "PT1M"
        time_window        = "PT5M"
      }

      scale_action {
        type      = "ChangeCount"
        direction = "Increase"
        value     = 1
        cooldown  = "PT5M"
      }
    }

    rule {
      metric_trigger {
        metric_name        = "Percentage CPU"
        metric_resource_id = azurerm_linux_virtual_machine_scale_set.api.id
        operator           = "LessThan"
        threshold          = 25
        statistic          = "Average"
        time_aggregation   = "Average"
        time_grain         = "PT1M"
        time_window        = "PT15M"
      }

      scale_action {
        type      = "ChangeCount"
        direction = "Decrease"
        value     = 1
        cooldown  = "PT15M"
      }
    }
  }
}

# The machine that brings the schema up to date. Another release replaces it.
module "migrate" {
  source = "../machine"

  name                 = "${var.name}-migrate"
  resource_group       = var.resource_group
  region               = var.region
  size                 = var.migrate_size
  subnet_id            = var.subnet_id
  group_id             = var.group_ids["migrate"]
  identity_id          = var.identities["migrate"].id
  custom_data          = var.custom_data["migrate"]
  admin_ssh_public_key = var.admin_ssh_public_key
  tags                 = var.tags
}
