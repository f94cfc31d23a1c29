# Redis for rate limits, shared rows and hints. It may be lost at any moment: there are no backups, and keys go when memory is full.

resource "aws_elasticache_subnet_group" "this" {
  name       = "${var.name}-cache"
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-cache"
  description = "Redis; modules that use it add their own rules"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-cache" }
}

resource "aws_elasticache_parameter_group" "this" {
  name        = "${var.name}-redis7"
  family      = "redis7"
  description = "Forgets what was used least when memory is full"

  parameter {
    name  = "maxmemory-policy"
    value = "allkeys-lru"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# The first token, which is in the state, is for no one: the operator sets another before the first node starts (README.md), and this
# module leaves it alone from then on. The provider has no argument for a token that it does not store.
resource "random_password" "first" {
  length  = 40
  special = false
}

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV2_AWS_50:with one node there is none to take over; examples/production has two
  #checkov:skip=CKV_AWS_31:the token is set, and changed outside of Terraform
  replication_group_id = "${var.name}-cache"
  description          = "Rate limits and hints of ${var.name}"

  engine                     = "redis"
  engine_version             = var.engine_version
  node_type                  = var.node_type
  port                       = 6379
  num_cache_clusters         = var.nodes
  automatic_failover_enabled = var.nodes > 1
  multi_az_enabled           = var.nodes > 1
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.this.id]

  at_rest_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = random_password.first.result
  auth_token_update_strategy = "SET"

  snapshot_retention_limit   = 0
  auto_minor_version_upgrade = true
  apply_immediately          = true
  maintenance_window         = "sun:04:00-sun:05:00"

  log_delivery_configuration {
    destination      = var.log_group_name
    destination_type = "cloudwatch-logs"
    log_format       = "json"
    log_type         = "slow-log"
  }

  lifecycle {
    ignore_changes = [auth_token, auth_token_update_strategy]
  }
}
