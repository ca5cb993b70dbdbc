# The system as it comes, with nothing set but what has no default, against an Azure that is invented. What a reviewer
# would look for, line by line.

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

run "as_it_comes" {
  command = plan

  # --- network ---

  assert {
    condition = { for name, subnet in module.network.resources.subnets : name => subnet.address_prefixes[0] } == {
      edge = "10.20.0.0/20", gateway = "10.20.16.0/20", machines = "10.20.64.0/20", function = "10.20.80.0/20", database = "10.20.128.0/20", endpoints = "10.20.144.0/20"
    }
    error_message = "subnets are not cut from network_cidr as they should be"
  }
  assert {
    condition     = alltrue([for subnet in module.network.resources.subnets : subnet.default_outbound_access_enabled == false && subnet.private_endpoint_network_policies == "Enabled"])
    error_message = "a subnet lends addresses, or its private endpoints are beyond its rules"
  }
  assert {
    condition     = toset(keys(module.network.resources.nat_subnets)) == toset(["machines", "function"]) && alltrue([for name, one in module.network.resources.nat_subnets : one.subnet_id == module.network.subnet_ids[name] && one.nat_gateway_id == module.network.resources.nat.id])
    error_message = "machines and function, and nothing else, must reach the internet through NAT"
  }
  assert {
    condition = alltrue([
      for name, next in { private = "Internet", endpoints = "None" } :
      module.network.resources.routes[name].next_hop_type == next && module.network.resources.routes[name].address_prefix == "0.0.0.0/0" && module.network.resources.route_tables[name].bgp_route_propagation_enabled == false
    ]) && alltrue([for subnet, table in { machines = "private", function = "private", endpoints = "endpoints" } : module.network.resources.routed_subnets[subnet].route_table_id == module.network.resources.route_tables[table].id])
    error_message = "routes of the private subnets lead elsewhere"
  }
  assert {
    condition     = alltrue([for link in values(module.network.resources.zone_links) : link.registration_enabled == false && link.virtual_network_id == module.network.network_id]) && toset([for zone in module.network.resources.zones : zone.name]) == toset(["attendance.internal", "privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net", "attendance.private.postgres.database.azure.com"])
    error_message = "private DNS zones are not those that there should be, or are not of this network alone"
  }
  assert {
    condition     = module.observability.resources.flows.enabled && module.observability.resources.flows.target_resource_id == module.network.network_id && module.observability.resources.flows.storage_account_id == module.observability.resources.flow_account.id && module.observability.resources.flows.retention_policy[0].enabled && module.observability.resources.flows.retention_policy[0].days == 30
    error_message = "flow logs must tell of the whole network"
  }

  # --- who may reach whom: what ports.json says, what Azure demands, and nothing else ---

  assert {
    condition = toset([
      for rule in values(module.network.resources.flow_rules) : "${rule.network_security_group_name}: ${try(coalesce(rule.source_address_prefix), one(rule.source_application_security_group_ids))} ${try(coalesce(rule.destination_address_prefix), one(rule.destination_application_security_group_ids))} ${rule.protocol} ${rule.destination_port_range} ${rule.access}" if rule.direction == "Inbound"
      ]) == toset(concat(
      [
        for flow in jsondecode(file("../ports.json")).flows : join(" ", [
          { edge = "attendance-edge:", api = "attendance-machines:", migrate = "attendance-machines:", database = "attendance-database:" }[flow.to],
          merge(module.network.group_ids, { internet = "Internet", function = "10.20.80.0/20" })[flow.from],
          merge(module.network.group_ids, { database = "10.20.128.0/20" })[flow.to],
          title(flow.protocol), flow.port, "Allow",
        ]) if flow.to != "internet"
      ],
      [for role in ["edge", "api", "migrate"] : "attendance-endpoints: ${module.network.group_ids[role]} ${module.network.group_ids["storage"]} Tcp 443 Allow"],
      ["attendance-endpoints: ${module.network.group_ids["api"]} ${module.network.group_ids["vault"]} Tcp 443 Allow"],
      ["attendance-database: 10.20.128.0/20 10.20.128.0/20 Tcp 5432 Allow"],
    ))
    error_message = "rules for what comes in are not what ports.json says"
  }
  assert {
    condition = toset([
      for rule in values(module.network.resources.flow_rules) : "${rule.network_security_group_name}: ${try(coalesce(rule.source_address_prefix), one(rule.source_application_security_group_ids))} ${try(coalesce(rule.destination_address_prefix), one(rule.destination_application_security_group_ids))} ${rule.protocol} ${rule.destination_port_range} ${rule.access}" if rule.direction == "Outbound"
      ]) == toset(concat(
      [
        for flow in jsondecode(file("../ports.json")).flows : join(" ", [
          { edge = "attendance-edge:", api = "attendance-machines:", migrate = "attendance-machines:", function = "attendance-function:" }[flow.from],
          merge(module.network.group_ids, { function = "10.20.80.0/20" })[flow.from],
          merge(module.network.group_ids, { internet = "Internet", database = "10.20.128.0/20" })[flow.to],
          title(flow.protocol), flow.port, "Allow",
        ]) if flow.from != "internet"
      ],
      [for role in ["edge", "api", "migrate"] : "attendance-${role == "edge" ? "edge" : "machines"}: ${module.network.group_ids[role]} ${module.network.group_ids["storage"]} Tcp 443 Allow"],
      ["attendance-machines: ${module.network.group_ids["api"]} ${module.network.group_ids["vault"]} Tcp 443 Allow"],
      ["attendance-database: 10.20.128.0/20 10.20.128.0/20 Tcp 5432 Allow"],
    ))
    error_message = "rules for what goes out are not what ports.json says"
  }
  assert {
    condition     = toset([for rule in concat(values(module.network.resources.flow_rules), values(module.network.resources.platform_rules)) : "${rule.network_security_group_name} ${rule.destination_port_range}" if rule.direction == "Inbound" && try(!startswith(rule.source_address_prefix, "10.20."), false)]) == toset(["attendance-edge 443", "attendance-edge 80"])
    error_message = "the internet may reach the edge on 443 and 80 and nothing else; all other rules name groups or a subnet of this network"
  }
  assert {
    condition     = toset([for rule in values(module.network.resources.platform_rules) : "${rule.network_security_group_name} ${rule.direction} ${rule.destination_address_prefix} ${rule.destination_port_range}"]) == toset(["attendance-database Outbound Storage 443", "attendance-database Outbound AzureActiveDirectory 443"])
    error_message = "Azure's own services are let through where they should not"
  }
  assert {
    condition     = !anytrue([for rule in concat(values(module.network.resources.flow_rules), values(module.network.resources.platform_rules)) : contains(["22", "3389", "*"], rule.destination_port_range)]) && length(module.network.resources.bastion) == 0
    error_message = "there must be no way in by SSH"
  }
  assert {
    # Rules, addresses and roles that are in none of the lists that are looked at here would be seen by nobody.
    condition = alltrue([
      for type, count in { network_security_rule = 3, public_ip = 3, role_assignment = 7, role_definition = 1, network_interface = 1, bastion_host = 1, postgresql_flexible_server_firewall_rule = 0, storage_account = 3 } :
      length(flatten([for file in concat([for name in fileset("..", "modules/azure/**/*.tf") : "../${name}"], tolist(fileset(".", "*.tf"))) : regexall("resource \"azurerm_${type}\" ", file(file))])) == count
    ]) && alltrue([for group in values(module.network.resources.groups) : length(group.security_rule) == 0])
    error_message = "there are rules, public addresses or roles besides those that are tested"
  }
  assert {
    condition = toset([for rule in values(module.network.resources.deny_rules) : "${rule.network_security_group_name} ${rule.direction} ${rule.access} ${rule.priority} ${rule.protocol} ${rule.source_address_prefix} ${rule.source_port_range} ${rule.destination_address_prefix} ${rule.destination_port_range}"]) == toset(flatten([
      for subnet in keys(module.network.resources.subnets) : [for direction in ["Inbound", "Outbound"] : "attendance-${subnet} ${direction} Deny 4096 * * * * *"]
    ]))
    error_message = "a subnet does not deny what no rule allows"
  }
  assert {
    condition     = alltrue([for name, one in module.network.resources.grouped_subnets : one.subnet_id == module.network.subnet_ids[name] && one.network_security_group_id == module.network.resources.groups[name].id]) && length(module.network.resources.grouped_subnets) == length(module.network.resources.subnets)
    error_message = "a subnet has no security group of its own"
  }
  assert {
    condition     = alltrue([for one in [module.edge.resources.machine, module.compute.resources.migrate] : one.group.network_interface_id == one.interface.id]) && module.edge.resources.machine.group.application_security_group_id == module.network.group_ids["edge"] && module.compute.resources.migrate.group.application_security_group_id == module.network.group_ids["migrate"] && module.compute.resources.scale_set.network_interface[0].ip_configuration[0].application_security_group_ids == toset([module.network.group_ids["api"]])
    error_message = "a machine is not in its application security group"
  }
  assert {
    condition     = module.storage.resources.group.application_security_group_id == module.network.group_ids["storage"] && module.storage.resources.group.private_endpoint_id == module.storage.resources.endpoint.id && module.secrets.resources.group.application_security_group_id == module.network.group_ids["vault"] && module.secrets.resources.group.private_endpoint_id == module.secrets.resources.endpoint.id
    error_message = "a private endpoint is not in its application security group"
  }

  # --- machines ---

  assert {
    condition     = module.edge.resources.machine.interface.ip_configuration[0].public_ip_address_id == module.edge.resources.public_ip.id && module.edge.resources.machine.interface.ip_configuration[0].subnet_id == module.network.subnet_ids["edge"]
    error_message = "the edge is not in the public subnet with the public address"
  }
  assert {
    condition     = module.compute.resources.migrate.interface.ip_configuration[0].public_ip_address_id == null && length(module.compute.resources.scale_set.network_interface[0].ip_configuration[0].public_ip_address) == 0 && module.compute.resources.migrate.interface.ip_configuration[0].subnet_id == module.network.subnet_ids["machines"] && module.compute.resources.scale_set.network_interface[0].ip_configuration[0].subnet_id == module.network.subnet_ids["machines"]
    error_message = "a private machine has a public address or is in another subnet"
  }
  assert {
    condition     = alltrue([for machine in [module.edge.resources.machine.machine, module.compute.resources.migrate.machine, module.compute.resources.scale_set] : machine.encryption_at_host_enabled && machine.secure_boot_enabled && machine.vtpm_enabled])
    error_message = "a machine's disks are not encrypted, or it starts whatever is on them"
  }
  assert {
    condition     = module.edge.resources.attached.managed_disk_id == module.edge.resources.disk.id && module.edge.resources.attached.virtual_machine_id == module.edge.machine_id && module.edge.resources.disk.network_access_policy == "DenyAll" && module.edge.resources.disk.public_network_access_enabled == false && strcontains(base64decode(module.edge.resources.machine.machine.custom_data), "CERTIFICATE_DISK=/dev/disk/azure/scsi1/lun${module.edge.resources.attached.lun}")
    error_message = "certificates must be on a closed disk of their own that goes from edge to edge"
  }
  assert {
    condition     = alltrue([for machine in [module.edge.resources.machine.machine, module.compute.resources.migrate.machine, module.compute.resources.scale_set] : machine.disable_password_authentication && machine.admin_password == null && [for key in machine.admin_ssh_key : key.public_key] == [var.admin_ssh_public_key]])
    error_message = "a machine takes passwords"
  }
  assert {
    condition     = alltrue([for machine in [module.edge.resources.machine.machine, module.compute.resources.migrate.machine, module.compute.resources.scale_set] : machine.source_image_reference[0].publisher == "Debian" && machine.source_image_reference[0].offer == "debian-12" && machine.source_image_reference[0].sku == "12-gen2"])
    error_message = "a machine is not stock Debian"
  }
  assert {
    condition     = alltrue([for role, machine in { edge = module.edge.resources.machine.machine, migrate = module.compute.resources.migrate.machine, api = module.compute.resources.scale_set } : machine.identity[0].type == "UserAssigned" && machine.identity[0].identity_ids == toset([azurerm_user_assigned_identity.this[role].id])])
    error_message = "a machine must have its own identity and no other"
  }
  assert {
    condition = alltrue(flatten([
      for role, text in { edge = base64decode(module.edge.resources.machine.machine.custom_data), migrate = base64decode(module.compute.resources.migrate.machine.custom_data), api = base64decode(module.compute.resources.scale_set.custom_data) } : [
        for line in [
          "ROLE=${role}", "CLOUD=azure", "RELEASE_SHA256=${var.release_sha256}", "RELEASE_KEY=attendance-1.2.3-x86_64-linux.tar.gz", "BUCKET=releases",
          "STORAGE_ACCOUNT=${module.storage.account_name}", "DOMAIN=attendance.example.org", "CLIENT_ID=${azurerm_user_assigned_identity.this[role].client_id}",
        ] : strcontains(text, line)
      ]
    ]))
    error_message = "a machine is not told its role, identity or release, or the release's hash is not pinned"
  }
  assert {
    condition = alltrue([
      for line in [
        "DATABASE_HOST=${module.database.host}", "MASTER_KEY_SECRET=${output.master_key_secret}", "AUDIT_KEY_SECRET=${output.audit_key_secret}",
        "DNS_ZONE_ID=${module.network.zone_ids["internal"]}", "TRUSTED_PROXIES=10.20.0.0/20", "ATTENDANCE_STORAGE=az://photos",
      ] : strcontains(base64decode(module.compute.resources.scale_set.custom_data), line)
      ]) && alltrue([
      for line in [
        "DATABASE_ADMIN=attendance-migrate", "OWNER_IDENTITY=${azurerm_user_assigned_identity.this["migrate"].principal_id}", "APP_IDENTITY=${azurerm_user_assigned_identity.this["api"].principal_id}",
        "STATS_IDENTITY=${azurerm_user_assigned_identity.this["function"].principal_id}",
      ] : strcontains(base64decode(module.compute.resources.migrate.machine.custom_data), line)
    ])
    error_message = "machines are not told where database, keys and neighbours are"
  }
  assert {
    condition     = !anytrue([for text in [module.edge.resources.machine.machine.custom_data, module.compute.resources.migrate.machine.custom_data] : strcontains(base64decode(text), "MASTER_KEY_SECRET=") || strcontains(base64decode(text), "az://photos")]) && alltrue([for text in [module.edge.resources.machine.machine.custom_data, module.compute.resources.migrate.machine.custom_data, module.compute.resources.scale_set.custom_data] : length(text) < 65536])
    error_message = "machines are told what is not for them, or more than Azure takes"
  }

  # --- the scale set ---

  assert {
    condition     = module.compute.resources.scale_set.upgrade_mode == "Rolling" && module.compute.resources.scale_set.overprovision == false && module.compute.resources.scale_set.rolling_upgrade_policy[0].maximum_surge_instances_enabled && module.compute.resources.scale_set.rolling_upgrade_policy[0].max_unhealthy_upgraded_instance_percent <= 20
    error_message = "a new release must come machine by machine, and stop when it does not get ready"
  }
  assert {
    condition     = one([for extension in module.compute.resources.scale_set.extension : jsondecode(extension.settings) if extension.type == "ApplicationHealthLinux"]) == { protocol = "http", port = 8080, requestPath = "/readyz", intervalInSeconds = 10, numberOfProbes = 3 }
    error_message = "whether a machine is healthy must be asked of the API"
  }
  assert {
    condition     = module.compute.resources.scale_set.automatic_instance_repair[0].enabled && module.compute.resources.scale_set.automatic_instance_repair[0].action == "Replace" && module.compute.resources.scale_set.termination_notification[0].enabled && length(module.compute.resources.scale_set.zones) == 3
    error_message = "machines that are unhealthy must be replaced, and told before they end"
  }
  assert {
    condition     = module.compute.resources.autoscale.profile[0].capacity[0].minimum == 1 && module.compute.resources.autoscale.profile[0].capacity[0].maximum == 2 && toset([for rule in module.compute.resources.autoscale.profile[0].rule : "${rule.metric_trigger[0].metric_name} ${rule.scale_action[0].direction}"]) == toset(["Percentage CPU Increase", "Percentage CPU Decrease"]) && module.compute.resources.autoscale.target_resource_id == module.compute.scale_set_id
    error_message = "machines do not come and go with the load"
  }

  # --- database ---

  assert {
    condition     = module.database.resources.server.public_network_access_enabled == false && module.database.resources.server.delegated_subnet_id == module.network.subnet_ids["database"] && module.database.resources.server.private_dns_zone_id == module.network.zone_ids["database"]
    error_message = "the database is not private"
  }
  assert {
    condition     = module.database.resources.server.authentication[0].active_directory_auth_enabled && module.database.resources.server.authentication[0].password_auth_enabled == false && module.database.resources.server.administrator_password == null && module.database.resources.administrator.object_id == azurerm_user_assigned_identity.this["migrate"].principal_id && module.database.resources.administrator.principal_name == "attendance-migrate" && module.database.resources.administrator.principal_type == "ServicePrincipal"
    error_message = "identities alone may sign in, and the migrate machine's administers"
  }
  assert {
    condition     = alltrue([for name, value in { "require_secure_transport" = "on", "ssl_min_protocol_version" = "TLSv1.3", "log_connections" = "on", "log_disconnections" = "on", "log_parameter_max_length" = "0", "log_parameter_max_length_on_error" = "0" } : module.database.resources.parameters[name].value == value && module.database.resources.parameters[name].name == name])
    error_message = "the database must force TLS, tell who comes and goes, and log no values"
  }
  assert {
    # What the migrations make (where they are beside this folder): an extension that Azure is not told of is refused.
    condition = module.database.resources.parameters["azure.extensions"].value == "BTREE_GIST,PG_TRGM,UNACCENT" && (
      length(fileset("../../migrations", "*/up.sql")) == 0 ||
      toset(flatten([for file in fileset("../../migrations", "*/up.sql") : [for found in regexall("(?i)create extension (?:if not exists )?\"?(\\w+)", file("../../migrations/${file}")) : upper(found[0])]])) == toset(split(",", module.database.resources.parameters["azure.extensions"].value))
    )
    error_message = "the extensions of the migrations are not those that the database allows"
  }
  assert {
    condition     = module.database.resources.server.backup_retention_days == 14 && module.database.resources.server.auto_grow_enabled && module.database.resources.server.geo_redundant_backup_enabled == false && length(module.database.resources.server.high_availability) == 0 && length(module.database.resources.replica) == 0
    error_message = "the database's backups are not as they should be, or there is more of it than was asked for"
  }
  assert {
    condition     = alltrue([for lock in [module.database.resources.lock, module.storage.resources.lock, module.secrets.resources.lock] : lock.lock_level == "CanNotDelete"]) && module.database.resources.lock.scope == module.database.id && module.storage.resources.lock.scope == module.storage.account_id && module.secrets.resources.lock.scope == module.secrets.vault_id
    error_message = "what cannot be made again can be deleted"
  }
  assert {
    # Tests do not see it otherwise, and a lock goes before Terraform makes something anew.
    condition = module.database.id != "" && alltrue([
      for file, type in { "database" = "azurerm_postgresql_flexible_server", "storage" = "azurerm_storage_account", "secrets" = "azurerm_key_vault" } :
      strcontains(regex("resource \"${type}\" \"this\" \\{\\n[\\s\\S]*?\\n\\}", file("../modules/azure/${file}/main.tf")), "\n    prevent_destroy = true\n")
    ])
    error_message = "Terraform itself may delete what cannot be made again"
  }

  # --- storage and keys ---

  assert {
    condition = alltrue([
      for account in [module.storage.resources.account, module.function[0].resources.account, module.observability.resources.flow_account] :
      account.https_traffic_only_enabled && account.min_tls_version == "TLS1_2" && account.infrastructure_encryption_enabled && account.allow_nested_items_to_be_public == false && account.cross_tenant_replication_enabled == false && account.local_user_enabled == false && account.default_to_oauth_authentication && account.network_rules[0].default_action == "Deny" && account.account_replication_type == "ZRS"
    ])
    error_message = "a storage account is open, speaks in the clear, or is in one zone only"
  }
  assert {
    condition     = module.storage.resources.account.shared_access_key_enabled == false && module.function[0].resources.account.shared_access_key_enabled == false && module.storage.resources.account.public_network_access_enabled == false && module.storage.resources.account.network_rules[0].bypass == toset(["None"])
    error_message = "releases and photos can be reached by a key or from the internet"
  }
  assert {
    condition     = toset(keys(module.storage.resources.containers)) == toset(["releases", "photos"]) && alltrue([for container in concat(values(module.storage.resources.containers), [module.function[0].resources.container]) : container.container_access_type == "private"])
    error_message = "containers must be private"
  }
  assert {
    condition     = module.storage.resources.account.blob_properties[0].versioning_enabled && module.storage.resources.account.blob_properties[0].delete_retention_policy[0].days == 6 && module.storage.resources.account.blob_properties[0].container_delete_retention_policy[0].days >= 7 && module.storage.resources.policy.rule[0].enabled && module.storage.resources.policy.rule[0].actions[0].version[0].delete_after_days_since_creation == 0 && module.storage.resources.policy.rule[0].filters[0].prefix_match == toset(["photos/"])
    error_message = "photos that were deleted must be there for six days and gone after seven"
  }
  assert {
    condition     = module.secrets.resources.vault.rbac_authorization_enabled && module.secrets.resources.vault.purge_protection_enabled && module.secrets.resources.vault.soft_delete_retention_days == 90 && module.secrets.resources.vault.public_network_access_enabled == false && module.secrets.resources.vault.network_acls[0].default_action == "Deny" && module.secrets.resources.vault.network_acls[0].bypass == "None"
    error_message = "the vault is open, or what is in it can be lost"
  }
  assert {
    condition     = alltrue([for one in [module.storage.resources.endpoint, module.secrets.resources.endpoint] : one.subnet_id == module.network.subnet_ids["endpoints"] && one.private_service_connection[0].is_manual_connection == false]) && module.storage.resources.endpoint.private_dns_zone_group[0].private_dns_zone_ids == tolist([module.network.zone_ids["blob"]]) && module.secrets.resources.endpoint.private_dns_zone_group[0].private_dns_zone_ids == tolist([module.network.zone_ids["vault"]])
    error_message = "storage and vault have no private address"
  }
  assert {
    # No key is in variables or state: Terraform knows the secrets' addresses and nothing else.
    condition     = module.secrets.vault_id != "" && !anytrue([for file in concat([for name in fileset("..", "modules/azure/**/*.tf") : "../${name}"], tolist(fileset(".", "*.tf"))) : can(regex("resource \"azurerm_key_vault_(secret|key|certificate)\"|administrator_password|admin_password +=", file(file)))])
    error_message = "a secret is made by Terraform and would be in its state"
  }

  # --- who may do what ---

  assert {
    condition     = toset(keys(azurerm_user_assigned_identity.this)) == toset(["edge", "api", "migrate", "function"])
    error_message = "each service must have an identity of its own"
  }
  assert {
    condition     = { for role, one in module.storage.resources.readers : role => "${one.role_definition_name} ${one.scope} ${one.principal_id}" } == { for role in ["edge", "api", "migrate"] : role => "Storage Blob Data Reader ${module.storage.resources.containers["releases"].resource_manager_id} ${azurerm_user_assigned_identity.this[role].principal_id}" }
    error_message = "machines must read releases, and only read them"
  }
  assert {
    condition     = module.storage.resources.writer.role_definition_name == "Storage Blob Data Contributor" && module.storage.resources.writer.scope == module.storage.resources.containers["photos"].resource_manager_id && module.storage.resources.writer.principal_id == azurerm_user_assigned_identity.this["api"].principal_id && length(module.storage.resources.uploader) == 0
    error_message = "the API must write photos, and nobody else"
  }
  assert {
    condition     = module.storage.resources.writer.condition_version == "2.0" && alltrue([for part in ["/write'}", "/delete'}", "/deleteBlobVersion/action'}", "/move/action'}", "StringNotLike 'audit-heads/*'"] : strcontains(module.storage.resources.writer.condition, part)])
    error_message = "heads of the audit's chain can be overwritten or deleted"
  }
  assert {
    condition     = module.secrets.resources.reader.role_definition_name == "Key Vault Secrets User" && module.secrets.resources.reader.scope == module.secrets.vault_id && module.secrets.resources.reader.principal_id == azurerm_user_assigned_identity.this["api"].principal_id
    error_message = "the API must read the keys, and nobody else"
  }
  assert {
    condition = { for name, one in module.compute.resources.assignments : name => "${one.scope} ${one.principal_id} ${one.role_definition_id}" } == {
      register = "${module.network.zone_ids["internal"]} ${azurerm_user_assigned_identity.this["api"].principal_id} ${module.compute.resources.roles["register"].role_definition_resource_id}"
      stop     = "${module.compute.migrate_id} ${azurerm_user_assigned_identity.this["migrate"].principal_id} ${module.compute.resources.roles["stop"].role_definition_resource_id}"
    }
    error_message = "machines may change more of Azure than the zone that they register in and, the one that migrates, itself"
  }
  assert {
    condition     = !anytrue(flatten([for role in values(module.compute.resources.roles) : [for permission in role.permissions : [for action in concat(tolist(permission.actions), tolist(coalesce(permission.data_actions, []))) : strcontains(action, "*")]]])) && alltrue([for role in values(module.compute.resources.roles) : role.assignable_scopes == tolist([azurerm_resource_group.this.id])])
    error_message = "a role allows more than it names, or can be given outside the resource group"
  }
  assert {
    # Whatever else is assigned: nothing at the subscription or the resource group, and no role that rules everything.
    condition = alltrue([
      for one in concat(values(module.storage.resources.readers), values(module.compute.resources.assignments), [module.storage.resources.writer, module.secrets.resources.reader, module.function[0].resources.assignment]) :
      one.scope != azurerm_resource_group.this.id && one.scope != data.azurerm_client_config.current.subscription_id && try(!contains(["Owner", "Contributor", "User Access Administrator"], coalesce(one.role_definition_name)), true)
    ])
    error_message = "a role is given for more than a resource"
  }

  # --- function ---

  assert {
    condition     = module.function[0].resources.app.https_only && module.function[0].resources.app.virtual_network_subnet_id == module.network.subnet_ids["function"] && module.function[0].resources.app.webdeploy_publish_basic_authentication_enabled == false && module.function[0].resources.app.site_config[0].minimum_tls_version == "1.3" && module.function[0].resources.app.site_config[0].scm_ip_restriction_default_action == "Deny" && length(module.function[0].resources.app.site_config[0].scm_ip_restriction) == 0
    error_message = "the function is not in the network, speaks in the clear, or can be deployed to from anywhere"
  }
  assert {
    condition     = module.function[0].resources.app.maximum_instance_count == 40 && module.function[0].resources.app.http_concurrency == 8 && module.function[0].resources.app.app_settings["AzureFunctionsJobHost__extensions__http__maxOutstandingRequests"] == "8" && module.function[0].resources.app.app_settings["AzureFunctionsJobHost__extensions__http__maxConcurrentRequests"] == "4"
    error_message = "the function takes whatever comes"
  }
  assert {
    condition     = module.function[0].resources.app.identity[0].identity_ids == toset([azurerm_user_assigned_identity.this["function"].id]) && module.function[0].resources.app.storage_authentication_type == "UserAssignedIdentity" && module.function[0].resources.app.storage_access_key == null && module.function[0].resources.app.app_settings["DATABASE_AUTH"] == "azure" && module.function[0].resources.app.app_settings["DATABASE_USER"] == "attendance_stats" && module.function[0].resources.app.app_settings["DATABASE_HOST"] == module.database.host && module.function[0].resources.app.app_settings["AZURE_CLIENT_ID"] == azurerm_user_assigned_identity.this["function"].client_id && module.function[0].resources.assignment.scope == module.function[0].resources.account.id && module.function[0].resources.account.network_rules[0].virtual_network_subnet_ids == toset([module.network.subnet_ids["function"]])
    error_message = "the function signs in by something else than its identity, or its storage is open"
  }

  # --- logs and alarms ---

  assert {
    condition = toset(module.observability.alarms) == toset([
      for name in [
        "ApiErrors", "CameraSilent", "ApiSlow", "ApiRestarts", "CertificateExpires", "DatabaseDown", "DatabaseConnections", "DatabaseBusy", "DatabaseDiskFull", "DatabaseWalFull",
        "MachineDiskFull", "EdgeDown", "ApiTooFew", "FunctionErrors", "ApiDown", "SiteDown", "RecognizerDown",
      ] : "attendance-${name}"
    ])
    error_message = "alarms are not those that docs/OPERATIONS.md has entries for"
  }
  assert {
    condition = alltrue(flatten([
      [for alarm in concat(values(module.observability.resources.metrics), [module.observability.resources.page]) : [for action in alarm.action : action.action_group_id == module.observability.resources.mail.id]],
      [for alarm in values(module.observability.resources.queries) : alarm.action[0].action_groups == tolist([module.observability.resources.mail.id])],
      [for alarm in values(module.observability.resources.metrics) : length(alarm.action) == 1],
    ])) && module.observability.resources.mail.email_receiver[0].email_address == "it@example.org"
    error_message = "an alarm tells nobody"
  }
  assert {
    condition = { for name, alarm in module.observability.resources.metrics : name => "${alarm.criteria[0].metric_name} ${alarm.criteria[0].operator} ${alarm.criteria[0].threshold}" } == {
      DatabaseBusy        = "cpu_percent GreaterThan 80"
      DatabaseDiskFull    = "storage_percent GreaterThan 80"
      DatabaseWalFull     = "txlogs_storage_used GreaterThan ${32 * 1073741824 / 5}"
      DatabaseConnections = "active_connections GreaterThan 40"
      DatabaseDown        = "is_db_alive LessThan 1"
      EdgeDown            = "VmAvailabilityMetric LessThan 1"
    }
    error_message = "alarms of the database and the edge sound too late or never"
  }
  assert {
    condition = alltrue([for name, part in {
      ApiErrors       = "status >= 500", ApiSlow = "percentile(seconds, 95)", ApiDown = "answered == 0", ApiTooFew = "machines < 1"
      MachineDiskFull = "used > 80", CertificateExpires = "entry.logger startswith \"tls\"", ApiRestarts = "attendance-api.service: Scheduled restart"
      RecognizerDown  = "attendance-recognizer.service: Scheduled restart", FunctionErrors = "FunctionAppLogs", CameraSilent = "a feed has fallen silent"
    } : strcontains(module.observability.resources.queries[name].criteria[0].query, part) && module.observability.resources.queries[name].scopes == tolist([module.observability.workspace_id]) && module.observability.resources.queries[name].criteria[0].threshold == 0 && module.observability.resources.queries[name].criteria[0].operator == "GreaterThan"])
    error_message = "an alarm looks at something else than it says"
  }
  assert {
    condition     = length(module.observability.alarms) > 0 && strcontains(file("../../api/src/domain/attendance/closing.rs"), "a feed has fallen silent") && strcontains(file("../../deploy/bin/attendance-machine"), "attendance-recognizer.service")
    error_message = "an alarm waits for what nobody says"
  }
  assert {
    condition     = alltrue([for text in [module.edge.resources.machine.machine.custom_data, module.compute.resources.migrate.machine.custom_data, module.compute.resources.scale_set.custom_data] : contains(yamldecode(base64decode(text)).packages, "rsyslog") && anytrue([for file in yamldecode(base64decode(text)).write_files : strcontains(file.content, "ForwardToSyslog=yes")])])
    error_message = "the agent for logs gets nothing: the journal does not reach it"
  }
  assert {
    # Groups of Debian: a user of such a name is not made.
    condition     = alltrue([for machine in [module.edge.resources.machine.machine, module.compute.resources.migrate.machine, module.compute.resources.scale_set] : machine.admin_username == "attendance" && one(machine.admin_ssh_key).username == machine.admin_username])
    error_message = "the account that Azure demands is not made"
  }
  assert {
    condition     = module.observability.resources.probe.request[0].url == "https://attendance.example.org/api/v1/health" && module.observability.resources.probe.enabled && length(module.observability.resources.probe.geo_locations) == 3 && module.observability.resources.page.application_insights_web_test_location_availability_criteria[0].failed_location_count == 2
    error_message = "nobody looks from outside whether the page is there"
  }
  assert {
    condition     = module.observability.resources.workspace.retention_in_days == 30 && module.observability.resources.workspace.local_authentication_enabled == false && module.observability.resources.workspace.daily_quota_gb > 0
    error_message = "logs are not kept as long as was asked for, or without bounds"
  }
  assert {
    condition     = { for role, one in module.observability.resources.associations : role => one.target_resource_id } == { edge = module.edge.machine_id, migrate = module.compute.migrate_id, api = module.compute.scale_set_id } && module.observability.resources.rule.data_sources[0].syslog[0].streams == tolist(["Microsoft-Syslog"]) && contains(module.observability.resources.rule.data_sources[0].performance_counter[0].counter_specifiers, "Logical Disk(*)\\% Used Space")
    error_message = "a machine's logs or disks are not told of"
  }
  assert {
    condition     = alltrue([for agent in [module.edge.resources.machine.agent, module.compute.resources.migrate.agent, one([for extension in module.compute.resources.scale_set.extension : extension if extension.name == "logs"])] : agent.type == "AzureMonitorLinuxAgent" && agent.publisher == "Microsoft.Azure.Monitor" && jsondecode(agent.settings).authentication.managedIdentity.identifier-name == "mi_res_id"])
    error_message = "a machine has no agent for its logs"
  }
  assert {
    condition     = alltrue([for logs in [module.database.resources.logs, module.storage.resources.logs, module.secrets.resources.logs] : logs.log_analytics_workspace_id == module.observability.workspace_id]) && toset(flatten([for logs in [module.database.resources.logs, module.storage.resources.logs, module.secrets.resources.logs] : [for log in logs.enabled_log : log.category]])) == toset(["PostgreSQLLogs", "StorageWrite", "StorageDelete", "AuditEvent"])
    error_message = "database, storage or vault say nothing of who did what"
  }
  assert {
    condition     = length(jsondecode(module.observability.resources.dashboard.dashboard_properties).lenses["0"].parts) == 8 && length(module.observability.resources.budget) == 0
    error_message = "the dashboard is not complete, or there is a budget of nothing"
  }

  # --- outputs ---

  assert {
    condition     = output.url == "https://attendance.example.org" && output.edge_address == module.edge.resources.public_ip.ip_address && output.api_group == "attendance-api" && output.bucket == module.storage.account_name && output.release_path == "releases/attendance-1.2.3-x86_64-linux.tar.gz" && startswith(output.function_url, "https://") && output.database_host == module.database.host && strcontains(output.dashboard_url, "/dashboard/arm")
    error_message = "an output leads elsewhere"
  }
  assert {
    condition     = output.cost_per_day.usd == jsondecode(file("../cost.json")).azure.small.per_day && output.cost_per_day.service_every_frame > 0 && output.master_key_secret == "https://${module.secrets.resources.vault.name}.vault.azure.net/secrets/master-key" && output.audit_key_secret == "https://${module.secrets.resources.vault.name}.vault.azure.net/secrets/audit-key"
    error_message = "cost or addresses of the keys are missing"
  }
  assert {
    condition     = alltrue([for name in [module.storage.account_name, module.function[0].resources.account.name, module.observability.resources.flow_account.name] : can(regex("^[a-z0-9]{3,24}$", name))]) && can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", module.secrets.resources.vault.name)) && can(regex("^[a-z][a-z0-9-]{1,61}[a-z0-9]$", module.database.resources.server.name)) && length(module.function[0].resources.app.name) <= 32
    error_message = "a name is not one that Azure takes"
  }
}
