# Amazon makes no read replica of a database whose password it manages. With a replica the password is made here: while
# an apply runs, handed over in arguments that Terraform never writes down, and kept in a secret. It is in no plan and in
# no state, and nobody sees it. Should an apply end between the two, raise the version: both are set anew together.

locals {
  password         = sha256(uuid())
  password_version = 1
  admin_secret_arn = var.replica ? aws_secretsmanager_secret.administrator[0].arn : one(aws_db_instance.this.master_user_secret).secret_arn
}

resource "aws_secretsmanager_secret" "administrator" {
  #checkov:skip=CKV2_AWS_57:One machine reads it for a minute with each release; raising the version above changes it
  count = var.replica ? 1 : 0

  name                    = "${var.name}/database-administrator"
  description             = "The administrator of the database, for the machine that migrates"
  kms_key_id              = var.key_arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "administrator" {
  count = var.replica ? 1 : 0

  secret_id                = aws_secretsmanager_secret.administrator[0].id
  secret_string_wo         = jsonencode({ username = local.admin, password = local.password })
  secret_string_wo_version = local.password_version

  # The database takes minutes and may be refused; this does not.
  depends_on = [aws_db_instance.this]
}
