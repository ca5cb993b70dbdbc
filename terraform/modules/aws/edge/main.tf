# The public machine: Caddy with the page's files, and /api passed on. It has the one address that people reach.

module "machine" {
  source = "../machine"

  name = var.name
  role = "edge"
  site = var.site
  settings = merge(
    {
      ACME_EMAIL = var.acme_email
      # As Linux names disks of the machines that edge_size allows.
      CERTIFICATE_DISK = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${replace(aws_ebs_volume.certificates.id, "-", "")}"
    },
    length(var.trusted_proxies) == 0 ? {} : { EDGE_TRUSTED_PROXIES = join(" ", var.trusted_proxies) },
  )
}

resource "aws_instance" "this" {
  #checkov:skip=CKV_AWS_88:The edge is the one machine that the internet reaches
  #checkov:skip=CKV_AWS_126:Metrics every five minutes are enough; the alarm of the status check comes every minute without it
  ami                         = var.image_id
  instance_type               = var.size
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [var.group_id]
  iam_instance_profile        = module.machine.profile
  associate_public_ip_address = true # to fetch its release before the lasting address is moved to it
  ebs_optimized               = true
  user_data_base64            = base64gzip(module.machine.user_data)
  user_data_replace_on_change = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  root_block_device {
    encrypted   = true
    kms_key_id  = var.site.key_arn
    volume_type = "gp3"
    volume_size = 10
  }

  dynamic "credit_specification" {
    for_each = startswith(var.size, "t") ? ["standard"] : [] # a flood costs speed, not money

    content {
      cpu_credits = credit_specification.value
    }
  }

  tags        = { Name = "${var.name}-edge" }
  volume_tags = merge(var.tags, { Name = "${var.name}-edge" }) # default tags do not reach disks that come with a machine

  # The next edge is there before the address leaves the old one.
  lifecycle {
    create_before_destroy = true
  }
}

# Caddy's certificates and its account. Each release is a new machine, and an authority gives out five certificates of one
# name a week: so they lie on a disk that goes from machine to machine.
resource "aws_ebs_volume" "certificates" {
  #checkov:skip=CKV2_AWS_9:What is on it can be had again from the authority
  availability_zone = var.zone
  size              = 1
  type              = "gp3"
  encrypted         = true
  kms_key_id        = var.site.key_arn

  tags = { Name = "${var.name}-edge-certificates" }
}

resource "aws_volume_attachment" "certificates" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.certificates.id
  instance_id = aws_instance.this.id

  # The old machine stops, so that all is written, and the new one waits for the disk.
  stop_instance_before_detaching = true
}

resource "aws_eip" "this" {
  #checkov:skip=CKV2_AWS_19:It belongs to the edge, see below
  domain = "vpc"

  tags = { Name = "${var.name}-edge" }
}

resource "aws_eip_association" "this" {
  allocation_id       = aws_eip.this.allocation_id
  instance_id         = aws_instance.this.id
  allow_reassociation = true
}
