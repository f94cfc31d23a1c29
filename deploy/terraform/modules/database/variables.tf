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
    condition     = length(var.subnet_ids) >= 2
    error_message = "A second zone is needed for the standby."
  }
}

variable "engine_version" {
  description = "Major version of Postgres, 15 to 17."
  type        = string
  default     = "17"

  validation {
    condition     = contains(["15", "16", "17"], var.engine_version)
    error_message = "Postgres 15, 16 or 17 is expected."
  }
}

variable "instance_class" {
  description = "Class of the instance, as in db.m7g.large (2 vCPU, 8 GiB)."
  type        = string
  default     = "db.m7g.large"

  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "The class of a database begins with db."
  }
}

variable "multi_az" {
  description = "Whether a standby in another zone has every commit before it is answered. It doubles the price."
  type        = bool
  default     = true
}

variable "storage_gib" {
  description = "GiB of storage at the start, 20 to 65,536. From 400 GiB on gp3 has 12,000 operations a second instead of 3,000."
  type        = number
  default     = 400

  validation {
    condition     = var.storage_gib >= 20 && var.storage_gib <= 65536
    error_message = "There are 20 to 65,536 GiB."
  }
}

variable "storage_max_gib" {
  description = "GiB up to which storage grows by itself, at least storage_gib; it never shrinks."
  type        = number
  default     = 2000

  validation {
    condition     = var.storage_max_gib >= var.storage_gib && var.storage_max_gib <= 65536
    error_message = "The most is at least storage_gib and at most 65,536."
  }
}

variable "max_connections" {
  description = "Connections that Postgres takes, 100 to 5,000: up to 96 for each node and worker, and 20 for people. A change needs a restart."
  type        = number
  default     = 1000

  validation {
    condition     = var.max_connections >= 100 && var.max_connections <= 5000
    error_message = "There are 100 to 5,000 connections."
  }
}

variable "backup_days" {
  description = "Days for which any second can be restored, 7 to 35."
  type        = number
  default     = 35

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "RDS keeps 7 to 35 days."
  }
}

variable "password_version" {
  description = "Number of the password, from 1: a higher one makes a new password, which tasks have after their next start."
  type        = number
  default     = 1

  validation {
    condition     = var.password_version >= 1
    error_message = "Numbers begin with 1."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database."
  type        = bool
  default     = true
}

variable "maintenance_window" {
  description = "When AWS may restart the database, in UTC, as in sun:03:00-sun:04:00."
  type        = string
  default     = "sun:03:00-sun:04:00"
}
