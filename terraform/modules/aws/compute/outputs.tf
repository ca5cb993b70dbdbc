output "group" {
  description = "Name of the auto-scaling group."
  value       = aws_autoscaling_group.this.name
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    template  = aws_launch_template.this
    group     = aws_autoscaling_group.this
    zone      = aws_service_discovery_private_dns_namespace.this
    user_data = module.machine.user_data
    policy    = module.machine.policy
  }
}
