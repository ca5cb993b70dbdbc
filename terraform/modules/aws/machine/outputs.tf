output "profile" {
  description = "Instance profile."
  value       = aws_iam_instance_profile.this.name
  depends_on  = [aws_iam_role_policy.this]
}

output "user_data" {
  description = "What cloud-init is given, as text."
  value       = local.user_data
}

output "policy" {
  description = "What the role may do."
  value       = aws_iam_role_policy.this.policy
}
