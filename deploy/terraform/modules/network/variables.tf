variable "name" {
  description = "Name of the deployment, the beginning of every resource's name: 3 to 20 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name has to be 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "cidr" {
  description = "Private IPv4 network of the VPC, /16 to /20. Each zone gets a sixteenth of it for tasks and one each for balancers and data."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 20
    error_message = "The network has to be an IPv4 CIDR from /16 to /20."
  }
}

variable "zones" {
  description = "Names of the three availability zones, as in eu-central-1a."
  type        = list(string)

  validation {
    condition     = length(var.zones) == 3 && length(distinct(var.zones)) == 3
    error_message = "Three different zones are needed."
  }
}

variable "nat_gateways" {
  description = "NAT gateways, 1 to 3: webhooks, e-mail and images that are not in ECR leave through them. With 1, a lost zone takes the way out of all."
  type        = number
  default     = 3

  validation {
    condition     = var.nat_gateways >= 1 && var.nat_gateways <= 3
    error_message = "There are 1 to 3 NAT gateways."
  }
}

variable "interface_endpoints" {
  description = "AWS services that are reached inside the VPC, by their short names. Each costs an address in each zone."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager"]
}

variable "flow_log_group_arn" {
  description = "ARN of the log group for rejected connections."
  type        = string
}
