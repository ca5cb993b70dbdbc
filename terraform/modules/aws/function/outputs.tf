output "url" {
  description = "Where the function answers: /health and /people/count."
  value       = aws_apigatewayv2_stage.this.invoke_url
}

output "name" {
  description = "What alarms know the function by."
  value       = aws_lambda_function.this.function_name
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    function   = { for key, value in aws_lambda_function.this : key => value if contains(["s3_key", "source_code_hash", "runtime", "vpc_config", "kms_key_arn", "environment"], key) }
    stage      = aws_apigatewayv2_stage.this
    routes     = aws_apigatewayv2_route.this
    log_groups = values(aws_cloudwatch_log_group.this)
    policy     = aws_iam_role_policy.this.policy
  }
}
