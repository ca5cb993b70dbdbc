output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    instance  = { for key, value in aws_instance.this : key => value if contains(["ami", "metadata_options", "root_block_device", "associate_public_ip_address", "subnet_id", "vpc_security_group_ids", "key_name", "instance_initiated_shutdown_behavior", "user_data_replace_on_change", "iam_instance_profile", "volume_tags"], key) }
    user_data = module.machine.user_data
    policy    = module.machine.policy
  }
}
