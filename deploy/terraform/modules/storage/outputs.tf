output "files_bucket" {
  description = "Name of the bucket with the files of tenants."
  value       = aws_s3_bucket.this["files"].id
}

output "files_bucket_arn" {
  description = "ARN of the bucket with the files of tenants."
  value       = aws_s3_bucket.this["files"].arn
}

output "backups_bucket" {
  description = "Name of the bucket for dumps, exports, archives and lists of revocations."
  value       = aws_s3_bucket.this["backups"].id
}

output "logs_bucket" {
  description = "Name of the bucket with the balancer's logs; the policy is there when this is known."
  value       = aws_s3_bucket_policy.this["logs"].bucket
}
