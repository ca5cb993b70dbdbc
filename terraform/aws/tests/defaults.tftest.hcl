# The system as it comes, with nothing set but what has no default. One apply against invented answers, and what a
# reviewer would look for, line by line.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain             = "attendance.example.org"
  acme_email         = "it@example.org"
  alarm_email        = "it@example.org"
  release_version    = "1.2.3"
  release_sha256     = "87d10daa428b54eaa19cdd898cfed8107797ad77c4e1363ee53dc09f66ea85fe"
  function_sha256    = "f03a6bad123a8b89e0d05c8d9b9a585da7034e41164b8c6568534fe64d0af999"
  release_public_key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
}

run "as_it_comes" {
  # --- what there is: the lines below look at these resources and could not see others ---

  assert {
    condition = module.network.vpc_id != null && [for type, all in { for type in flatten([for file in concat([for name in fileset(".", "*.tf") : name], [for name in fileset("..", "modules/aws/**/*.tf") : "../${name}"]) : flatten(regexall("(?m)^resource \"([a-z0-9_]+)\"", file(file)))]) : type => type... if can(regex("security_group|_rule$|_iam_|_key_pair|_instance|_template|_s3_bucket|_subnet|_route|_gateway$|_eip$|_lambda_|_peering|_secretsmanager", type)) } : "${type} ${length(all)}"] == [
      "aws_apigatewayv2_route 1",
      "aws_db_instance 2",
      "aws_db_subnet_group 1",
      "aws_default_security_group 1",
      "aws_eip 2",
      "aws_iam_instance_profile 1",
      "aws_iam_role 5",
      "aws_iam_role_policy 5",
      "aws_instance 2",
      "aws_internet_gateway 1",
      "aws_lambda_function 1",
      "aws_lambda_permission 1",
      "aws_launch_template 1",
      "aws_lb_listener_rule 1",
      "aws_nat_gateway 1",
      "aws_route 2",
      "aws_route53_health_check 1",
      "aws_route53_record 1",
      "aws_route_table 3",
      "aws_route_table_association 3",
      "aws_s3_bucket 1",
      "aws_s3_bucket_lifecycle_configuration 1",
      "aws_s3_bucket_logging 1",
      "aws_s3_bucket_object_lock_configuration 1",
      "aws_s3_bucket_ownership_controls 1",
      "aws_s3_bucket_policy 1",
      "aws_s3_bucket_public_access_block 1",
      "aws_s3_bucket_replication_configuration 1",
      "aws_s3_bucket_server_side_encryption_configuration 1",
      "aws_s3_bucket_versioning 1",
      "aws_secretsmanager_secret 2",
      "aws_secretsmanager_secret_version 1",
      "aws_security_group 1",
      "aws_subnet 3",
      "aws_vpc_security_group_egress_rule 1",
      "aws_vpc_security_group_ingress_rule 1",
    ]
    error_message = "there is a resource that no test looks at: look at it, then count it here"
  }

  # --- network ---

  assert {
    condition     = sort(module.network.resources.subnets[*].cidr_block) == sort(["10.20.0.0/24", "10.20.1.0/24", "10.20.16.0/24", "10.20.17.0/24", "10.20.32.0/24", "10.20.33.0/24"])
    error_message = "subnets are not cut from network_cidr as they should be"
  }
  assert {
    condition     = alltrue([for subnet in module.network.resources.subnets : subnet.map_public_ip_on_launch == false])
    error_message = "a subnet gives public addresses to whatever is in it"
  }
  assert {
    condition     = alltrue([for rules in [module.network.resources.default_group.ingress, module.network.resources.default_group.egress] : length(rules == null ? [] : rules) == 0])
    error_message = "the default security group is not empty"
  }
  assert {
    condition     = alltrue([for route in module.network.resources.private_routes : route.gateway_id == null && route.nat_gateway_id == module.network.resources.nat[0].id && route.destination_cidr_block == "0.0.0.0/0"])
    error_message = "private subnets must reach the internet through NAT alone"
  }
  assert {
    condition     = module.network.resources.public_route.gateway_id != null && module.network.resources.public_route.nat_gateway_id == null
    error_message = "the public subnets have no internet gateway"
  }
  assert {
    condition     = alltrue([for table in module.network.resources.database_tables : table.route_table_id == module.network.resources.database_table.id]) && !contains(concat([module.network.resources.public_route.route_table_id], module.network.resources.private_routes[*].route_table_id), module.network.resources.database_table.id)
    error_message = "the database's subnets have a way out"
  }
  assert {
    condition     = module.network.resources.flow_log.traffic_type == "ALL" && module.network.resources.flow_log.vpc_id == module.network.vpc_id && module.network.resources.flow_log.log_destination == module.network.resources.log_groups[0].arn
    error_message = "flow logs must tell of all traffic"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(module.network.resources.endpoint.policy).Statement : alltrue([for resource in statement.Resource : startswith(resource, "arn:aws:s3:::attendance-")])])
    error_message = "the endpoint of S3 leads to other people's buckets"
  }

  # --- who may reach whom: what ports.json says, and nothing else ---

  assert {
    condition = toset([for rule in values(module.firewall.resources.ingress) : "${rule.security_group_id} ${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id)} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset([
      for flow in jsondecode(file("../ports.json")).flows : "${module.firewall.group_ids[flow.to]} ${flow.from == "internet" ? "0.0.0.0/0" : module.firewall.group_ids[flow.from]} ${flow.protocol} ${flow.port}-${flow.port}" if flow.to != "internet"
    ])
    error_message = "rules for what comes in are not what ports.json says"
  }
  assert {
    condition = toset([for rule in values(module.firewall.resources.egress) : "${rule.security_group_id} ${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id)} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset([
      for flow in jsondecode(file("../ports.json")).flows : "${module.firewall.group_ids[flow.from]} ${flow.to == "internet" ? "0.0.0.0/0" : module.firewall.group_ids[flow.to]} ${flow.protocol} ${flow.port}-${flow.port}" if flow.from != "internet"
    ])
    error_message = "rules for what goes out are not what ports.json says"
  }
  assert {
    condition     = toset([for rule in values(module.firewall.resources.ingress) : "${rule.security_group_id} ${rule.to_port}" if rule.cidr_ipv4 != null || rule.cidr_ipv6 != null || rule.prefix_list_id != null]) == toset(["${module.firewall.group_ids["edge"]} 443", "${module.firewall.group_ids["edge"]} 80"])
    error_message = "addresses may reach the edge on 443 and 80 and nothing else; all other rules name groups"
  }
  assert {
    condition     = alltrue([for rule in values(module.firewall.resources.ingress) : rule.from_port == rule.to_port && !contains([22, 3389], rule.to_port)])
    error_message = "there must be no way in by SSH"
  }
  assert {
    condition     = alltrue([for group in values(module.firewall.resources.groups) : length(coalesce(group.ingress, [])) == 0 && length(coalesce(group.egress, [])) == 0])
    error_message = "a group has rules of its own besides those of ports.json"
  }

  # --- machines ---

  assert {
    condition     = alltrue([for machine in [module.edge.resources.instance, module.migrate.resources.instance, module.compute.resources.template] : machine.metadata_options[0].http_tokens == "required" && machine.metadata_options[0].http_put_response_hop_limit == 1 && machine.metadata_options[0].http_endpoint == "enabled"])
    error_message = "machines must ask for IMDSv2 with a hop limit of 1"
  }
  assert {
    condition     = alltrue([for disk in [module.edge.resources.instance.root_block_device[0], module.migrate.resources.instance.root_block_device[0], module.compute.resources.template.block_device_mappings[0].ebs[0]] : tobool(disk.encrypted) && disk.kms_key_id == module.secrets.key_arn])
    error_message = "a disk is not encrypted with our key"
  }
  assert {
    condition     = module.edge.resources.volume.encrypted && module.edge.resources.volume.kms_key_id == module.secrets.key_arn && module.edge.resources.volume.availability_zone == module.network.resources.subnets[0].availability_zone && module.edge.resources.instance.subnet_id == module.network.resources.subnets[0].id && module.edge.resources.attached.volume_id == module.edge.resources.volume.id && module.edge.resources.attached.instance_id == module.edge.instance_id && module.edge.resources.attached.stop_instance_before_detaching && strcontains(module.edge.resources.user_data, "CERTIFICATE_DISK=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${replace(module.edge.resources.volume.id, "-", "")}")
    error_message = "certificates must be on an encrypted disk of their own that goes from edge to edge"
  }
  assert {
    condition     = module.compute.resources.template.block_device_mappings[0].device_name == "/dev/xvda"
    error_message = "the encrypted disk must be the image's root disk"
  }
  assert {
    condition     = module.migrate.resources.instance.associate_public_ip_address == false && alltrue([for interface in module.compute.resources.template.network_interfaces : tobool(interface.associate_public_ip_address) == false])
    error_message = "a private machine has a public address"
  }
  assert {
    condition     = contains(module.network.private_subnet_ids, module.migrate.resources.instance.subnet_id) && toset(module.compute.resources.group.vpc_zone_identifier) == toset(module.network.private_subnet_ids) && contains(module.network.public_subnet_ids, module.edge.resources.instance.subnet_id)
    error_message = "a machine is in the wrong subnet"
  }
  assert {
    condition     = toset(module.edge.resources.instance.vpc_security_group_ids) == toset([module.firewall.group_ids["edge"]]) && toset(module.migrate.resources.instance.vpc_security_group_ids) == toset([module.firewall.group_ids["migrate"]]) && toset(module.compute.resources.template.network_interfaces[0].security_groups) == toset([module.firewall.group_ids["api"]])
    error_message = "a machine is in the wrong security group"
  }
  assert {
    condition     = alltrue([for machine in [module.edge.resources.instance, module.migrate.resources.instance, module.compute.resources.template] : coalesce(machine.key_name, "none") == "none"])
    error_message = "a machine has a key for SSH"
  }
  assert {
    condition     = module.edge.resources.instance.iam_instance_profile == "attendance-edge" && module.migrate.resources.instance.iam_instance_profile == "attendance-migrate" && module.compute.resources.template.iam_instance_profile[0].name == "attendance-api"
    error_message = "each kind of machine has a role of its own"
  }
  assert {
    condition     = alltrue([for text in [module.edge.resources.user_data, module.migrate.resources.user_data, module.compute.resources.user_data] : strcontains(text, "RELEASE_SHA256=${var.release_sha256}") && strcontains(text, "RELEASE_KEY=releases/attendance-1.2.3-x86_64-linux.tar.gz") && strcontains(text, "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")])
    error_message = "the release's hash and the public key must be pinned in what machines are told"
  }
  assert {
    condition     = module.compute.resources.template.user_data == base64gzip(module.compute.resources.user_data)
    error_message = "the launch template does not tell what was pinned"
  }
  assert {
    condition     = module.edge.resources.instance.user_data_replace_on_change && module.migrate.resources.instance.user_data_replace_on_change && module.migrate.resources.instance.instance_initiated_shutdown_behavior == "stop"
    error_message = "a new release must make a new edge and a new machine that migrates, which stops itself"
  }
  assert {
    condition     = !anytrue([for text in [module.edge.resources.user_data, module.migrate.resources.user_data, module.compute.resources.user_data] : can(regex("(?i)password|BEGIN [A-Z ]*PRIVATE", text))])
    error_message = "machines are told a secret"
  }
  assert {
    condition     = alltrue([for name in ["DATABASE_HOST", "DATABASE_NAME", "MASTER_KEY_SECRET", "AUDIT_KEY_SECRET", "TRUSTED_PROXIES=10.20.0.0/24,10.20.1.0/24", "CLOUD_MAP_SERVICE", "INTERNAL_ZONE=attendance.internal", "GROUP=attendance-api", "LAUNCH_HOOK=healthy", "LOG_GROUP=/attendance/machines", "REGION=eu-central-1"] : strcontains(module.compute.resources.user_data, name)]) && strcontains(module.edge.resources.user_data, "ACME_EMAIL=it@example.org") && strcontains(module.migrate.resources.user_data, "DATABASE_ADMIN_SECRET=${module.database.admin_secret_arn}")
    error_message = "machines are not told what their programs need"
  }

  # --- rolling replacement ---

  assert {
    condition     = module.compute.resources.group.instance_refresh[0].strategy == "Rolling" && module.compute.resources.group.instance_refresh[0].preferences[0].min_healthy_percentage == 100 && module.compute.resources.group.instance_refresh[0].preferences[0].max_healthy_percentage == 110 && module.compute.resources.group.instance_refresh[0].preferences[0].auto_rollback && contains(module.compute.resources.group.instance_refresh[0].preferences[0].alarm_specification[0].alarms, "attendance-ApiErrors")
    error_message = "a release must replace machines one after the other, none before another is healthy, and go back when requests fail"
  }
  assert {
    condition     = module.compute.resources.group.launch_template[0].version == tostring(module.compute.resources.template.latest_version)
    error_message = "the group must follow the launch template's newest version"
  }
  assert {
    condition     = one(module.compute.resources.group.initial_lifecycle_hook).default_result == "ABANDON" && one(module.compute.resources.group.initial_lifecycle_hook).lifecycle_transition == "autoscaling:EC2_INSTANCE_LAUNCHING"
    error_message = "a machine must not count before it says that it is healthy"
  }
  assert {
    condition     = module.compute.resources.group.min_size == 1 && module.compute.resources.group.max_size == 2 && module.compute.resources.template.instance_type == "c6a.large"
    error_message = "the profile small is not what profiles.json says"
  }

  # --- rights ---

  assert {
    condition = toset(flatten([for role, policy in output.role_policies : [for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : "${role} ${action}"] if statement.Effect == "Allow" && contains(flatten([statement.Resource]), "*")]])) == toset([
      "function ec2:DescribeNetworkInterfaces", # these two know no resources
      "function ec2:DescribeSubnets",
    ])
    error_message = "a role may do something to everything"
  }
  assert {
    condition     = !anytrue(flatten([for policy in values(output.role_policies) : [for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : strcontains(action, "*")]]]))
    error_message = "a role's actions must be named one by one"
  }
  assert {
    condition     = !anytrue(flatten([for policy in values(output.role_policies) : [for statement in jsondecode(policy).Statement : [contains(keys(statement), "NotAction"), contains(keys(statement), "NotResource"), contains(keys(statement), "NotPrincipal")]]]))
    error_message = "a role may do all but something"
  }
  assert {
    condition     = alltrue(flatten([for policy in values(output.role_policies) : [for statement in jsondecode(policy).Statement : [for resource in flatten([statement.Resource]) : strcontains(resource, "/photos/")] if statement.Effect == "Allow" && anytrue([for action in flatten([statement.Action]) : can(regex("^s3:(Put|Delete|Replicate|Restore|Abort)", action))])]]))
    error_message = "a role may write outside photos/: releases would not be safe"
  }
  assert {
    condition = [for statement in jsondecode(module.storage.resources.policies.data).Statement : [statement.Effect, statement.Principal, statement.Action, endswith(statement.Resource, "/releases/*"), statement.Condition] if can(statement.Condition.ArnEquals)] == [
      ["Deny", "*", ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:PutObjectTagging"], true, { ArnEquals = { "aws:PrincipalArn" = [for role in ["edge", "api", "migrate", "function"] : "arn:aws:iam::111122223333:role/attendance-${role}"] } }]
    ]
    error_message = "the bucket must refuse releases from every service's role"
  }
  assert {
    condition = toset(flatten([for role, policy in output.role_policies : [for statement in jsondecode(policy).Statement : [for resource in statement.Resource : "${role} ${element(split("/", resource), -1)}"] if contains(flatten([statement.Action]), "rds-db:connect")]])) == toset([
      "api attendance_app", "migrate attendance_owner", "function attendance_stats",
    ])
    error_message = "each service signs in to the database as its own role and no other"
  }
  assert {
    condition     = toset([for role, policy in output.role_policies : role if strcontains(policy, "secretsmanager:GetSecretValue")]) == toset(["api", "migrate"]) && !strcontains(output.role_policies.migrate, module.secrets.master_key_arn) && !strcontains(output.role_policies.api, module.database.admin_secret_arn)
    error_message = "the API reads the two keys, the machine that migrates the administrator's password, and nobody else anything"
  }
  assert {
    condition     = anytrue([for statement in jsondecode(output.role_policies.api).Statement : statement.Effect == "Deny" && contains(statement.Action, "s3:DeleteObject") && strcontains(jsonencode(statement.Resource), "photos/audit-heads/*")])
    error_message = "the API must not delete heads of the audit chain"
  }
  assert {
    condition     = !anytrue([for policy in values(output.role_policies) : strcontains(policy, "ssm:")])
    error_message = "without the agent nobody needs rights to Session Manager"
  }

  # --- database ---

  assert {
    condition     = module.database.resources.database.storage_encrypted && module.database.resources.database.kms_key_id == module.secrets.key_arn
    error_message = "the database is not encrypted with our key"
  }
  assert {
    condition     = module.database.resources.database.publicly_accessible == false && toset(module.database.resources.subnet_group.subnet_ids) == toset(module.network.database_subnet_ids) && module.database.resources.database.db_subnet_group_name == module.database.resources.subnet_group.name
    error_message = "the database must be private, in its own subnets"
  }
  assert {
    condition     = toset(module.database.resources.database.vpc_security_group_ids) == toset([module.firewall.group_ids["database"]])
    error_message = "the database is in the wrong security group"
  }
  assert {
    condition     = module.database.resources.parameters["rds.force_ssl"] == "1" && module.database.resources.database.parameter_group_name == module.database.resources.group
    error_message = "the database must refuse connections without TLS"
  }
  assert {
    condition     = module.database.resources.parameters["log_parameter_max_length"] == "0" && module.database.resources.parameters["log_error_verbosity"] == "terse"
    error_message = "the database's logs hold people's data"
  }
  assert {
    condition     = module.database.resources.database.iam_database_authentication_enabled == true && module.database.resources.database.manage_master_user_password == true && module.database.resources.no_password
    error_message = "sign-in is by cloud identity, and no password stands in the state"
  }
  assert {
    condition     = module.database.resources.database.backup_retention_period == 14 && module.database.resources.database.delete_automated_backups == false
    error_message = "the database cannot be brought back to the last two weeks"
  }
  assert {
    condition     = module.database.resources.database.deletion_protection == true && module.database.resources.database.skip_final_snapshot == false && module.database.resources.database.final_snapshot_identifier != null
    error_message = "the database can be deleted without a trace"
  }
  assert {
    condition     = toset(module.database.resources.database.enabled_cloudwatch_logs_exports) == toset(["postgresql", "upgrade"]) && module.database.resources.database.performance_insights_enabled && module.database.resources.database.monitoring_interval == 60 && module.database.resources.database.auto_minor_version_upgrade
    error_message = "the database's logs and measurements do not come out, or it is not kept up to date"
  }
  assert {
    condition     = length(module.database.resources.replica) == 0 && module.database.resources.database.multi_az == false
    error_message = "the profile small pays for a replica or a standby"
  }

  # --- storage and secrets ---

  assert {
    condition     = alltrue([for kind in ["data", "audit", "logs"] : module.storage.resources.public_access[kind].block_public_acls && module.storage.resources.public_access[kind].block_public_policy && module.storage.resources.public_access[kind].ignore_public_acls && module.storage.resources.public_access[kind].restrict_public_buckets])
    error_message = "a bucket can be made public"
  }
  assert {
    condition     = alltrue([for kind in ["data", "audit", "logs"] : module.storage.resources.versioning[kind].versioning_configuration[0].status == "Enabled" && module.storage.resources.ownership[kind].rule[0].object_ownership == "BucketOwnerEnforced" && module.storage.resources.buckets[kind].force_destroy == false])
    error_message = "a bucket keeps no versions, has access lists, or goes away with what is in it"
  }
  assert {
    condition     = alltrue([for kind in ["data", "audit", "logs"] : anytrue([for statement in jsondecode(module.storage.resources.policies[kind]).Statement : statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false" && length(statement.Resource) == 2])])
    error_message = "a bucket can be read without TLS"
  }
  assert {
    condition     = alltrue([for kind in ["data", "audit"] : one(one(module.storage.resources.encryption[kind].rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms" && one(one(module.storage.resources.encryption[kind].rule).apply_server_side_encryption_by_default).kms_master_key_id == module.secrets.key_arn])
    error_message = "a bucket is not encrypted with our key"
  }
  assert {
    condition     = one([for rule in module.storage.resources.lifecycle["data"].rule : rule.noncurrent_version_expiration[0].noncurrent_days if rule.id == "photos"]) == 7 && one([for rule in module.storage.resources.lifecycle["data"].rule : rule.filter[0].prefix if rule.id == "photos"]) == "photos/"
    error_message = "erased photos must be gone after seven days"
  }
  assert {
    condition     = module.storage.resources.buckets["audit"].object_lock_enabled && module.storage.resources.lock.rule[0].default_retention[0].days == 400 && module.storage.resources.replication.rule[0].filter[0].prefix == "photos/audit-heads/" && module.storage.resources.replication.rule[0].destination[0].bucket == module.storage.resources.buckets["audit"].arn && module.storage.resources.replication.rule[0].delete_marker_replication[0].status == "Disabled"
    error_message = "heads of the audit chain must be copied to where they cannot be changed"
  }
  assert {
    condition     = alltrue([for kind in ["data", "audit"] : module.storage.resources.logging[kind].target_bucket == module.storage.resources.buckets["logs"].id])
    error_message = "accesses to a bucket are not logged"
  }
  assert {
    condition     = module.secrets.resources.key.enable_key_rotation && module.secrets.resources.key.deletion_window_in_days == 30 && alltrue([for secret in values(module.secrets.resources.secrets) : secret.kms_key_id == module.secrets.key_arn && secret.recovery_window_in_days == 30])
    error_message = "the key does not rotate, or a secret is not under it"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(module.secrets.resources.key.policy).Statement : statement.Principal != { AWS = "*" } || try(statement.Condition.StringEquals["kms:CallerAccount"], "") == "111122223333" && can(statement.Condition.StringEquals["kms:ViaService"])])
    error_message = "other accounts may use the key"
  }

  # --- function ---

  assert {
    condition     = module.function[0].resources.function.s3_key == "releases/attendance-function-1.2.3-aws.zip" && module.function[0].resources.function.source_code_hash == "8DprrRI6i4ng0FyNm5pYXacDTkEWS4xlaFNP5k0K+Zk="
    error_message = "the function's archive is not the one whose hash was given"
  }
  assert {
    condition     = toset(module.function[0].resources.function.vpc_config[0].subnet_ids) == toset(module.network.private_subnet_ids) && toset(module.function[0].resources.function.vpc_config[0].security_group_ids) == toset([module.firewall.group_ids["function"]])
    error_message = "the function must run in the private subnets, in its own group"
  }
  assert {
    condition     = module.function[0].resources.stage.default_route_settings[0].throttling_rate_limit <= 10 && module.function[0].resources.stage.default_route_settings[0].throttling_burst_limit <= 20 && module.function[0].resources.stage.access_log_settings[0].destination_arn != null
    error_message = "the function must be throttled and its calls logged"
  }
  assert {
    condition     = { for route in values(module.function[0].resources.routes) : route.route_key => route.authorization_type } == { "GET /health" = "NONE", "GET /people/count" = "AWS_IAM" }
    error_message = "health is public, the number of people is not"
  }
  assert {
    condition = module.function[0].resources.function.kms_key_arn == module.secrets.key_arn && module.function[0].resources.function.environment[0].variables == tomap({
      DATABASE_AUTH = "aws"
      DATABASE_HOST = module.database.host
      DATABASE_NAME = "attendance"
      DATABASE_USER = "attendance_stats"
      PGSSLROOTCERT = "https://truststore.pki.rds.amazonaws.com/eu-central-1/eu-central-1-bundle.pem"
    })
    error_message = "the function must sign in by its role, over TLS that is checked"
  }

  # --- watching ---

  assert {
    condition = toset(keys(module.observability.resources.alarms)) == toset([
      "ApiErrors", "CameraSilent", "ApiSlow", "ApiRestarts", "RecognizerDown", "CertificateExpires", "MachineDiskFull", "ApiDown", "ApiTooFew", "EdgeDown",
      "DatabaseBusy", "DatabaseDiskFull", "DatabaseWalFull", "DatabaseConnections", "DatabaseDown", "FunctionErrors", "SiteDown",
    ])
    error_message = "an alarm is missing, or has no line here"
  }
  assert {
    condition     = alltrue([for alarm in values(module.observability.resources.alarms) : length(alarm.alarm_actions) == 1 && length(setsubtract(alarm.alarm_actions, module.observability.resources.topics)) == 0 && alarm.alarm_actions == alarm.ok_actions && coalesce(alarm.actions_enabled, true)])
    error_message = "an alarm tells nobody"
  }
  assert {
    condition     = alltrue([for subscription in module.observability.resources.subscriptions : subscription.protocol == "email" && subscription.endpoint == "it@example.org" && contains(module.observability.resources.topics, subscription.topic_arn)]) && length(module.observability.resources.subscriptions) == length(module.observability.resources.topics)
    error_message = "alarms are not mailed"
  }
  assert {
    condition     = module.observability.resources.alarms["MachineDiskFull"].threshold == 80 && module.observability.resources.alarms["MachineDiskFull"].treat_missing_data == "breaching" && module.observability.resources.alarms["ApiDown"].treat_missing_data == "breaching" && module.observability.resources.alarms["SiteDown"].treat_missing_data == "breaching" && module.observability.resources.alarms["DatabaseDown"].treat_missing_data == "breaching" && module.observability.resources.alarms["DatabaseDiskFull"].threshold == 4 * 1073741824 && module.observability.resources.alarms["DatabaseConnections"].threshold == 160
    error_message = "an alarm is at another value, or takes silence for good news"
  }
  assert {
    condition     = module.observability.resources.alarms["EdgeDown"].dimensions.InstanceId == module.edge.instance_id && module.observability.resources.alarms["ApiDown"].dimensions.AutoScalingGroupName == module.compute.group && module.observability.resources.alarms["DatabaseBusy"].dimensions.DBInstanceIdentifier == module.database.identifier
    error_message = "an alarm watches something else"
  }
  assert {
    condition     = length(setsubtract([for alarm in values(module.observability.resources.alarms) : alarm.metric_name if alarm.namespace == "Attendance/attendance"], keys(module.observability.resources.filters))) == 0 && length(setsubtract(flatten([for query in module.observability.resources.alarms["ApiErrors"].metric_query : query.metric[*].metric_name]), keys(module.observability.resources.filters))) == 0
    error_message = "an alarm waits for a metric that no filter makes"
  }
  assert {
    # What filters look for is what programs say.
    condition = alltrue([for filter, said in {
      disk_used      = { words = "disk_used_percent", by = "deploy/lib/machine/disks.py" }
      feeds_silent   = { words = "a feed has fallen silent", by = "api/src/domain/attendance/closing.rs" }
      api_restarts   = { words = "attendance-api.service", by = "deploy/bin/attendance-machine" }
      recognizer_bad = { words = "attendance-recognizer.service", by = "deploy/bin/attendance-machine" }
    } : strcontains(module.observability.resources.filters[filter].pattern, said.words) && strcontains(file("../../${said.by}"), said.words)])
    error_message = "a filter looks for what nobody says"
  }
  assert {
    condition     = contains(module.observability.resources.events.event_categories, "failover") && contains(module.observability.resources.events.event_categories, "failure") && module.observability.resources.topic.kms_master_key_id == module.secrets.key_arn
    error_message = "a failover of the database goes unsaid, or the topic is not encrypted"
  }
  assert {
    condition     = length(module.observability.resources.dashboard.widgets) == 11 && length(module.observability.resources.dashboard.widgets[0].properties.alarms) >= 16
    error_message = "the dashboard does not show everything"
  }
  assert {
    condition     = alltrue([for group in concat(module.network.resources.log_groups, module.database.resources.log_groups, module.function[0].resources.log_groups, module.observability.resources.log_groups) : group.retention_in_days == 30 && group.kms_key_id == module.secrets.key_arn])
    error_message = "a log is kept for ever, or not encrypted"
  }
  assert {
    condition     = length(module.observability.resources.budget) == 0
    error_message = "there is a budget that nobody asked for"
  }

  # --- outputs ---

  assert {
    condition     = output.url == "https://attendance.example.org" && output.edge_address == module.edge.address && output.release_path == "s3://${output.bucket}/releases/attendance-1.2.3-x86_64-linux.tar.gz" && output.database_host == module.database.host && output.api_group == "attendance-api" && output.master_key_secret == module.secrets.master_key_arn && startswith(output.dashboard_url, "https://eu-central-1.console.aws.amazon.com/")
    error_message = "an output does not say what it should"
  }
  assert {
    condition     = output.cost_per_day.usd == jsondecode(file("../cost.json")).aws.small.per_day + jsondecode(file("../cost.json")).aws.small.options.function && output.cost_per_day.usd < output.cost_per_day.service_every_frame
    error_message = "the estimate leaves something out, or this system costs more than a service that is paid by the frame"
  }
}
