output "balancer_arn" {
  description = "ARN of the balancer."
  value       = aws_lb.this.arn
}

output "balancer_arn_suffix" {
  description = "Name by which CloudWatch knows the balancer."
  value       = aws_lb.this.arn_suffix
}

output "balancer_dns_name" {
  description = "Host name of the balancer, for DNS and for CloudFront."
  value       = aws_lb.this.dns_name
}

output "balancer_zone_id" {
  description = "Route 53 zone of the balancer's host name, for alias records."
  value       = aws_lb.this.zone_id
}

output "target_group_arn_suffix" {
  description = "Name by which CloudWatch knows the nodes behind the balancer."
  value       = aws_lb_target_group.this.arn_suffix
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "node_service_name" {
  description = "Name of the service of nodes."
  value       = aws_ecs_service.node.name
}

output "worker_service_name" {
  description = "Name of the service of workers."
  value       = aws_ecs_service.worker.name
}

output "metrics_namespace" {
  description = "CloudWatch namespace of the server's metrics; their dimension is component: node or worker."
  value       = local.namespace
}

output "run_task" {
  description = "Arguments of `aws ecs run-task` for a task that runs once: migrate, or another command by --overrides (README.md)."
  value = join(" ", [
    "--cluster ${aws_ecs_cluster.this.name}",
    "--task-definition ${aws_ecs_task_definition.task.family}",
    "--launch-type FARGATE",
    "--network-configuration awsvpcConfiguration={subnets=[${join(",", var.task_subnet_ids)}],securityGroups=[${aws_security_group.task.id}],assignPublicIp=DISABLED}",
  ])
}
