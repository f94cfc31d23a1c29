# One Postgres with a standby in another zone. Its password is made while Terraform runs and is only in the secret, not in the state.
#
# Row security needs nothing here: the first login of RDS may create the two roles (docs/decisions/0040). RDS Proxy stays out of the way: it
# would hand sessions, and so bound tenants, from one client to another.

locals {
  # Sessions set their own limits when they are opened (docs/RELIABILITY.md); these hold for everybody else, and for what no session can set.
  parameters = {
    "rds.force_ssl"                         = { value = "1", restart = false }
    "max_connections"                       = { value = tostring(var.max_connections), restart = true }
    "shared_preload_libraries"              = { value = "pg_stat_statements", restart = true }
    "password_encryption"                   = { value = "scram-sha-256", restart = false }
    "idle_in_transaction_session_timeout"   = { value = "60000", restart = false }
    "tcp_keepalives_idle"                   = { value = "10", restart = false }
    "tcp_keepalives_interval"               = { value = "5", restart = false }
    "tcp_keepalives_count"                  = { value = "3", restart = false }
    "log_lock_waits"                        = { value = "1", restart = false }
    "log_min_duration_statement"            = { value = "1000", restart = false }
    "log_temp_files"                        = { value = "65536", restart = false }
    "autovacuum_vacuum_scale_factor"        = { value = "0.05", restart = false }
    "autovacuum_vacuum_insert_scale_factor" = { value = "0.05", restart = false }
    # Values of statements are customers' data: the log has the statements alone.
    "log_parameter_max_length"          = { value = "0", restart = false }
    "log_parameter_max_length_on_error" = { value = "0", restart = false }
  }
}

resource "aws_db_subnet_group" "this" {
  name       = "${var.name}-data"
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "Postgres; modules that use it add their own rules"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-database" }
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres${var.engine_version}"
  description = "TLS only, limits, no values in logs"

  dynamic "parameter" {
    for_each = local.parameters

    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.restart ? "pending-reboot" : "immediate"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

ephemeral "random_password" "this" {
  length  = 40
  special = false
}

resource "aws_secretsmanager_secret" "password" {
  #checkov:skip=CKV2_AWS_57:a new password is password_version + 1; rotation behind Terraform's back would lock running tasks out
  name        = "${var.name}/database-password"
  description = "Password of the login entrepot, alone"
  kms_key_id  = var.kms_key_arn

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_secretsmanager_secret_version" "password" {
  secret_id                = aws_secretsmanager_secret.password.id
  secret_string_wo         = ephemeral.random_password.this.result
  secret_string_wo_version = var.password_version
}

# Read back, so that the database gets what the secret has, also after an apply that stopped half way.
ephemeral "aws_secretsmanager_secret_version" "password" {
  secret_id  = aws_secretsmanager_secret_version.password.secret_id
  version_id = aws_secretsmanager_secret_version.password.version_id
}

data "aws_iam_policy_document" "monitoring_assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }
  }
}

data "aws_partition" "this" {}

resource "aws_iam_role" "monitoring" {
  name_prefix        = "${var.name}-rds-"
  assume_role_policy = data.aws_iam_policy_document.monitoring_assume.json
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_161:tasks log in with a password from the secret; the server has no IAM login
  #checkov:skip=CKV_AWS_157:multi_az is the operator's decision; examples/production sets it
  #checkov:skip=CKV_AWS_293:deletion_protection is on unless it is asked for
  #checkov:skip=CKV2_AWS_69:rds.force_ssl is among the parameters, where checkov does not look into a dynamic block; check.py does
  #checkov:skip=CKV2_AWS_30:statements are logged from a second on; all of them would be customers' data
  identifier = var.name

  engine                      = "postgres"
  engine_version              = var.engine_version
  instance_class              = var.instance_class
  multi_az                    = var.multi_az
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  apply_immediately           = false

  storage_type          = "gp3"
  allocated_storage     = var.storage_gib
  max_allocated_storage = var.storage_max_gib
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  db_name             = "entrepot"
  username            = "entrepot"
  password_wo         = ephemeral.aws_secretsmanager_secret_version.password.secret_string
  password_wo_version = var.password_version
  port                = 5432

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.backup_days
  backup_window             = "01:00-02:00"
  maintenance_window        = var.maintenance_window
  copy_tags_to_snapshot     = true
  deletion_protection       = var.deletion_protection
  delete_automated_backups  = false
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"

  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.kms_key_arn
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  lifecycle {
    prevent_destroy = true
  }
}
