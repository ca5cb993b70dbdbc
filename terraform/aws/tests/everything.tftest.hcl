# Everything that can be switched on, in the large profile, with names, ranges and a release of one's own.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                  = "school"
  region                = "eu-west-1"
  domain                = "school.example.org"
  dns_zone_id           = "Z0123456789ABCDEFGHIJ"
  acme_email            = "it@example.org"
  alarm_email           = "it@example.org"
  network_cidr          = "10.64.0.0/18"
  public_subnet_cidrs   = ["10.64.0.0/24", "10.64.1.0/24"]
  private_subnet_cidrs  = ["10.64.8.0/22", "10.64.12.0/22"]
  database_subnet_cidrs = ["10.64.2.0/28", "10.64.2.16/28"]
  profile               = "large"
  waf                   = true
  certificate_arn       = "arn:aws:acm:eu-west-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef"
  database_replica      = true
  backup_days           = 35
  monthly_budget        = 1500
  log_days              = 365
  release_folder        = "tests/releases"
  release_version       = "1.2.3"
  release_sha256        = "87d10daa428b54eaa19cdd898cfed8107797ad77c4e1363ee53dc09f66ea85fe"
  function_sha256       = "f03a6bad123a8b89e0d05c8d9b9a585da7034e41164b8c6568534fe64d0af999"
  session_agent_sha256  = "a2265343a2d6bd747b1fdd6df3f33497caef07264774ea25e3bf79f5d885f663"
  release_public_key    = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
  api_settings          = { ATTENDANCE_SMTP_HOST = "mail.example.org" }
  tags                  = { owner = "it" }
}

run "everything" {
  # --- firewall: the internet reaches the balancer, the balancer the edge ---

  assert {
    condition     = toset([for rule in values(module.firewall.resources.ingress) : "${rule.security_group_id} ${rule.to_port}" if rule.cidr_ipv4 != null]) == toset(["${module.firewall.group_ids["balancer"]} 443", "${module.firewall.group_ids["balancer"]} 80"])
    error_message = "the internet must reach the balancer alone"
  }
  assert {
    condition     = toset([for rule in values(module.firewall.resources.ingress) : "${rule.referenced_security_group_id} ${rule.to_port}" if rule.security_group_id == module.firewall.group_ids["edge"]]) == toset(["${module.firewall.group_ids["balancer"]} 443", "${module.firewall.group_ids["balancer"]} 80"])
    error_message = "the balancer alone must reach the edge"
  }
  assert {
    condition     = module.waf[0].resources.balancer.drop_invalid_header_fields && module.waf[0].resources.balancer.enable_deletion_protection && toset(module.waf[0].resources.balancer.security_groups) == toset([module.firewall.group_ids["balancer"]]) && module.waf[0].resources.balancer.access_logs[0].enabled && module.waf[0].resources.acl.resource_arn == module.waf[0].resources.balancer.arn
    error_message = "the balancer is not protected, not logged or without its firewall"
  }
  assert {
    condition     = module.waf[0].resources.https.protocol == "HTTPS" && strcontains(module.waf[0].resources.https.ssl_policy, "TLS13-1-2") && module.waf[0].resources.https.certificate_arn == var.certificate_arn && module.waf[0].resources.http.default_action[0].type == "redirect" && module.waf[0].resources.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "the balancer must speak TLS of today and send people to it"
  }
  assert {
    condition     = strcontains(module.edge.resources.user_data, "EDGE_TRUSTED_PROXIES=10.64.0.0/24 10.64.1.0/24") && strcontains(module.compute.resources.user_data, "TRUSTED_PROXIES=10.64.0.0/24,10.64.1.0/24")
    error_message = "client addresses would be the balancer's"
  }
  assert {
    condition     = one(aws_route53_record.domain).name == "school.example.org" && one(one(aws_route53_record.domain).alias).name == module.waf[0].dns_name && output.edge_address == module.waf[0].dns_name
    error_message = "the domain must lead to the balancer"
  }

  assert {
    condition = toset(keys(module.waf[0].resources.rules)) == toset(["sign-in", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"]) && alltrue([
      for name, rule in module.waf[0].resources.rules : name == "sign-in" ? length(rule.action[0].block) == 1 && length(rule.override_action) == 0 : length(rule.override_action[0].none) == 1 && length(rule.override_action[0].count) == 0
    ])
    error_message = "a rule of the firewall is missing or only counts"
  }
  assert {
    condition     = toset([for statement in module.waf[0].resources.rules["sign-in"].statement[0].rate_based_statement[0].scope_down_statement[0].and_statement[0].statement : statement.byte_match_statement[0].search_string]) == toset(["/api/v1/session", "POST"]) && module.waf[0].resources.rules["sign-in"].statement[0].rate_based_statement[0].limit == 300
    error_message = "tries of passwords, and nothing else, must be bounded by address"
  }

  # --- sizes ---

  assert {
    condition     = module.compute.resources.template.instance_type == "c6a.2xlarge" && module.compute.resources.group.min_size == 2 && module.compute.resources.group.max_size == 6 && module.database.resources.database.instance_class == "db.m7g.large" && module.database.resources.database.allocated_storage == 100
    error_message = "the profile large is not what profiles.json says"
  }
  assert {
    condition     = length(module.network.resources.nat) == 2 && toset(module.network.resources.private_routes[*].nat_gateway_id) == toset(module.network.resources.nat[*].id)
    error_message = "each zone must have its own NAT in the profile large"
  }
  assert {
    condition     = sort(module.network.resources.subnets[*].cidr_block) == sort(concat(var.public_subnet_cidrs, var.private_subnet_cidrs, var.database_subnet_cidrs))
    error_message = "given ranges were not taken"
  }

  # --- database ---

  assert {
    condition     = module.database.resources.database.multi_az && module.database.resources.database.backup_retention_period == 35
    error_message = "the profile large has a standby, and backups are kept as long as was asked"
  }
  assert {
    condition     = length(module.database.resources.replica) == 1 && module.database.resources.replica[0].max_allocated_storage == module.database.resources.database.max_allocated_storage && module.database.resources.replica[0].storage_encrypted && module.database.resources.replica[0].publicly_accessible == false && module.database.resources.replica[0].iam_database_authentication_enabled && module.database.resources.replica[0].parameter_group_name == module.database.resources.group && toset(module.database.resources.replica[0].vpc_security_group_ids) == toset([module.firewall.group_ids["database"]]) && module.database.resources.replica[0].replicate_source_db == module.database.identifier
    error_message = "the replica must be as private, encrypted and closed as the database"
  }
  assert {
    condition     = strcontains(module.compute.resources.user_data, "DATABASE_REPLICA_HOST=${module.database.replica_host}") && length(module.database.connect_arns) == 2
    error_message = "reports are not told of the replica, or may not sign in to it"
  }
  assert {
    condition     = module.observability.resources.alarms["ReplicaBehind"].threshold == 300 && toset(module.observability.resources.events.source_ids) == toset([module.database.identifier, module.database.replica_identifier])
    error_message = "nobody watches the replica"
  }

  assert {
    condition     = module.database.resources.database.manage_master_user_password == null && nonsensitive(module.database.resources.no_password) && strcontains(module.migrate.resources.user_data, "DATABASE_ADMIN_SECRET=${module.database.admin_secret_arn}") && strcontains(output.role_policies.migrate, module.database.admin_secret_arn)
    error_message = "with a replica the password must not be Amazon's, nor in the state, and be known to the machine that migrates"
  }

  # --- releases ---

  assert {
    condition     = toset([for object in values(module.storage.resources.releases) : object.key]) == toset([for name in ["attendance-1.2.2-x86_64-linux.tar.gz", "attendance-1.2.3-x86_64-linux.tar.gz", "attendance-1.2.3-x86_64-linux.tar.gz.sig", "attendance-function-1.2.3-aws.zip", "amazon-ssm-agent.deb"] : "releases/${name}"]) && alltrue([for object in values(module.storage.resources.releases) : object.checksum_algorithm == "SHA256" && object.kms_key_id == module.secrets.key_arn])
    error_message = "the release, and the one before it, must be in the bucket"
  }

  assert {
    condition = alltrue([for tags in concat(
      [for made in module.compute.resources.template.tag_specifications : made.tags], [{ for tag in module.compute.resources.group.tag : tag.key => tag.value }],
      [module.edge.resources.instance.volume_tags, module.migrate.resources.instance.volume_tags],
    ) : tags["owner"] == "it" && tags["app"] == "school" && can(tags["Name"])]) && length(module.compute.resources.template.tag_specifications) == 2
    error_message = "what is not tagged by the provider has no tags"
  }

  # --- rights ---

  assert {
    condition = toset(flatten([for role, policy in output.role_policies : [for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : "${role} ${action}"] if statement.Effect == "Allow" && contains(flatten([statement.Resource]), "*")]])) == toset(concat(
      ["function ec2:DescribeNetworkInterfaces", "function ec2:DescribeSubnets"],
      # Session Manager, which is asked for here; its channels know no resources.
      flatten([for role in ["edge", "api", "migrate"] : [for action in ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"] : "${role} ssmmessages:${action}"]]),
    ))
    error_message = "a role may do something to everything"
  }
  assert {
    condition     = alltrue([for text in [module.edge.resources.user_data, module.migrate.resources.user_data, module.compute.resources.user_data] : strcontains(text, "SSM_AGENT_KEY=releases/amazon-ssm-agent.deb") && strcontains(text, "SSM_AGENT_SHA256=${var.session_agent_sha256}")])
    error_message = "machines are not told of the agent, or its hash is not pinned"
  }
  assert {
    condition     = strcontains(module.compute.resources.user_data, "ATTENDANCE_SMTP_HOST=mail.example.org") && !strcontains(module.edge.resources.user_data, "ATTENDANCE_SMTP_HOST")
    error_message = "the API's own settings do not reach it, or reach others"
  }

  # --- watching ---

  assert {
    condition = toset(concat([for alarm in values(module.observability.resources.alarms) : alarm.alarm_name], module.observability.resources.budget[*].name)) == toset([
      for entry in regexall("(?m)^### (\\w+)\\n\\n\\*(?:page|warn), (?:P )?C\\.\\*", file("../../docs/OPERATIONS.md")) : "school-${entry[0]}"
    ])
    error_message = "alarms are not those that docs/OPERATIONS.md says the clouds have"
  }

  assert {
    condition     = one(module.observability.resources.budget).limit_amount == "1500" && alltrue([for notification in one(module.observability.resources.budget).notification : toset(notification.subscriber_email_addresses) == toset(["it@example.org"])]) && length(one(module.observability.resources.budget).notification) == 2
    error_message = "the budget is not what was asked for, or mails nobody"
  }
  assert {
    condition     = alltrue([for group in concat(module.network.resources.log_groups, module.database.resources.log_groups, module.function[0].resources.log_groups, module.observability.resources.log_groups, module.waf[0].resources.log_groups) : group.retention_in_days == 365 && group.kms_key_id == module.secrets.key_arn])
    error_message = "a log is kept for another time, or not encrypted"
  }
  assert {
    condition     = abs(output.cost_per_day.usd - jsondecode(file("../cost.json")).aws.large.per_day - sum(values(jsondecode(file("../cost.json")).aws.large.options))) < 0.01
    error_message = "the estimate leaves out what is switched on"
  }
}
