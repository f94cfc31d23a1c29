output "id" {
  description = "ID of the replication group, by which the operator sets its token."
  value       = aws_elasticache_replication_group.this.replication_group_id
}

output "member_ids" {
  description = "IDs of the nodes, by which CloudWatch names them."
  value       = [for index in range(var.nodes) : format("%s-%03d", aws_elasticache_replication_group.this.replication_group_id, index + 1)]
}

output "host" {
  description = "Host name of the primary. It stays after a failover."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "security_group_id" {
  description = "ID of the security group, for rules of those who connect."
  value       = aws_security_group.this.id
}
