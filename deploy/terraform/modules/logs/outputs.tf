output "group_names" {
  description = "Names of the log groups by what writes them: node, worker, front, task, metrics, cache, flow."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "group_arns" {
  description = "ARNs of the log groups by what writes them."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.arn }
}
