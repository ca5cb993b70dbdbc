# One security group for each zone of ports.json, and for each flow one rule at either end. Rules name groups, not
# addresses; an address stands only where the other end is the internet. There is no rule for SSH: people come in
# by Session Manager, which the machines themselves open.

locals {
  internet = "internet"
  zones    = merge({ for zone, text in var.ports.zones : zone => text if zone != local.internet }, var.balancer ? { balancer = "the load balancer with the web application firewall" } : {})

  # With a load balancer, what came from the internet to the edge comes to the balancer, and from there to the edge.
  flows = flatten([
    for flow in var.ports.flows : var.balancer && flow.from == local.internet ? [
      merge(flow, { to = "balancer" }),
      merge(flow, { from = "balancer" }),
    ] : [flow]
  ])
  named = { for flow in local.flows : "${flow.from}-${flow.to}-${flow.port}" => flow }
}

resource "aws_security_group" "zone" {
  #checkov:skip=CKV2_AWS_5:Each group is given to the machines of its zone by the module that makes them
  for_each = local.zones

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  #checkov:skip=CKV_AWS_260:Port 80 of the edge sends people to https and answers the certificate authority
  for_each = { for name, flow in local.named : name => flow if flow.to != local.internet }

  security_group_id            = aws_security_group.zone[each.value.to].id
  referenced_security_group_id = each.value.from == local.internet ? null : aws_security_group.zone[each.value.from].id
  cidr_ipv4                    = each.value.from == local.internet ? "0.0.0.0/0" : null
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = { for name, flow in local.named : name => flow if flow.from != local.internet }

  security_group_id            = aws_security_group.zone[each.value.from].id
  referenced_security_group_id = each.value.to == local.internet ? null : aws_security_group.zone[each.value.to].id
  cidr_ipv4                    = each.value.to == local.internet ? "0.0.0.0/0" : null
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}
