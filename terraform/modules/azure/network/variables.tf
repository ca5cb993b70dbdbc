variable "name" {
  description = "Begins the names of what is made."
  type        = string
}

variable "resource_group" {
  description = "Resource group to make it in."
  type        = string
}

variable "region" {
  description = "Azure region."
  type        = string
}

variable "network_cidr" {
  description = "Addresses of the whole network."
  type        = string
}

variable "subnets" {
  description = "Ranges: public for the edge and the gateway, private for the machines and the function, database for PostgreSQL and the private endpoints."
  type = object({
    public   = list(string)
    private  = list(string)
    database = list(string)
  })
}

variable "flows" {
  description = "Who may reach whom: the flows of ports.json."
  type = list(object({
    from     = string
    to       = string
    protocol = string
    port     = number
    why      = string
  }))
}

variable "waf" {
  description = "Whether a gateway stands before the edge."
  type        = bool
}

variable "bastion" {
  description = "Whether a Bastion may reach port 22 of the machines."
  type        = bool
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
}
