# Nodes behind a balancer, workers beside them, and tasks that run once or by the clock, all on Fargate.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  region = data.aws_region.this.region
  # Postgres sees this many connections from one process under load (docs/OPERATIONS.md).
  connections_each = 96
  # One task more than the fewest, and never none: while tasks are replaced.
  nodes_percent   = 100 + ceil(100 / var.nodes.min)
  workers_percent = 100 + ceil(100 / var.workers.min)
  most_processes  = floor(var.nodes.max * local.nodes_percent / 100) + floor(var.workers.max * local.workers_percent / 100)
  stop_seconds    = var.drain_seconds + var.socket_drain_seconds + 30
  metrics_listen  = var.prometheus_security_group_id == null ? "127.0.0.1:9090" : "0.0.0.0:9090"
  namespace       = "Entrepot/${var.name}"

  # Shared by nodes, workers and one-off tasks.
  environment = {
    AWS_REGION               = local.region
    ENTREPOT_DATABASE_URL    = var.database.url
    ENTREPOT_KEYS_AWS_SECRET = var.keys_secret_arn
    ENTREPOT_LOG_FORMAT      = "json"
    # A proof reads stored papers as well.
    ENTREPOT_FILES = "s3://${var.files_bucket}/files"
    TMPDIR         = "/var/lib/entrepot"
  }
  process_environment = merge({
    ENTREPOT_METRICS_LISTEN = local.metrics_listen
    ENTREPOT_MAIL_FROM      = var.mail_from
    ENTREPOT_PUBLIC_URL     = var.public_url
    # Nodes and workers that remove events themselves would leave nothing to archive.
  }, var.archive ? { ENTREPOT_JOURNAL_ARCHIVE = "true" } : {}, var.settings)
  node_environment = {
    ENTREPOT_LISTEN               = "127.0.0.1:8081"
    ENTREPOT_PROXIES              = "127.0.0.1"
    ENTREPOT_JOBS                 = "off"
    ENTREPOT_REGISTRATION         = var.registration
    ENTREPOT_DRAIN_SECONDS        = tostring(var.drain_seconds)
    ENTREPOT_SOCKET_DRAIN_SECONDS = tostring(var.socket_drain_seconds)
  }
  database_secrets = { PGPASSWORD = var.database.password_secret_arn }
  process_secrets = merge(
    local.database_secrets,
    { ENTREPOT_REDIS_URL = var.redis_secret_arn },
    var.mail_secret_arn == null ? {} : { ENTREPOT_MAIL = var.mail_secret_arn },
  )
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE"]
}

resource "aws_ecs_service" "node" {
  name             = "${var.name}-node"
  cluster          = aws_ecs_cluster.this.id
  task_definition  = aws_ecs_task_definition.node.arn
  desired_count    = var.nodes.min
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  propagate_tags   = "SERVICE"

  # A replacement is started first and a task ended only when it is healthy: while Postgres is away no task is ended for being unready.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = local.nodes_percent
  health_check_grace_period_seconds  = 120
  availability_zone_rebalancing      = "ENABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.task_subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "front"
    container_port   = 8080
  }

  lifecycle {
    # Autoscaling has the last word.
    ignore_changes = [desired_count]

    precondition {
      condition     = local.most_processes * local.connections_each + 20 <= var.database.max_connections
      error_message = "Nodes and workers, while they are replaced, open up to ${local.most_processes * local.connections_each} connections, and 20 are for people: raise max_connections of the database or allow fewer tasks."
    }
    precondition {
      condition     = local.stop_seconds <= 120
      error_message = "drain_seconds + socket_drain_seconds + 30 has to be within the 120 s that Fargate gives."
    }
    precondition {
      condition     = var.registration != "verified" || var.mail_secret_arn != null
      error_message = "To confirm an address, e-mail has to leave: give mail_secret_arn."
    }
  }

  depends_on = [aws_lb_listener.https]
}

resource "aws_ecs_service" "worker" {
  name             = "${var.name}-worker"
  cluster          = aws_ecs_cluster.this.id
  task_definition  = aws_ecs_task_definition.worker.arn
  desired_count    = var.workers.min
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  propagate_tags   = "SERVICE"

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = local.workers_percent
  availability_zone_rebalancing      = "ENABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.task_subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }

  lifecycle {
    ignore_changes = [desired_count]
  }
}
