variable "name" {
  description = "Name of the deployment, the beginning of every resource's name: 3 to 20 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name has to be 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "host" {
  description = "Host name at which clients reach the API, as in api.example.com."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9.-]+\\.[a-z]{2,}$", var.host))
    error_message = "A host name is expected."
  }
}

variable "certificate_arn" {
  description = "ARN of CloudFront's certificate for host, in us-east-1."
  type        = string

  validation {
    condition     = can(regex(":acm:us-east-1:", var.certificate_arn))
    error_message = "CloudFront takes certificates of us-east-1 only."
  }
}

variable "balancer_arn" {
  description = "ARN of the private balancer, whose certificate is for host, too."
  type        = string
}

variable "balancer_dns_name" {
  description = "Host name of the private balancer."
  type        = string
}

variable "firewall_arn" {
  description = "ARN of a firewall with the scope CLOUDFRONT (module firewall)."
  type        = string
}

variable "price_class" {
  description = "CloudFront's places: PriceClass_100 (Europe, North America), PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "PriceClass_100, PriceClass_200 or PriceClass_All is expected."
  }
}
