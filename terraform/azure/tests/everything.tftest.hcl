# What is switched on, and what is switched off: only what differs from the system as it comes.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  domain               = "attendance.example.org"
  acme_email           = "it@example.org"
  alarm_email          = "it@example.org"
  release_version      = "1.2.3"
  release_sha256       = "d39f0e84d2aeaa29c0c062c7a27beb8255a49bac69ad2402e90d5920be2ce5f2"
  release_public_key   = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
  admin_ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE it"
}

run "everything" {
  command = plan

  variables {
    name                  = "school-north"
    region                = "westeurope"
    profile               = "large"
    network_cidr          = "172.16.0.0/16"
    public_subnet_cidrs   = ["172.16.0.0/24", "172.16.1.0/24"]
    private_subnet_cidrs  = ["172.16.10.0/24", "172.16.11.0/24"]
    database_subnet_cidrs = ["172.16.20.0/24", "172.16.21.0/24"]
    release_folder        = "tests/releases"
    function_sha256       = "ec9ab0f760275031eef95d366468c83fb431034f67c0d8b06c94c3b53bda451b"
    operator_addresses    = ["198.51.100.7", "198.51.100.8"]
    bastion               = true
    waf                   = true
    waf_certificate = {
      vault_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/certificates/providers/Microsoft.KeyVault/vaults/mine"
      name     = "attendance"
    }
    database_replica    = true
    database_geo_backup = true
    backup_days         = 35
    monthly_budget      = 900
    log_days            = 400
    api_settings        = { ATTENDANCE_SMTP_HOST = "mail.example.org", ATTENDANCE_STORAGE = "file:/tmp" }
    tags                = { owner = "it" }
  }

  # --- the gateway before the edge ---

  assert {
    condition = toset([
      for rule in concat(values(module.network.resources.flow_rules), values(module.network.resources.platform_rules)) : "${rule.network_security_group_name} ${rule.source_address_prefix} ${rule.destination_port_range}" if rule.direction == "Inbound" && try(!startswith(rule.source_address_prefix, "172.16."), false)
      ]) == toset(concat(
      ["school-north-gateway Internet 443", "school-north-gateway Internet 80", "school-north-gateway GatewayManager 65200-65535", "school-north-gateway AzureLoadBalancer *"],
      ["school-north-edge 168.63.129.16/32 22", "school-north-machines 168.63.129.16/32 22"],
    ))
    error_message = "with a gateway the internet must reach that alone, and port 22 the host that a Bastion comes from"
  }
  assert {
    condition     = toset([for rule in values(module.network.resources.flow_rules) : "${rule.source_address_prefix} ${rule.destination_port_range}" if rule.direction == "Inbound" && rule.network_security_group_name == "school-north-edge" && rule.destination_port_range != "22"]) == toset(["172.16.1.0/24 443", "172.16.1.0/24 80"])
    error_message = "the edge must be reached by the gateway alone"
  }
  assert {
    condition     = module.network.resources.bastion[0].sku == "Developer" && length(module.network.resources.bastion[0].ip_configuration) == 0 && module.network.resources.bastion[0].virtual_network_id == module.network.network_id
    error_message = "a Bastion must have no public address"
  }
  assert {
    condition     = module.waf[0].resources.gateway.sku[0].tier == "WAF_v2" && module.waf[0].resources.gateway.firewall_policy_id == module.waf[0].resources.policy.id && module.waf[0].resources.policy.policy_settings[0].mode == "Prevention" && module.waf[0].resources.policy.policy_settings[0].enabled && module.waf[0].resources.policy.policy_settings[0].request_body_check && toset([for set in module.waf[0].resources.policy.managed_rules[0].managed_rule_set : set.type]) == toset(["Microsoft_DefaultRuleSet", "Microsoft_BotManagerRuleSet"]) && module.waf[0].resources.policy.custom_rules[0].rule_type == "RateLimitRule" && module.waf[0].resources.policy.custom_rules[0].action == "Block"
    error_message = "the gateway's firewall only watches"
  }
  assert {
    condition     = one(module.waf[0].resources.gateway.ssl_certificate).key_vault_secret_id == "https://mine.vault.azure.net/secrets/attendance" && module.waf[0].resources.assignment.scope == "${var.waf_certificate.vault_id}/secrets/attendance" && module.waf[0].resources.assignment.role_definition_name == "Key Vault Secrets User" && module.waf[0].resources.gateway.ssl_policy[0].policy_name == "AppGwSslPolicy20220101S"
    error_message = "the gateway must read the certificate, nothing else of that vault, and take no old protocol"
  }
  assert {
    condition     = one(module.waf[0].resources.gateway.backend_address_pool).ip_addresses == toset([module.edge.private_address]) && toset([for one in module.waf[0].resources.gateway.backend_http_settings : "${one.protocol} ${one.port} ${one.host_name}"]) == toset(["Http 80 attendance.example.org", "Https 443 attendance.example.org"]) && module.waf[0].resources.gateway.gateway_ip_configuration[0].subnet_id == module.network.subnet_ids["gateway"]
    error_message = "the gateway must speak TLS to the edge and check its name"
  }
  assert {
    condition     = output.edge_address == module.waf[0].resources.public_ip.ip_address && strcontains(base64decode(module.edge.resources.machine.machine.custom_data), "EDGE_TRUSTED_PROXIES=172.16.1.0/24") && strcontains(base64decode(module.compute.resources.scale_set.custom_data), "TRUSTED_PROXIES=172.16.0.0/24")
    error_message = "whose word on addresses counts is not what it should be"
  }

  # --- the large database ---

  assert {
    condition     = module.database.resources.server.sku_name == "GP_Standard_D2ds_v5" && module.database.resources.server.storage_mb == 131072 && module.database.resources.server.high_availability[0].mode == "ZoneRedundant" && module.database.resources.server.high_availability[0].standby_availability_zone != module.database.resources.server.zone && module.database.resources.server.geo_redundant_backup_enabled && module.database.resources.server.backup_retention_days == 35
    error_message = "standby or backups of the database are missing"
  }
  assert {
    condition     = module.database.resources.replica[0].create_mode == "Replica" && module.database.resources.replica[0].source_server_id == module.database.id && module.database.resources.replica[0].public_network_access_enabled == false && module.database.resources.replica[0].delegated_subnet_id == module.network.subnet_ids["database"] && module.database.resources.replica[0].authentication[0].password_auth_enabled == false && module.database.resources.replica[0].authentication[0].active_directory_auth_enabled
    error_message = "the replica is no replica, or less safe than the server"
  }
  assert {
    condition     = strcontains(base64decode(module.compute.resources.scale_set.custom_data), "DATABASE_REPLICA_HOST=${module.database.replica_host}") && module.observability.resources.metrics["ReplicaBehind"].criteria[0].threshold == 300 && module.observability.resources.metrics["ReplicaBehind"].scopes == toset([module.database.replica_id])
    error_message = "nobody uses the replica or looks how far it is behind"
  }
  assert {
    condition     = module.observability.resources.metrics["DatabaseConnections"].criteria[0].threshold == floor(859 * 0.8) && module.observability.resources.metrics["DatabaseWalFull"].criteria[0].threshold == 128 * 1073741824 / 5
    error_message = "alarms do not know how large the database is"
  }

  # --- who may come from outside ---

  assert {
    condition     = module.storage.resources.account.public_network_access_enabled && module.storage.resources.account.network_rules[0].default_action == "Deny" && module.storage.resources.account.network_rules[0].ip_rules == toset(var.operator_addresses) && module.secrets.resources.vault.public_network_access_enabled && module.secrets.resources.vault.network_acls[0].default_action == "Deny" && module.secrets.resources.vault.network_acls[0].ip_rules == toset(["198.51.100.7/32", "198.51.100.8/32"])
    error_message = "storage and vault must be open to operators and to nobody else"
  }
  assert {
    condition     = toset([for rule in module.function[0].resources.app.site_config[0].scm_ip_restriction : "${rule.action} ${rule.ip_address}"]) == toset(["Allow 198.51.100.7/32", "Allow 198.51.100.8/32"]) && module.function[0].resources.app.site_config[0].scm_ip_restriction_default_action == "Deny"
    error_message = "operators, and nobody else, must be able to deploy the function"
  }
  assert {
    condition     = toset([for blob in values(module.storage.resources.blobs) : blob.name]) == toset(["attendance-1.2.2-x86_64-linux.tar.gz", "attendance-1.2.3-x86_64-linux.tar.gz", "attendance-1.2.3-x86_64-linux.tar.gz.sig"]) && alltrue([for blob in module.storage.resources.blobs : blob.storage_container_name == "releases"]) && module.storage.resources.uploader[0].scope == module.storage.resources.containers["releases"].resource_manager_id && module.storage.resources.uploader[0].principal_id == data.azurerm_client_config.current.object_id
    error_message = "releases are not put into place"
  }

  assert {
    condition     = output.function_deploy == "az functionapp deployment source config-zip --resource-group school-north --name ${module.function[0].name} --src tests/releases/1.2.3/attendance-function-1.2.3-azure.zip"
    error_message = "the command for the function names something else"
  }

  assert {
    condition = toset(concat(module.observability.alarms, module.observability.resources.budget[*].name)) == toset([
      for entry in regexall("(?m)^### (\\w+)\\n\\n\\*(?:page|warn), (?:P )?C\\.\\*", file("../../docs/OPERATIONS.md")) : "school-north-${entry[0]}"
    ])
    error_message = "alarms are not those that docs/OPERATIONS.md says the clouds have"
  }

  # --- sizes, names, logs, money ---

  assert {
    condition     = module.compute.resources.scale_set.sku == "Standard_D8as_v5" && module.edge.resources.machine.machine.size == "Standard_D2as_v5" && module.compute.resources.autoscale.profile[0].capacity[0].minimum == 2 && module.compute.resources.autoscale.profile[0].capacity[0].maximum == 6 && strcontains(module.observability.resources.queries["ApiTooFew"].criteria[0].query, "machines < 2")
    error_message = "the large profile is not large"
  }
  assert {
    condition     = strcontains(base64decode(module.compute.resources.scale_set.custom_data), "ATTENDANCE_SMTP_HOST=mail.example.org") && strcontains(base64decode(module.compute.resources.scale_set.custom_data), "ATTENDANCE_STORAGE=az://photos") && !strcontains(base64decode(module.compute.resources.scale_set.custom_data), "file:/tmp")
    error_message = "the API's further settings do not reach it, or lead its photos elsewhere"
  }
  assert {
    condition     = module.observability.resources.workspace.retention_in_days == 400 && module.observability.resources.flows.retention_policy[0].days == 365 && module.observability.resources.probe.frequency == 300
    error_message = "logs are not kept as long as they can be"
  }
  assert {
    condition     = module.observability.resources.budget[0].amount == 900 && toset([for one in module.observability.resources.budget[0].notification : "${one.threshold} ${one.threshold_type}"]) == toset(["80 Actual", "100 Forecasted"]) && alltrue([for one in module.observability.resources.budget[0].notification : one.contact_emails == tolist(["it@example.org"])]) && can(regex("^20[0-9]{2}-[01][0-9]-01T00:00:00Z$", module.observability.resources.budget[0].time_period[0].start_date)) && module.observability.resources.budget[0].resource_group_id == azurerm_resource_group.this.id
    error_message = "nobody is told when it gets dear"
  }
  assert {
    condition     = azurerm_resource_group.this.tags == tomap({ app = "school-north", owner = "it" }) && azurerm_resource_group.this.location == "westeurope" && can(regex("^[a-z0-9]{3,24}$", module.storage.account_name)) && can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", module.secrets.resources.vault.name)) && !strcontains(module.secrets.resources.vault.name, "--")
    error_message = "tags, region or names are not what was asked for"
  }
  assert {
    condition     = output.cost_per_day.usd > jsondecode(file("../cost.json")).azure.large.per_day + jsondecode(file("../cost.json")).azure.large.options.waf
    error_message = "the estimate forgets what is switched on"
  }
}

run "without_function" {
  command = plan

  variables {
    function = false
  }

  assert {
    condition     = length(module.function) == 0 && output.function_url == null && output.function_deploy == null && toset(keys(azurerm_user_assigned_identity.this)) == toset(["edge", "api", "migrate"]) && !contains(module.observability.alarms, "attendance-FunctionErrors") && !can(regex("STATS_IDENTITY=[0-9a-z]", base64decode(module.compute.resources.migrate.machine.custom_data)))
    error_message = "something of the function is left"
  }
}
