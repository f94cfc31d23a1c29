# Two nodes and a worker, a database without a standby, a balancer that clients call directly: for a trial, or for shops that can wait for a
# restore. Nothing of it has to be made anew to become examples/production.

module "secrets" {
  source = "../../modules/secrets"

  name = var.name
}

module "logs" {
  source = "../../modules/logs"

  name           = var.name
  kms_key_arn    = module.secrets.kms_key_arn
  retention_days = 90
}

module "network" {
  source = "../../modules/network"

  name                = var.name
  zones               = var.zones
  nat_gateways        = 1
  interface_endpoints = []
  flow_log_group_arn  = module.logs.group_arns["flow"]
}

module "database" {
  source = "../../modules/database"

  name            = var.name
  kms_key_arn     = module.secrets.kms_key_arn
  vpc_id          = module.network.vpc_id
  subnet_ids      = module.network.data_subnet_ids
  instance_class  = "db.t4g.medium"
  multi_az        = false
  storage_gib     = 50
  storage_max_gib = 200
  max_connections = 600
  backup_days     = 14
}

module "cache" {
  source = "../../modules/cache"

  name           = var.name
  kms_key_arn    = module.secrets.kms_key_arn
  vpc_id         = module.network.vpc_id
  subnet_ids     = module.network.data_subnet_ids
  node_type      = "cache.t4g.micro"
  nodes          = 1
  log_group_name = module.logs.group_names["cache"]
}

module "storage" {
  source = "../../modules/storage"

  name        = var.name
  kms_key_arn = module.secrets.kms_key_arn
}

module "service" {
  source = "../../modules/service"

  name                = var.name
  kms_key_arn         = module.secrets.kms_key_arn
  vpc_id              = module.network.vpc_id
  vpc_cidr            = module.network.cidr
  task_subnet_ids     = module.network.private_subnet_ids
  balancer_subnet_ids = module.network.public_subnet_ids
  certificate_arn     = var.certificate_arn
  access_logs_bucket  = module.storage.logs_bucket
  image               = var.image
  public_url          = "https://${var.host}"

  database = {
    url                 = module.database.url
    password_secret_arn = module.database.password_secret_arn
    security_group_id   = module.database.security_group_id
    max_connections     = module.database.max_connections
  }
  cache_security_group_id = module.cache.security_group_id
  keys_secret_arn         = module.secrets.keys_secret_arn
  redis_secret_arn        = module.secrets.redis_secret_arn
  files_bucket            = module.storage.files_bucket
  backups_bucket          = module.storage.backups_bucket
  log_group_names         = module.logs.group_names

  nodes   = { min = 2, max = 2 }
  workers = { min = 1, max = 1 }
}

module "firewall" {
  source = "../../modules/firewall"

  name         = var.name
  scope        = "REGIONAL"
  region       = var.region
  balancer_arn = module.service.balancer_arn
}

module "alarms" {
  source = "../../modules/alarms"

  name                     = var.name
  kms_key_arn              = module.secrets.kms_key_arn
  page_emails              = var.page_emails
  balancer_arn_suffix      = module.service.balancer_arn_suffix
  target_group_arn_suffix  = module.service.target_group_arn_suffix
  cluster_name             = module.service.cluster_name
  worker_service_name      = module.service.worker_service_name
  metrics_namespace        = module.service.metrics_namespace
  nodes_min                = 2
  database_identifier      = module.database.identifier
  database_max_connections = module.database.max_connections
  database_free_gib        = 10
  cache_member_ids         = module.cache.member_ids
  certificate_arns         = { balancer = var.certificate_arn }
}
