# Postgres, Redis and certificates.

locals {
  gib = 1024 * 1024 * 1024

  of_database = {
    database-disk = { page = true, metric = "FreeStorageSpace", below = var.database_free_gib * local.gib, minutes = 5
    says = "Postgres runs out of disk: docs/runbooks/disk-full.md" }
    database-memory = { page = false, metric = "FreeableMemory", below = 0.25 * local.gib, minutes = 15
    says = "Postgres runs out of memory: a larger instance, or fewer connections" }
    database-cpu = { page = false, metric = "CPUUtilization", above = 80, minutes = 15
    says = "Postgres is busy: docs/SCALING.md says when to move on" }
    database-connections = { page = false, metric = "DatabaseConnections", above = 0.9 * var.database_max_connections, minutes = 5
    says = "Connections run out: docs/runbooks/connections-busy.md" }
    database-queue = { page = false, metric = "DiskQueueDepth", above = 32, minutes = 15
    says = "Postgres waits for its disk: docs/runbooks/commits-slow.md" }
    # Two thousand million transactions are the end; autovacuum begins at 200 million.
    database-transactions = { page = true, metric = "MaximumUsedTransactionIDs", above = 1000000000, minutes = 1
    says = "Transaction IDs run out, since autovacuum does not come through: look for old transactions and slots" }
  }

  of_cache = merge([for id in var.cache_member_ids : {
    "cache-cpu-${id}"    = { id = id, metric = "EngineCPUUtilization", above = 80, says = "Redis is busy: a larger node" }
    "cache-memory-${id}" = { id = id, metric = "DatabaseMemoryUsagePercentage", above = 90, says = "Redis forgets what it should share: a larger node, or less --cache-mib" }
  }]...)
}

resource "aws_cloudwatch_metric_alarm" "database" {
  for_each = local.of_database

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  dimensions          = { DBInstanceIdentifier = var.database_identifier }
  statistic           = "Average"
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  period              = 60
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.this[each.value.page ? "pages" : "tickets"].arn]
  ok_actions          = [aws_sns_topic.this[each.value.page ? "pages" : "tickets"].arn]
}

resource "aws_cloudwatch_metric_alarm" "cache" {
  for_each = local.of_cache

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = "AWS/ElastiCache"
  metric_name         = each.value.metric
  dimensions          = { CacheClusterId = each.value.id }
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 15
  datapoints_to_alarm = 15
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.this["tickets"].arn]
  ok_actions          = [aws_sns_topic.this["tickets"].arn]
}

resource "aws_cloudwatch_metric_alarm" "certificate" {
  for_each = var.certificate_arns

  alarm_name          = "${var.name}-certificate-${each.key}"
  alarm_description   = "A certificate ends within 14 days: docs/runbooks/certificate.md"
  namespace           = "AWS/CertificateManager"
  metric_name         = "DaysToExpiry"
  dimensions          = { CertificateArn = each.value }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 14
  period              = 86400
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.this["tickets"].arn]
  ok_actions          = [aws_sns_topic.this["tickets"].arn]
}
