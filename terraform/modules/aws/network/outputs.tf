output "vpc_id" {
  description = "Id of the network."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets of the edge."
  value       = aws_subnet.public[*].id
}

output "private_subnet_ids" {
  description = "Subnets of the machines and the function."
  value       = aws_subnet.private[*].id
}

output "database_subnet_ids" {
  description = "Subnets of the database."
  value       = aws_subnet.database[*].id
}

output "resources" {
  description = "What was made, as the tests look at it."
  value = {
    subnets         = concat(aws_subnet.public, aws_subnet.private, aws_subnet.database)
    default_group   = aws_default_security_group.empty
    public_route    = aws_route.public
    private_routes  = aws_route.private
    database_table  = aws_route_table.database
    database_tables = aws_route_table_association.database
    nat             = aws_nat_gateway.this
    flow_log        = aws_flow_log.this
    log_groups      = [aws_cloudwatch_log_group.flows]
    policies        = { flows = aws_iam_role_policy.flows.policy }
    endpoint        = aws_vpc_endpoint.s3
  }
}
