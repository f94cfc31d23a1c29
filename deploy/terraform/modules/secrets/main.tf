# A KMS key, and secrets without values: nobody but the operator (README.md) and module database writes one.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  secrets = {
    keys  = "Lines of `entrepot keys new`, which seal fields in the database. Lost, what is sealed is lost: keep a copy apart from AWS."
    redis = "rediss://:PASSWORD@HOST:6379"
    mail  = "smtp://USER:PASSWORD@HOST:PORT"
  }
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:the account's own IAM policies decide who may use the key, as AWS recommends
  #checkov:skip=CKV_AWS_111:the account's own IAM policies decide who may use the key, as AWS recommends
  #checkov:skip=CKV_AWS_356:in the policy of a key the resource is this key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["logs.${data.aws_region.this.region}.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${data.aws_partition.this.partition}:logs:${data.aws_region.this.region}:${local.account}:log-group:/${var.name}/*"]
    }
  }

  # Alarms are sent through topics that are encrypted with this key.
  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Everything of ${var.name} at rest"
  enable_key_rotation     = true
  deletion_window_in_days = var.recovery_days
  policy                  = data.aws_iam_policy_document.key.json

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:keys are rotated by `entrepot keys rotate`, the others by the operator (README.md)
  for_each = local.secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_days

  lifecycle {
    prevent_destroy = true
  }
}
