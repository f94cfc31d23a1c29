variable "name" {
  description = "Name of the deployment, the beginning of every resource's name: 3 to 20 small letters, digits and hyphens."
  type        = string
  default     = "entrepot"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name has to be 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "region" {
  description = "AWS region, as in eu-central-1."
  type        = string
}

variable "zones" {
  description = "Names of three availability zones of the region."
  type        = list(string)
}

variable "host" {
  description = "Host name at which clients reach the API, as in api.example.com."
  type        = string
}

variable "certificate_arn" {
  description = "ARN of a certificate for host in the region."
  type        = string
}

variable "image" {
  description = "Image of Entrepot by digest, built from deploy/terraform/image."
  type        = string
}

variable "page_emails" {
  description = "Addresses that are told at once when something is down."
  type        = set(string)
}
