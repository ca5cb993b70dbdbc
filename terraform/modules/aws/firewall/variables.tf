variable "name" {
  description = "Begins the names of the groups."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "ports" {
  description = "The matrix of ports.json: zones, and who may reach whom on which port."
  type = object({
    zones = map(string)
    flows = list(object({
      from     = string
      to       = string
      protocol = string
      port     = number
      why      = string
    }))
  })
}

variable "balancer" {
  description = "Whether a load balancer stands between the internet and the edge."
  type        = bool
}
