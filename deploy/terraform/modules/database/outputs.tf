output "identifier" {
  description = "Identifier of the instance, by which CloudWatch names it."
  value       = aws_db_instance.this.identifier
}

output "host" {
  description = "Host name of the primary. It stays after a failover."
  value       = aws_db_instance.this.address
}

output "url" {
  description = "URL of the database without password; sslrootcert is a path inside the image (deploy/terraform/image)."
  value       = "postgres://${aws_db_instance.this.username}@${aws_db_instance.this.address}:${aws_db_instance.this.port}/${aws_db_instance.this.db_name}?sslmode=verify-full&sslrootcert=/etc/entrepot/rds.pem"
}

output "password_secret_arn" {
  description = "ARN of the secret with the password."
  value       = aws_secretsmanager_secret.password.arn
}

output "security_group_id" {
  description = "ID of the security group, for rules of those who connect."
  value       = aws_security_group.this.id
}

output "max_connections" {
  description = "Connections that Postgres takes."
  value       = var.max_connections
}
