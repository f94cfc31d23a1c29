# Alarms for who has no Prometheus: what the balancer, AWS and the server tell CloudWatch. The names of docs/runbooks are in the descriptions.
# deploy/prometheus knows more: burn rates of promises, and each process by itself.

locals {
  # Each: where, what, how it is summed up, for how many of how many minutes, beyond what; silence is a fault where a process should speak.
  of_server = {
    lane-full = { page = true, metric = "entrepot_ledger_lane_full_total", component = "node", statistic = "Sum", above = 0, minutes = 1, silence = "notBreaching"
    says = "A lane of the ledger is full and answers OVERLOADED: docs/runbooks/lane-full.md" }
    queue-deep = { page = false, metric = "entrepot_ledger_queue_depth", component = "node", statistic = "Maximum", above = 300, minutes = 1, silence = "notBreaching"
    says = "Commands wait in a lane: docs/runbooks/queue-deep.md" }
    unplanned = { page = false, metric = "entrepot_ledger_batches_unplanned_total", component = "node", statistic = "Sum", above = 6, minutes = 30, silence = "notBreaching"
    says = "Batches are written the slow way: docs/runbooks/unplanned.md" }
    journal-behind = { page = false, metric = "entrepot_journal_lag_events", component = "node", statistic = "Maximum", above = 1000, minutes = 2, silence = "notBreaching"
    says = "Followers are behind: docs/runbooks/journal-behind.md" }
    dead-letters = { page = false, metric = "entrepot_jobs_died_total", component = "worker", statistic = "Sum", above = 0, minutes = 1, silence = "notBreaching"
    says = "A job was given up: docs/runbooks/dead-letters.md" }
    webhooks-disabled = { page = false, metric = "entrepot_webhooks_disabled_total", component = "worker", statistic = "Sum", above = 0, minutes = 1, silence = "notBreaching"
    says = "A webhook endpoint was disabled: docs/runbooks/webhooks-disabled.md" }
    sockets-turned-away = { page = false, metric = "entrepot_sockets_turned_away_total", component = "node", statistic = "Sum", above = 60, minutes = 5, silence = "notBreaching"
    says = "Sockets are turned away: docs/runbooks/sockets-turned-away.md" }
    outgoing-held = { page = false, metric = "entrepot_outgoing_held", component = "worker", statistic = "Maximum", above = 0, minutes = 15, silence = "notBreaching"
    says = "E-mails, webhooks, reports and exports are held since a restore: docs/runbooks/outgoing-held.md" }
    # Without this number nodes are not added for sockets.
    sockets = { page = false, metric = "entrepot_sockets", component = "node", statistic = "Average", above = var.sockets_target * 1.25, minutes = 10, silence = "breaching"
    says = "Nodes have more sockets than they should, or their collector is silent: raise nodes.max, look at the log of metrics" }
  }
}

resource "aws_sns_topic" "this" {
  for_each = toset(["pages", "tickets"])

  name              = "${var.name}-${each.key}"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "pages" {
  for_each = var.page_emails

  topic_arn = aws_sns_topic.this["pages"].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "tickets" {
  for_each = var.ticket_emails

  topic_arn = aws_sns_topic.this["tickets"].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "server" {
  for_each = local.of_server

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = var.metrics_namespace
  metric_name         = each.value.metric
  dimensions          = { component = each.value.component }
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes
  treat_missing_data  = each.value.silence
  alarm_actions       = [aws_sns_topic.this[each.value.page ? "pages" : "tickets"].arn]
  ok_actions          = [aws_sns_topic.this[each.value.page ? "pages" : "tickets"].arn]
}

resource "aws_cloudwatch_metric_alarm" "redis" {
  alarm_name          = "${var.name}-redis-down"
  alarm_description   = "Redis does not answer a node: docs/runbooks/redis-down.md"
  namespace           = var.metrics_namespace
  metric_name         = "entrepot_redis_up"
  dimensions          = { component = "node" }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["tickets"].arn]
  ok_actions          = [aws_sns_topic.this["tickets"].arn]
}

# Two months ahead have their partitions; without those of the next month every change fails from its first moment on.
resource "aws_cloudwatch_metric_alarm" "partitions" {
  for_each = { missing = { below = 2, topic = "tickets" }, next-missing = { below = 1, topic = "pages" } }

  alarm_name          = "${var.name}-partitions-${each.key}"
  alarm_description   = "Fewer than ${each.value.below} months ahead have their partitions: docs/runbooks/partitions-missing.md"
  namespace           = var.metrics_namespace
  metric_name         = "entrepot_partitions_ahead"
  dimensions          = { component = "worker" }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = each.value.below
  period              = 60
  evaluation_periods  = 30
  datapoints_to_alarm = 30
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[each.value.topic].arn]
  ok_actions          = [aws_sns_topic.this[each.value.topic].arn]
}

resource "aws_cloudwatch_metric_alarm" "task_failures" {
  alarm_name          = "${var.name}-task-failures"
  alarm_description   = "A task by the clock has failed, or found the ledger, the audit log or a backup broken: the log of tasks says which; docs/runbooks/task-failures.md"
  namespace           = var.metrics_namespace
  metric_name         = "task_failures"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["pages"].arn]
}

# As deploy/prometheus/rules/kubernetes.yml has it for CronJobs: not done for much longer than its period. Seven days are the longest that an alarm looks back,
# so that the weekly ones, the walk of the audit log and the drill, are only missed where they fail.
locals {
  late = merge({
    verify      = { period = 86400, times = 2 }
    revocations = { period = 300, times = 5 }
  }, var.dumps ? { dump = { period = 21600, times = 3 } } : {})
}

resource "aws_cloudwatch_metric_alarm" "task_late" {
  for_each = local.late

  alarm_name          = "${var.name}-${each.key}-late"
  alarm_description   = "The task ${each.key} has not been done for much longer than its period: docs/runbooks/task-failures.md"
  namespace           = var.metrics_namespace
  metric_name         = "done_${each.key}"
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = each.value.period
  evaluation_periods  = each.value.times
  datapoints_to_alarm = each.value.times
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.this["tickets"].arn]
  ok_actions          = [aws_sns_topic.this["tickets"].arn]
}

resource "aws_cloudwatch_metric_alarm" "jobs" {
  alarm_name          = "${var.name}-jobs-stopped"
  alarm_description   = "No worker has done a job for ten minutes: docs/runbooks/jobs-stopped.md"
  namespace           = var.metrics_namespace
  metric_name         = "entrepot_job_runs_total"
  dimensions          = { component = "worker" }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 10
  datapoints_to_alarm = 10
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.this["pages"].arn]
  ok_actions          = [aws_sns_topic.this["pages"].arn]
}

resource "aws_cloudwatch_metric_alarm" "healthy" {
  alarm_name          = "${var.name}-not-ready"
  alarm_description   = "Fewer nodes are ready than there should be at least: docs/runbooks/not-ready.md"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HealthyHostCount"
  dimensions          = { LoadBalancer = var.balancer_arn_suffix, TargetGroup = var.target_group_arn_suffix }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = var.nodes_min
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.this["pages"].arn]
  ok_actions          = [aws_sns_topic.this["pages"].arn]
}

# GraphQL answers faults with 200 and a code: these are answers that were none. deploy/prometheus has the promise itself.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "More than 1 % of requests end with a status of 500 or above: docs/runbooks/errors.md"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["pages"].arn]
  ok_actions          = [aws_sns_topic.this["pages"].arn]

  metric_query {
    id          = "percent"
    expression  = "IF(requests > 12, 100 * (FILL(nodes, 0) + FILL(balancer, 0)) / requests, 0)"
    label       = "Percent of requests"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { requests = "RequestCount", nodes = "HTTPCode_Target_5XX_Count", balancer = "HTTPCode_ELB_5XX_Count" }

    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        dimensions  = { LoadBalancer = var.balancer_arn_suffix }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "slow" {
  alarm_name          = "${var.name}-slow"
  alarm_description   = "One in a hundred requests takes longer than 1 s: docs/runbooks/mutations-slow.md, queries-slow.md"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  dimensions          = { LoadBalancer = var.balancer_arn_suffix }
  extended_statistic  = "p99"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 15
  datapoints_to_alarm = 10
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["tickets"].arn]
  ok_actions          = [aws_sns_topic.this["tickets"].arn]
}

resource "aws_cloudwatch_metric_alarm" "workers" {
  alarm_name          = "${var.name}-workers"
  alarm_description   = "No worker runs: docs/runbooks/jobs-stopped.md"
  namespace           = "ECS/ContainerInsights"
  metric_name         = "RunningTaskCount"
  dimensions          = { ClusterName = var.cluster_name, ServiceName = var.worker_service_name }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.this["pages"].arn]
  ok_actions          = [aws_sns_topic.this["pages"].arn]
}

resource "aws_cloudwatch_metric_alarm" "log_errors" {
  alarm_name          = "${var.name}-log-errors"
  alarm_description   = "The server logs faults of its own, each with a request_id: docs/runbooks/errors.md"
  namespace           = var.metrics_namespace
  metric_name         = "log_errors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  period              = 300
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["tickets"].arn]
  ok_actions          = [aws_sns_topic.this["tickets"].arn]
}
