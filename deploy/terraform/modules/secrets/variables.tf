variable "name" {
  description = "Name of the deployment, the beginning of every resource's name: 3 to 20 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name has to be 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "recovery_days" {
  description = "Days in which a deleted secret or key can be brought back, 7 to 30."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_days >= 7 && var.recovery_days <= 30
    error_message = "There are 7 to 30 days."
  }
}
