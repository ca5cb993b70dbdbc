output "dns_name" {
  description = "What the domain must lead to."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Route 53's zone of that name."
  value       = aws_lb.this.zone_id
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    balancer   = aws_lb.this
    https      = aws_lb_listener.https
    http       = aws_lb_listener.http
    rules      = { for rule in aws_wafv2_web_acl.this.rule : rule.name => rule }
    acl        = aws_wafv2_web_acl_association.this
    log_groups = [aws_cloudwatch_log_group.this]
  }
}
