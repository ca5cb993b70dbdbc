# A gateway with a web application firewall before the edge. It ends TLS with your certificate, looks at the request, and
# speaks TLS to Caddy, whose own certificate it checks. Port 80 goes through to Caddy as it is, which sends people to
# https and proves to the certificate authority that the domain is here.

locals {
  # The gateway speaks of its parts by name.
  backend = "edge"
}

resource "azurerm_public_ip" "this" {
  name                = "${var.name}-gateway"
  resource_group_name = var.resource_group
  location            = var.region
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = ["1", "2", "3"]
  tags                = var.tags
}

resource "azurerm_user_assigned_identity" "this" {
  name                = "${var.name}-gateway"
  resource_group_name = var.resource_group
  location            = var.region
  tags                = var.tags
}

# This one secret of the vault, which holds the certificate with its key.
resource "azurerm_role_assignment" "certificate" {
  scope                = "${var.certificate.vault_id}/secrets/${var.certificate.name}"
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
  description          = "The gateway reads the domain's certificate."
}

resource "azurerm_web_application_firewall_policy" "this" {
  #checkov:skip=CKV_AZURE_135:The rule set here has that rule; the check knows OWASP's sets only
  name                = var.name
  resource_group_name = var.resource_group
  location            = var.region
  tags                = var.tags

  policy_settings {
    enabled            = true
    mode               = "Prevention"
    request_body_check = true
    # Pictures and archives of photos are larger than a firewall wants bodies to be; Caddy and the API say how large they
    # may be. What the firewall looks into is their beginning.
    request_body_enforcement         = false
    file_upload_enforcement          = false
    request_body_inspect_limit_in_kb = 128
  }

  # A camera sends fifteen frames a second, and a school's cameras may share an address.
  custom_rules {
    name                 = "flood"
    priority             = 10
    rule_type            = "RateLimitRule"
    action               = "Block"
    rate_limit_duration  = "OneMin"
    rate_limit_threshold = 30000
    group_rate_limit_by  = "ClientAddr"

    match_conditions {
      operator     = "IPMatch"
      match_values = ["0.0.0.0/0"]

      match_variables {
        variable_name = "RemoteAddr"
      }
    }
  }

  managed_rules {
    managed_rule_set {
      type    = "Microsoft_DefaultRuleSet"
      version = "2.1"
    }

    managed_rule_set {
      type    = "Microsoft_BotManagerRuleSet"
      version = "1.0"
    }
  }
}

resource "azurerm_application_gateway" "this" {
  #checkov:skip=CKV_AZURE_217:Port 80 sends people to https and answers the certificate authority
  name                = var.name
  resource_group_name = var.resource_group
  location            = var.region
  zones               = ["1", "2", "3"]
  enable_http2        = true
  firewall_policy_id  = azurerm_web_application_firewall_policy.this.id
  tags                = var.tags

  sku {
    name = "WAF_v2"
    tier = "WAF_v2"
  }

  autoscale_configuration {
    min_capacity = 0
    max_capacity = 4
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  gateway_ip_configuration {
    name      = "only"
    subnet_id = var.subnet_id
  }

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.this.id
  }

  ssl_policy {
    policy_type = "Predefined"
    policy_name = "AppGwSslPolicy20220101S"
  }

  ssl_certificate {
    name                = var.certificate.name
    key_vault_secret_id = "https://${element(split("/", var.certificate.vault_id), 8)}.vault.azure.net/secrets/${var.certificate.name}"
  }

  backend_address_pool {
    name         = local.backend
    ip_addresses = [var.edge_address]
  }

  dynamic "frontend_port" {
    for_each = { http = 80, https = 443 }

    content {
      name = frontend_port.key
      port = frontend_port.value
    }
  }

  dynamic "http_listener" {
    for_each = { http = "Http", https = "Https" }

    content {
      name                           = http_listener.key
      frontend_ip_configuration_name = "public"
      frontend_port_name             = http_listener.key
      protocol                       = http_listener.value
      host_name                      = var.domain
      ssl_certificate_name           = http_listener.key == "https" ? var.certificate.name : null
    }
  }

  dynamic "backend_http_settings" {
    for_each = { http = { protocol = "Http", port = 80 }, https = { protocol = "Https", port = 443 } }

    content {
      name                  = backend_http_settings.key
      protocol              = backend_http_settings.value.protocol
      port                  = backend_http_settings.value.port
      host_name             = var.domain
      cookie_based_affinity = "Disabled"
      # Live pictures and events are answers that do not end.
      request_timeout = 3600
      probe_name      = backend_http_settings.key
    }
  }

  dynamic "probe" {
    for_each = { http = "Http", https = "Https" }

    content {
      name                                      = probe.key
      protocol                                  = probe.value
      path                                      = "/"
      pick_host_name_from_backend_http_settings = true
      interval                                  = 30
      timeout                                   = 10
      unhealthy_threshold                       = 3

      match {
        status_code = ["200-399"]
      }
    }
  }

  dynamic "request_routing_rule" {
    for_each = { http = 20, https = 10 }

    content {
      name                       = request_routing_rule.key
      rule_type                  = "Basic"
      priority                   = request_routing_rule.value
      http_listener_name         = request_routing_rule.key
      backend_address_pool_name  = local.backend
      backend_http_settings_name = request_routing_rule.key
    }
  }

  depends_on = [azurerm_role_assignment.certificate]
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_application_gateway.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "ApplicationGatewayFirewallLog"
  }
}
