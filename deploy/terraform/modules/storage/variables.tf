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

variable "old_versions_days" {
  description = "Days that a file which was overwritten or deleted can be brought back, 7 to 365. Erasure of a tenant is complete only after them."
  type        = number
  default     = 30

  validation {
    condition     = var.old_versions_days >= 7 && var.old_versions_days <= 365
    error_message = "There are 7 to 365 days."
  }
}

variable "backup_days" {
  description = "Days that dumps, archives and lists of revocations are kept, 36 to 3,650: longer than RDS can be restored to."
  type        = number
  default     = 400

  validation {
    condition     = var.backup_days >= 36 && var.backup_days <= 3650
    error_message = "There are 36 to 3,650 days: RDS restores to 35 days ago, and what was revoked since is revoked again."
  }
}

variable "access_log_days" {
  description = "Days that the balancer's access logs are kept, 7 to 400. They have clients' addresses."
  type        = number
  default     = 90

  validation {
    condition     = var.access_log_days >= 7 && var.access_log_days <= 400
    error_message = "There are 7 to 400 days."
  }
}
