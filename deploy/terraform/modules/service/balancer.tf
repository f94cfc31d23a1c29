# An application balancer: TLS, health by /readyz, and an idle time above the 20 s of our pings.

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "HTTPS from clients or from CloudFront"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-balancer" }
}

# Behind a VPC origin only CloudFront of this account reaches the private balancer; the list has all addresses that CloudFront calls from.
data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.internal ? 1 : 0

  name = "com.amazonaws.global.cloudfront.origin-facing"
}

resource "aws_vpc_security_group_ingress_rule" "balancer_cloudfront" {
  count = var.internal ? 1 : 0

  security_group_id = aws_security_group.balancer.id
  description       = "HTTPS from CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront[0].id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "balancer_clients" {
  for_each = var.internal ? toset([]) : toset(var.allowed_cidrs)

  security_group_id = aws_security_group.balancer.id
  description       = "HTTPS from clients"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "Nodes"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}

resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_20:there is no listener on port 80 that could send anybody elsewhere
  #checkov:skip=CKV2_AWS_28:examples/small puts a firewall on it, examples/production on CloudFront before it
  #checkov:skip=CKV_AWS_150:deletion_protection is on unless it is asked for
  name               = var.name
  load_balancer_type = "application"
  internal           = var.internal
  subnets            = var.balancer_subnet_ids
  security_groups    = [aws_security_group.balancer.id]

  # Pings go every 20 s over WebSockets and event streams: a silent connection is a dead one after 75 s.
  idle_timeout               = 75
  client_keep_alive          = 3600
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  xff_header_processing_mode = "append"
  enable_deletion_protection = var.deletion_protection

  access_logs {
    bucket  = var.access_logs_bucket
    prefix  = "balancer"
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:TLS ends at the balancer; security groups let nobody else reach the front's port
  name_prefix = "node-"
  vpc_id      = var.vpc_id
  target_type = "ip"
  protocol    = "HTTP"
  port        = 8080

  deregistration_delay = var.deregistration_seconds
  # Sockets stay for hours: the next one goes where the fewest requests are. Slow start would contradict it.
  load_balancing_algorithm_type = "least_outstanding_requests"

  # Through the front to the node. /readyz asks the database twice a second at most, however many ask.
  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = var.certificate_arn
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "Nodes, workers and one-off tasks"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-task" }
}

resource "aws_vpc_security_group_ingress_rule" "task" {
  security_group_id            = aws_security_group.task.id
  description                  = "The balancer"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}

resource "aws_vpc_security_group_ingress_rule" "prometheus" {
  count = var.prometheus_security_group_id == null ? 0 : 1

  security_group_id            = aws_security_group.task.id
  description                  = "Prometheus"
  referenced_security_group_id = var.prometheus_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
}

# Webhooks, AWS and e-mail. The server itself refuses webhooks to private addresses and to the metadata service.
resource "aws_vpc_security_group_egress_rule" "internet" {
  for_each = toset(["443", "465", "587"])

  security_group_id = aws_security_group.task.id
  description       = "Webhooks, AWS and e-mail"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

resource "aws_vpc_security_group_egress_rule" "database" {
  security_group_id            = aws_security_group.task.id
  description                  = "Postgres"
  referenced_security_group_id = var.database.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "cache" {
  security_group_id            = aws_security_group.task.id
  description                  = "Redis"
  referenced_security_group_id = var.cache_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = var.database.security_group_id
  description                  = "Nodes, workers and one-off tasks of ${var.name}"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "cache" {
  security_group_id            = var.cache_security_group_id
  description                  = "Nodes and workers of ${var.name}"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}
