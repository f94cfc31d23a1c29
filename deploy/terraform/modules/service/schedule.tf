# Tasks by the clock; one that failed has logged why. Proofs only read: every invariant of the ledger each night, the audit logs each week. What was
# revoked is listed every five minutes, as RDS restores to an earlier moment, which accepts it again: `epoch --revocations` then revokes it. With dump_version
# the database is dumped as well, as by deploy/kubernetes/dumps; with archive old months of the journal leave it, as by deploy/kubernetes/archive. ECS ends no task that takes long: a second one is refused while one is under way.

locals {
  backups     = "s3://${var.backups_bucket}/production"
  pg_programs = "/usr/lib/postgresql/${var.dump_version}/bin"
  dumps = {
    dump  = { command = ["backup", "run", "--backups", local.backups, "--pg-dump", "${local.pg_programs}/pg_dump"], at = "cron(7 0/6 * * ? *)", window = null }
    drill = { command = ["backup", "drill", "--backups", local.backups, "--pg-restore", "${local.pg_programs}/pg_restore"], at = "cron(37 3 ? * WED *)", window = null }
    prune = { command = ["backup", "prune", "--backups", local.backups], at = "cron(37 2 * * ? *)", window = null }
  }
  archive = { archive = { command = ["partitions", "archive"], at = "cron(27 4 * * ? *)", window = null } }
  tasks = merge({ for name, task in local.dumps : name => task if var.dump_version != 0 }, { for name, task in local.archive : name => task if var.archive }, {
    verify      = { command = ["verify"], at = "cron(17 2 * * ? *)", window = 15 }
    audit       = { command = ["audit", "verify"], at = "cron(47 3 ? * SUN *)", window = 15 }
    revocations = { command = ["backup", "revocations", "--backups", local.backups], at = "rate(5 minutes)", window = null }
  })
}

data "aws_iam_policy_document" "scheduler_assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.task.arn_without_revision}:*"]
    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }
  statement {
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }
  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution.arn, aws_iam_role.operator.arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name_prefix        = "${var.name}-clock-"
  assume_role_policy = data.aws_iam_policy_document.scheduler_assume.json
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "run"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_scheduler_schedule" "proof" {
  for_each = local.tasks

  name                         = "${var.name}-${each.key}"
  kms_key_arn                  = var.kms_key_arn
  schedule_expression          = each.value.at
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode                      = each.value.window == null ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = each.value.window
  }

  target {
    arn      = aws_ecs_cluster.this.arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ containerOverrides = [{ name = "entrepot", command = each.value.command }] })

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.task.arn
      launch_type         = "FARGATE"
      platform_version    = "LATEST"
      propagate_tags      = "TASK_DEFINITION"

      network_configuration {
        subnets          = var.task_subnet_ids
        security_groups  = [aws_security_group.task.id]
        assign_public_ip = false
      }
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }
  }
}
