output "client_address_header" {
  description = "Header with the client's address, for module service."
  value       = "X-Entrepot-Client"
}

output "distribution_id" {
  description = "ID of the distribution, by which CloudWatch knows it."
  value       = aws_cloudfront_distribution.this.id
}

output "dns_name" {
  description = "Host name of the distribution, for DNS."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "zone_id" {
  description = "Route 53 zone of the distribution's host name, for alias records."
  value       = aws_cloudfront_distribution.this.hosted_zone_id
}
