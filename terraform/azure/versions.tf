terraform {
  required_version = ">= 1.11.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.55.0, < 5.0.0"
    }
  }
}

# The subscription is ARM_SUBSCRIPTION_ID of the environment, and so is how Terraform signs in.
provider "azurerm" {
  # No account here has a key that works.
  storage_use_azuread = true

  features {
    # Accounts are closed to the network that Terraform runs in, unless operator_addresses names it.
    storage {
      data_plane_available = false
    }

    key_vault {
      purge_soft_delete_on_destroy = false
    }

    # Settings of PostgreSQL that want a restart get it here and not whenever the server restarts next.
    postgresql_flexible_server {
      restart_server_on_configuration_value_change = true
    }
  }
}
