# API gateway → function in the network → one view of the database. Whether the database is well anybody may ask;
# how many people there are only who signs the request with a role of this account.

locals {
  function = "${var.name}-function"
  arn      = "arn:aws:lambda:${var.region}:${var.account_id}:function:${local.function}"
  ec2      = "arn:aws:ec2:${var.region}:${var.account_id}"
  routes = {
    "GET /health"       = "NONE"
    "GET /people/count" = "AWS_IAM"
  }

  # Lambda says hashes in base64, sha256sum in hexadecimal digits: three of these are two of those.
  letters = split("", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  triples = [for at in range(21) : parseint(substr(var.release.sha256, at * 3, 3), 16)]
  code_hash = join("", concat(
    [for bits in local.triples : "${local.letters[floor(bits / 64)]}${local.letters[bits % 64]}"],
    [local.letters[parseint(substr(var.release.sha256, 63, 1), 16) * 4], "="],
  ))
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:How long logs are kept is a variable
  for_each = {
    function = "/aws/lambda/${local.function}"
    gateway  = "/aws/apigateway/${local.function}"
  }

  name              = each.value
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_iam_role" "this" {
  name = local.function

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_355:Only two Describe actions, which know no resources; a test holds the list
  #checkov:skip=CKV_AWS_290:As above
  name = "work"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this["function"].arn}:*"]
      },
      {
        Sid      = "SignInToTheDatabase"
        Effect   = "Allow"
        Action   = ["rds-db:connect"]
        Resource = ["${var.database.connect_arn}/attendance_stats"]
      },
      {
        Sid      = "InterfacesInTheNetwork"
        Effect   = "Allow"
        Action   = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
        Resource = concat(["${local.ec2}:network-interface/*", "${local.ec2}:security-group/${var.group_id}"], [for id in var.subnets : "${local.ec2}:subnet/${id}"])
      },
      {
        # Lambda looks for the interface before it uses it. These two know no resources.
        Sid      = "FindInterfaces"
        Effect   = "Allow"
        Action   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        Resource = ["*"]
      },
      {
        # The role's rights to interfaces are Lambda's, not the code's.
        Sid       = "NotTheCodeItself"
        Effect    = "Deny"
        Action    = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
        Resource  = ["*"]
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = [local.arn] } }
      },
      {
        Sid       = "OpenItsSettings"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [var.key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "lambda.${var.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:A new account has ten at once in all and refuses to set any aside; the gateway's throttling bounds them
  #checkov:skip=CKV_AWS_116:Calls are synchronous: a failure is the caller's answer, and a dead letter would have no reader
  #checkov:skip=CKV_AWS_272:The archive's hash is pinned and its place is closed to every role of a service
  #checkov:skip=CKV_AWS_50:Two queries need no tracing, and its rights know no resources
  function_name    = local.function
  description      = "Health of the database, and the number of people"
  role             = aws_iam_role.this.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["x86_64"]
  s3_bucket        = var.bucket
  s3_key           = "releases/attendance-function-${var.release.version}-aws.zip"
  source_code_hash = local.code_hash
  memory_size      = 256
  timeout          = 15 # its own limit of a request is ten seconds
  kms_key_arn      = var.key_arn

  environment {
    variables = {
      DATABASE_AUTH = "aws"
      DATABASE_HOST = var.database.host
      DATABASE_NAME = var.database.name
      DATABASE_USER = "attendance_stats"
      PGSSLROOTCERT = "https://truststore.pki.rds.amazonaws.com/${var.region}/${var.region}-bundle.pem"
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this["function"].name
  }

  vpc_config {
    subnet_ids         = var.subnets
    security_group_ids = [var.group_id]
  }

  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    postcondition {
      # Amazon says what it took; the apply ends with an error when that is another archive.
      condition     = self.code_sha256 == local.code_hash
      error_message = "The archive in the bucket has the SHA-256 ${self.code_sha256} (base64), and function_sha256 is ${local.code_hash}."
    }
  }
}

resource "aws_lambda_permission" "gateway" {
  statement_id  = "gateway"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}

resource "aws_apigatewayv2_api" "this" {
  name          = local.function
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:Whether the database is well is public, as it is at /api/v1/health; the count wants a signed request
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  authorization_type = each.value
  target             = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = 5
    throttling_burst_limit   = 10
    detailed_metrics_enabled = false
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this["gateway"].arn
    format = jsonencode({
      request_id = "$context.requestId"
      at         = "$context.requestTime"
      address    = "$context.identity.sourceIp"
      route      = "$context.routeKey"
      status     = "$context.status"
      ms         = "$context.responseLatency"
      error      = "$context.error.message"
    })
  }
}
