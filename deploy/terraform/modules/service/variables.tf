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

variable "vpc_cidr" {
  description = "IPv4 network of the VPC: only from there the front believes what a header says of the client."
  type        = string

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0))
    error_message = "The network has to be an IPv4 CIDR."
  }
}

variable "task_subnet_ids" {
  description = "IDs of the private subnets in which tasks run, one a zone."
  type        = list(string)
}

variable "balancer_subnet_ids" {
  description = "IDs of the subnets of the balancer, in two zones at least: public ones, or private ones behind CloudFront."
  type        = list(string)

  validation {
    condition     = length(var.balancer_subnet_ids) >= 2
    error_message = "A balancer needs two zones."
  }
}

variable "internal" {
  description = "Whether the balancer has private addresses only (behind CloudFront)."
  type        = bool
  default     = false
}

variable "allowed_cidrs" {
  description = "IPv4 networks that may call the balancer when it is not internal."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "client_address_header" {
  description = "Header with the client's address: X-Forwarded-For of the balancer, or the one that module edge sets."
  type        = string
  default     = "X-Forwarded-For"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z-]+$", var.client_address_header))
    error_message = "The name of a header has letters and hyphens."
  }
}

variable "certificate_arn" {
  description = "ARN of the balancer's certificate, in its region, for the host of public_url."
  type        = string
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the balancer."
  type        = bool
  default     = true
}

variable "access_logs_bucket" {
  description = "Name of the bucket for the balancer's access logs."
  type        = string
}

variable "image" {
  description = "Image of Entrepot with the authorities of RDS in it (deploy/terraform/image), by digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest (…@sha256:…): a tag may be another image tomorrow."
  }
}

variable "front_image" {
  description = "Image of nginx 1.29, which finds the client's address behind the balancer."
  type        = string
  default     = "public.ecr.aws/nginx/nginx:1.29"
}

variable "collector_image" {
  description = "Image of AWS's distribution of the OpenTelemetry collector, which sends metrics to CloudWatch."
  type        = string
  default     = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
}

variable "architecture" {
  description = "Processor of the image: ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "ARM64 or X86_64 is expected."
  }
}

variable "public_url" {
  description = "Address at which clients reach the API, https and no path. Links in e-mails begin with it."
  type        = string

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+$", var.public_url))
    error_message = "An https address without a path is expected."
  }
}

variable "registration" {
  description = "People who may register a company: open, verified (needs mail_secret_arn) or closed."
  type        = string
  default     = "closed"

  validation {
    condition     = contains(["open", "verified", "closed"], var.registration)
    error_message = "open, verified or closed is expected."
  }
}

variable "database" {
  description = "Postgres: its URL without password, the secret with the password, its security group, and the connections that it takes (module database)."
  type = object({
    url                 = string
    password_secret_arn = string
    security_group_id   = string
    max_connections     = number
  })

  validation {
    condition     = can(regex("^postgres://[^:@/]+@[^@]+sslmode=verify-full", var.database.url))
    error_message = "The URL has a login, no password, and sslmode=verify-full."
  }
}

variable "cache_security_group_id" {
  description = "ID of the security group of Redis (module cache)."
  type        = string
}

variable "keys_secret_arn" {
  description = "ARN of the secret with the keys that fields are sealed with."
  type        = string
}

variable "redis_secret_arn" {
  description = "ARN of the secret with the URL of Redis."
  type        = string
}

variable "mail_secret_arn" {
  description = "ARN of the secret with the URL of the mail server; null: no e-mail leaves."
  type        = string
  default     = null
}

variable "mail_from" {
  description = "Sender of e-mails, as in Entrepot <entrepot@entrepot.example>."
  type        = string
  default     = "Entrepot <entrepot@localhost>"
}

variable "files_bucket" {
  description = "Name of the bucket with the files of tenants."
  type        = string
}

variable "backups_bucket" {
  description = "Name of the bucket in which revocations are listed, for restores of the database, and in which dumps are, if there are any."
  type        = string
}

variable "dump_version" {
  description = "Version of Postgres whose pg_dump and pg_restore dump and drill the database by the clock, 14 to 18; image is then built of the one with the suffix -operations. 0: no dumps."
  type        = number
  default     = 0

  validation {
    condition     = contains([0, 14, 15, 16, 17, 18], var.dump_version)
    error_message = "The version is 14, 15, 16, 17 or 18, or 0 for no dumps."
  }
}

variable "archive" {
  description = "Whether months of the journal and of webhook attempts that are older than 13 leave the database each day, as Parquet into the bucket of the files. Nodes and workers then keep events until they are archived."
  type        = bool
  default     = false
}

variable "log_group_names" {
  description = "Names of the log groups: node, worker, front, task and metrics (module logs)."
  type        = map(string)

  validation {
    condition     = alltrue([for key in ["node", "worker", "front", "task", "metrics"] : contains(keys(var.log_group_names), key)])
    error_message = "The groups node, worker, front, task and metrics are needed."
  }
}

variable "nodes" {
  description = "Tasks that answer the API: the fewest and the most, 1 to 100."
  type        = object({ min = number, max = number })
  default     = { min = 3, max = 6 }

  validation {
    condition     = var.nodes.min >= 1 && var.nodes.max >= var.nodes.min && var.nodes.max <= 100
    error_message = "There are 1 to 100 nodes, and the most is not less than the fewest."
  }
}

variable "workers" {
  description = "Tasks that do jobs: the fewest and the most, 1 to 50."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 2 }

  validation {
    condition     = var.workers.min >= 1 && var.workers.max >= var.workers.min && var.workers.max <= 50
    error_message = "There are 1 to 50 workers, and the most is not less than the fewest."
  }
}

variable "node_size" {
  description = "CPU units (1,024 is a core) and MiB of memory of a node's task, front and collector included. Fargate takes certain pairs only."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 1024, memory = 2048 }

  validation {
    condition     = contains([512, 1024, 2048, 4096, 8192], var.node_size.cpu) && var.node_size.memory >= 1024
    error_message = "CPU is 512, 1,024, 2,048, 4,096 or 8,192 units, memory at least 1,024 MiB."
  }
}

variable "worker_size" {
  description = "CPU units and MiB of memory of a worker's task and of one-off tasks, collector included."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 512, memory = 1024 }

  validation {
    condition     = contains([512, 1024, 2048, 4096, 8192], var.worker_size.cpu) && var.worker_size.memory >= 1024
    error_message = "CPU is 512, 1,024, 2,048, 4,096 or 8,192 units, memory at least 1,024 MiB."
  }
}

variable "cpu_target" {
  description = "Percent of CPU at which tasks are added, 20 to 90."
  type        = number
  default     = 65

  validation {
    condition     = var.cpu_target >= 20 && var.cpu_target <= 90
    error_message = "There are 20 to 90 percent."
  }
}

variable "sockets_target" {
  description = "Sockets a node on average at which nodes are added, 500 to 20,000."
  type        = number
  default     = 8000

  validation {
    condition     = var.sockets_target >= 500 && var.sockets_target <= 20000
    error_message = "There are 500 to 20,000 sockets."
  }
}

variable "drain_seconds" {
  description = "Seconds between SIGTERM and the end of accepting connections (--drain-seconds), 0 to 30. ECS has taken the task out of the balancer before."
  type        = number
  default     = 5

  validation {
    condition     = var.drain_seconds >= 0 && var.drain_seconds <= 30
    error_message = "There are 0 to 30 seconds."
  }
}

variable "socket_drain_seconds" {
  description = "Seconds over which a node that stops sends its sockets away (--socket-drain-seconds), 0 to 60: with drain_seconds and 30 s it has to fit into Fargate's 120."
  type        = number
  default     = 30

  validation {
    condition     = var.socket_drain_seconds >= 0 && var.socket_drain_seconds <= 60
    error_message = "There are 0 to 60 seconds."
  }
}

variable "deregistration_seconds" {
  description = "Seconds that the balancer leaves connections to a task that goes, 10 to 300: longer than a request (10 s) and than an upload should take. Sockets that are open at the end are cut."
  type        = number
  default     = 30

  validation {
    condition     = var.deregistration_seconds >= 10 && var.deregistration_seconds <= 300
    error_message = "There are 10 to 300 seconds."
  }
}

variable "settings" {
  description = "Further settings of nodes and workers by the names of `entrepot serve --help`, as in { ENTREPOT_JOURNAL_DAYS = \"14\" }. Nothing secret: they can be read in the task definition."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.settings) : startswith(key, "ENTREPOT_")])
    error_message = "Settings begin with ENTREPOT_."
  }
}

variable "prometheus_security_group_id" {
  description = "ID of the security group of a Prometheus in the VPC that may scrape port 9090; null: the collector alone reads metrics, on the loopback address."
  type        = string
  default     = null
}
