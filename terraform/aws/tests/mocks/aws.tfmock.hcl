# What AWS would answer, as far as the modules or the assertions look at it. Everything else is invented by Terraform.

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_availability_zones" {
  defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
}

mock_data "aws_ami" {
  defaults = { id = "ami-0debian", root_device_name = "/dev/xvda" }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/one" }
}

mock_resource "aws_db_instance" {
  defaults = {
    address            = "attendance-database.abc.eu-central-1.rds.amazonaws.com"
    resource_id        = "db-ABC"
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-abc" }]
  }
}

# What Lambda says of tests/releases/1.2.3/attendance-function-1.2.3-aws.zip.
mock_resource "aws_lambda_function" {
  defaults = { code_sha256 = "8DprrRI6i4ng0FyNm5pYXacDTkEWS4xlaFNP5k0K+Zk=" }
}

# Terraform would invent a key for SSH otherwise.
mock_resource "aws_instance" {
  defaults = { key_name = "none" }
}
