# One log group for each kind of process, so that each has its own readers and its own bill.

locals {
  groups = ["node", "worker", "front", "task", "metrics", "cache", "flow"]
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:retention_days says how long; below a year is the operator's decision
  for_each = toset(local.groups)

  name              = "/${var.name}/${each.key}"
  retention_in_days = var.retention_days
  kms_key_id        = var.kms_key_arn
}

# Faults of ours, as numbers: the server logs each once, at level ERROR, as JSON. Of tasks by the clock also what they find: proofs print what is BROKEN.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = {
    node   = { pattern = "{ $.level = \"ERROR\" }", metric = "log_errors" }
    worker = { pattern = "{ $.level = \"ERROR\" }", metric = "log_errors" }
    task   = { pattern = "?BROKEN ?ERROR", metric = "task_failures" }
  }

  name           = "${var.name}-${each.key}-errors"
  log_group_name = aws_cloudwatch_log_group.this[each.key].name
  pattern        = each.value.pattern

  metric_transformation {
    name          = each.value.metric
    namespace     = "Entrepot/${var.name}"
    value         = "1"
    default_value = "0"
  }
}

# What tasks by the clock print when they are done. A task that was never started, or was ended from outside, prints nothing: module alarms misses it.
resource "aws_cloudwatch_log_metric_filter" "done" {
  for_each = {
    verify      = "\"invariants hold over\""
    revocations = "\"revocation(s) are new in\""
    dump        = "\"not included: the keys\""
  }

  name           = "${var.name}-${each.key}-done"
  log_group_name = aws_cloudwatch_log_group.this["task"].name
  pattern        = each.value

  metric_transformation {
    name      = "done_${each.key}"
    namespace = "Entrepot/${var.name}"
    value     = "1"
  }
}
