output "group_ids" {
  description = "Security group of each zone."
  value       = { for zone, group in aws_security_group.zone : zone => group.id }
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    groups  = aws_security_group.zone
    ingress = aws_vpc_security_group_ingress_rule.flow
    egress  = aws_vpc_security_group_egress_rule.flow
  }
}
