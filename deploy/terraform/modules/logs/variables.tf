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

variable "retention_days" {
  description = "Days that logs are kept in CloudWatch: 30, 90, 180, 365, 400 or 731."
  type        = number
  default     = 400

  validation {
    condition     = contains([30, 90, 180, 365, 400, 731], var.retention_days)
    error_message = "CloudWatch keeps logs for 30, 90, 180, 365, 400 or 731 days."
  }
}
