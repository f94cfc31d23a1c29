variable "name" {
  description = "Name of the deployment, the beginning of every resource's name: 3 to 20 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name has to be 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "scope" {
  description = "REGIONAL for a balancer, CLOUDFRONT for module edge."
  type        = string

  validation {
    condition     = contains(["REGIONAL", "CLOUDFRONT"], var.scope)
    error_message = "REGIONAL or CLOUDFRONT is expected."
  }
}

variable "region" {
  description = "Region of the firewall: the balancer's, or us-east-1 for CLOUDFRONT."
  type        = string
}

variable "balancer_arn" {
  description = "ARN of the balancer that is protected (REGIONAL); null for CLOUDFRONT."
  type        = string
  default     = null
}

variable "anonymous_requests" {
  description = "Requests without Authorization or cookie that an address may make in 5 minutes, 100 to 100,000."
  type        = number
  default     = 2000

  validation {
    condition     = var.anonymous_requests >= 100 && var.anonymous_requests <= 100000
    error_message = "There are 100 to 100,000 requests."
  }
}

variable "requests" {
  description = "Requests of any kind that an address may make in 5 minutes, 1,000 to 2,000,000. A warehouse is behind one address: the server has the limits by caller."
  type        = number
  default     = 60000

  validation {
    condition     = var.requests >= 1000 && var.requests <= 2000000
    error_message = "There are 1,000 to 2,000,000 requests."
  }
}

variable "log_days" {
  description = "Days that blocked requests are kept in the log: 30, 90, 180, 365 or 400."
  type        = number
  default     = 90

  validation {
    condition     = contains([30, 90, 180, 365, 400], var.log_days)
    error_message = "CloudWatch keeps logs for 30, 90, 180, 365 or 400 days."
  }
}
