# Three buckets: files of tenants, backups (dumps, exports, archives), and logs of the balancer. None is public, all have versions.

data "aws_caller_identity" "this" {}

locals {
  buckets = ["files", "backups", "logs"]
  # S3's own key: the balancer cannot write to a bucket with another one.
  own_key = ["files", "backups"]
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:reads of files are in the server's log; the bucket of logs does not log itself
  #checkov:skip=CKV_AWS_144:another region is the operator's decision (README.md)
  #checkov:skip=CKV_AWS_145:files and backups have a key of their own, logs cannot
  #checkov:skip=CKV2_AWS_6:checkov follows one bucket of for_each; check.py holds it for all
  #checkov:skip=CKV_AWS_19:checkov follows one bucket of for_each; check.py holds it for all
  #checkov:skip=CKV_AWS_21:checkov follows one bucket of for_each; check.py holds it for all
  #checkov:skip=CKV2_AWS_62:nothing listens to objects
  for_each = toset(local.buckets)

  bucket_prefix = "${var.name}-${each.key}-"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = contains(local.own_key, each.key) ? "aws:kms" : "AES256"
      kms_master_key_id = contains(local.own_key, each.key) ? var.kms_key_arn : null
    }
  }
}

# Files live as long as their rows in the database, which delete them.
resource "aws_s3_bucket_lifecycle_configuration" "files" {
  bucket = aws_s3_bucket.this["files"].id

  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.old_versions_days
    }
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.this["backups"].id

  rule {
    id     = "age"
    status = "Enabled"
    filter {}
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    expiration {
      days = var.backup_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.this["logs"].id

  rule {
    id     = "age"
    status = "Enabled"
    filter {}
    expiration {
      days = var.access_log_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 7
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

data "aws_iam_policy_document" "bucket" {
  for_each = aws_s3_bucket.this

  statement {
    sid       = "OnlyTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "logs" ? ["balancer"] : []

    content {
      sid       = "Balancer"
      actions   = ["s3:PutObject"]
      resources = ["${each.value.arn}/balancer/AWSLogs/${data.aws_caller_identity.this.account_id}/*"]
      principals {
        type        = "Service"
        identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
