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

variable "vpc_id" {
  description = "ID of the VPC."
  type        = string
}

variable "subnet_ids" {
  description = "IDs of the subnets without a way out, in three zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 1
    error_message = "A subnet is needed."
  }
}

variable "node_type" {
  description = "Type of the nodes, as in cache.t4g.small (1.4 GiB)."
  type        = string
  default     = "cache.t4g.small"

  validation {
    condition     = startswith(var.node_type, "cache.")
    error_message = "The type of a cache begins with cache."
  }
}

variable "engine_version" {
  description = "Version of Redis: 7.0 or 7.1. Sharded channels need 7."
  type        = string
  default     = "7.1"

  validation {
    condition     = contains(["7.0", "7.1"], var.engine_version)
    error_message = "Redis 7.0 or 7.1 is expected."
  }
}

variable "nodes" {
  description = "Nodes, 1 to 3: from 2 on another one takes over when the first is lost. Nothing is kept here, so 1 costs seconds, not data."
  type        = number
  default     = 2

  validation {
    condition     = var.nodes >= 1 && var.nodes <= 3
    error_message = "There are 1 to 3 nodes."
  }
}

variable "log_group_name" {
  description = "Name of the log group for slow commands."
  type        = string
}
