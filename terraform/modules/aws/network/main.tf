# The network: public subnets for the edge and NAT, private ones for the machines with a way out through NAT,
# and subnets for the database with no way out at all.

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # names of the private zone need it

  tags = { Name = var.name }
}

# Whatever is put into the default group by mistake reaches nothing and is reached by nothing.
resource "aws_default_security_group" "empty" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-unused" }
}

resource "aws_subnet" "public" {
  count = length(var.zones)

  vpc_id                  = aws_vpc.this.id
  cidr_block              = var.subnets.public[count.index]
  availability_zone       = var.zones[count.index]
  map_public_ip_on_launch = false # the edge asks for its address itself

  tags = { Name = "${var.name}-public-${var.zones[count.index]}" }
}

resource "aws_subnet" "private" {
  count = length(var.zones)

  vpc_id                  = aws_vpc.this.id
  cidr_block              = var.subnets.private[count.index]
  availability_zone       = var.zones[count.index]
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-private-${var.zones[count.index]}" }
}

resource "aws_subnet" "database" {
  count = length(var.zones)

  vpc_id                  = aws_vpc.this.id
  cidr_block              = var.subnets.database[count.index]
  availability_zone       = var.zones[count.index]
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-database-${var.zones[count.index]}" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_eip" "nat" {
  #checkov:skip=CKV2_AWS_19:It belongs to the NAT gateway below
  count = var.nat_gateways

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${count.index + 1}" }
}

resource "aws_nat_gateway" "this" {
  count = var.nat_gateways

  allocation_id = aws_eip.nat[count.index].allocation_id
  subnet_id     = aws_subnet.public[count.index].id

  tags = { Name = "${var.name}-${count.index + 1}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  count = length(var.zones)

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "private" {
  count = length(var.zones)

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-private-${var.zones[count.index]}" }
}

resource "aws_route" "private" {
  count = length(var.zones)

  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[count.index % var.nat_gateways].id
}

resource "aws_route_table_association" "private" {
  count = length(var.zones)

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}

# No route but the network's own.
resource "aws_route_table" "database" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-database" }
}

resource "aws_route_table_association" "database" {
  count = length(var.zones)

  subnet_id      = aws_subnet.database[count.index].id
  route_table_id = aws_route_table.database.id
}

# Photos and releases do not go through NAT, which is paid by the gigabyte, and leave by no other bucket's door.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = concat([aws_route_table.public.id], aws_route_table.private[*].id)

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurBuckets"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:*"
      Resource  = flatten([for arn in var.buckets : [arn, "${arn}/*"]])
    }]
  })

  tags = { Name = "${var.name}-s3" }
}
