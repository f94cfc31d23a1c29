output "pages_topic_arn" {
  description = "ARN of the topic for what cannot wait."
  value       = aws_sns_topic.this["pages"].arn
}

output "tickets_topic_arn" {
  description = "ARN of the topic for what can wait until morning."
  value       = aws_sns_topic.this["tickets"].arn
}
