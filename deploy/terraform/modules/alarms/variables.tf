variable "name" {
  description = "Name of the deployment, the beginning of every resource's name: 3 to 20 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name has to be 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that everything at rest is encrypted with (module secrets)."
  type        = string
}

variable "page_emails" {
  description = "Addresses that are told at once: something is down, or soon will be. Each has to confirm an e-mail of AWS."
  type        = set(string)

  validation {
    condition     = length(var.page_emails) > 0
    error_message = "Somebody has to be told: give an address."
  }
}

variable "ticket_emails" {
  description = "Addresses that are told of what can wait until morning."
  type        = set(string)
  default     = []
}

variable "balancer_arn_suffix" {
  description = "Name by which CloudWatch knows the balancer (module service)."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "Name by which CloudWatch knows the nodes behind the balancer (module service)."
  type        = string
}

variable "cluster_name" {
  description = "Name of the ECS cluster (module service)."
  type        = string
}

variable "worker_service_name" {
  description = "Name of the service of workers (module service)."
  type        = string
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the server's metrics (module service)."
  type        = string
}

variable "nodes_min" {
  description = "Nodes that are always there, 1 to 100: with fewer that are healthy somebody is told."
  type        = number

  validation {
    condition     = var.nodes_min >= 1 && var.nodes_min <= 100
    error_message = "There are 1 to 100 nodes."
  }
}

variable "dumps" {
  description = "Whether the module service dumps the database by the clock (dump_version)."
  type        = bool
  default     = false
}

variable "sockets_target" {
  description = "Sockets a node on average at which nodes are added, 500 to 20,000 (module service)."
  type        = number
  default     = 8000

  validation {
    condition     = var.sockets_target >= 500 && var.sockets_target <= 20000
    error_message = "There are 500 to 20,000 sockets."
  }
}

variable "database_identifier" {
  description = "Identifier of the database (module database)."
  type        = string
}

variable "database_max_connections" {
  description = "Connections that the database takes, 100 to 5,000 (module database)."
  type        = number

  validation {
    condition     = var.database_max_connections >= 100 && var.database_max_connections <= 5000
    error_message = "There are 100 to 5,000 connections."
  }
}

variable "database_free_gib" {
  description = "GiB of free storage below which somebody is told, 5 to 1,000."
  type        = number
  default     = 20

  validation {
    condition     = var.database_free_gib >= 5 && var.database_free_gib <= 1000
    error_message = "There are 5 to 1,000 GiB."
  }
}

variable "cache_member_ids" {
  description = "IDs of the nodes of Redis (module cache)."
  type        = list(string)
}

variable "certificate_arns" {
  description = "Certificates of this region by a name for each, whose end is watched."
  type        = map(string)
  default     = {}
}
