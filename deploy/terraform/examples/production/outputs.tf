output "dns_name" {
  description = "Host name that host has to lead to (CNAME or alias)."
  value       = module.edge.dns_name
}

output "run_task" {
  description = "Arguments of `aws ecs run-task` for migrate and other commands."
  value       = module.service.run_task
}

output "cache" {
  description = "Redis, for the operator who sets its token: ID and host."
  value       = { id = module.cache.id, host = module.cache.host }
}
