output "kms_key_arn" {
  description = "ARN of the KMS key."
  value       = aws_kms_key.this.arn
}

output "keys_secret_arn" {
  description = "ARN of the secret with the keys that fields are sealed with. The operator writes it."
  value       = aws_secretsmanager_secret.this["keys"].arn
}

output "redis_secret_arn" {
  description = "ARN of the secret with the URL of Redis. The operator writes it."
  value       = aws_secretsmanager_secret.this["redis"].arn
}

output "mail_secret_arn" {
  description = "ARN of the secret with the URL of the mail server. The operator writes it if e-mail is sent."
  value       = aws_secretsmanager_secret.this["mail"].arn
}
