# Nodes in three zones behind CloudFront, a database with a standby, nothing of it reachable from outside but CloudFront.

locals {
  nodes   = { min = 3, max = 6 }
  workers = { min = 2, max = 4 }
}

module "secrets" {
  source = "../../modules/secrets"

  name = var.name
}

module "logs" {
  source = "../../modules/logs"

  name        = var.name
  kms_key_arn = module.secrets.kms_key_arn
}

module "network" {
  source = "../../modules/network"

  name               = var.name
  zones              = var.zones
  flow_log_group_arn = module.logs.group_arns["flow"]
}

module "database" {
  source = "../../modules/database"

  name            = var.name
  kms_key_arn     = module.secrets.kms_key_arn
  vpc_id          = module.network.vpc_id
  subnet_ids      = module.network.data_subnet_ids
  instance_class  = "db.r7g.xlarge"
  max_connections = 1500
}

module "cache" {
  source = "../../modules/cache"

  name           = var.name
  kms_key_arn    = module.secrets.kms_key_arn
  vpc_id         = module.network.vpc_id
  subnet_ids     = module.network.data_subnet_ids
  log_group_name = module.logs.group_names["cache"]
}

module "storage" {
  source = "../../modules/storage"

  name        = var.name
  kms_key_arn = module.secrets.kms_key_arn
}

module "service" {
  source = "../../modules/service"

  name                  = var.name
  kms_key_arn           = module.secrets.kms_key_arn
  vpc_id                = module.network.vpc_id
  vpc_cidr              = module.network.cidr
  task_subnet_ids       = module.network.private_subnet_ids
  balancer_subnet_ids   = module.network.private_subnet_ids
  internal              = true
  client_address_header = module.edge.client_address_header
  certificate_arn       = var.certificate_arn
  access_logs_bucket    = module.storage.logs_bucket
  image                 = var.image
  public_url            = "https://${var.host}"
  registration          = "verified"

  database = {
    url                 = module.database.url
    password_secret_arn = module.database.password_secret_arn
    security_group_id   = module.database.security_group_id
    max_connections     = module.database.max_connections
  }
  cache_security_group_id = module.cache.security_group_id
  keys_secret_arn         = module.secrets.keys_secret_arn
  redis_secret_arn        = module.secrets.redis_secret_arn
  mail_secret_arn         = module.secrets.mail_secret_arn
  mail_from               = var.mail_from
  files_bucket            = module.storage.files_bucket
  backups_bucket          = module.storage.backups_bucket
  log_group_names         = module.logs.group_names

  nodes     = local.nodes
  workers   = local.workers
  node_size = { cpu = 2048, memory = 4096 }

  settings = {
    ENTREPOT_CACHE_MIB = "128"
    # Refuse to start where Postgres does not keep tenants apart as well.
    ENTREPOT_ROW_SECURITY = "all"
  }
}

module "firewall" {
  source = "../../modules/firewall"

  name   = var.name
  scope  = "CLOUDFRONT"
  region = "us-east-1"
}

module "edge" {
  source = "../../modules/edge"

  name              = var.name
  host              = var.host
  certificate_arn   = var.edge_certificate_arn
  balancer_arn      = module.service.balancer_arn
  balancer_dns_name = module.service.balancer_dns_name
  firewall_arn      = module.firewall.arn
}

module "alarms" {
  source = "../../modules/alarms"

  name                     = var.name
  kms_key_arn              = module.secrets.kms_key_arn
  page_emails              = var.page_emails
  ticket_emails            = var.ticket_emails
  balancer_arn_suffix      = module.service.balancer_arn_suffix
  target_group_arn_suffix  = module.service.target_group_arn_suffix
  cluster_name             = module.service.cluster_name
  worker_service_name      = module.service.worker_service_name
  metrics_namespace        = module.service.metrics_namespace
  nodes_min                = local.nodes.min
  database_identifier      = module.database.identifier
  database_max_connections = module.database.max_connections
  cache_member_ids         = module.cache.member_ids
  certificate_arns         = { balancer = var.certificate_arn }
}
