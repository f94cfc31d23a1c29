# CloudFront before a private balancer: TLS near the client, and a firewall before anything of ours. It caches nothing.

resource "aws_cloudfront_vpc_origin" "this" {
  vpc_origin_endpoint_config {
    name                   = var.name
    arn                    = var.balancer_arn
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = "https-only"

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }
}

data "aws_cloudfront_cache_policy" "none" {
  name = "Managed-CachingDisabled"
}

# Host, Origin, Authorization, cookies, Sec-WebSocket-…, and query strings, as the client sent them.
data "aws_cloudfront_origin_request_policy" "all" {
  name = "Managed-AllViewer"
}

# X-Forwarded-For behind CloudFront ends with addresses of CloudFront, which change. This header has the client's address alone, and
# whatever a client sent under its name is written over.
resource "aws_cloudfront_function" "client" {
  name    = "${var.name}-client"
  runtime = "cloudfront-js-2.0"
  publish = true
  comment = "The client's address, for rate limits"
  code    = <<-EOT
    function handler(event) {
      event.request.headers['x-entrepot-client'] = { value: event.viewer.ip };
      return event.request;
    }
  EOT
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_86:the balancer logs each request, the firewall each that was blocked
  #checkov:skip=CKV_AWS_305:an API has no page at its root
  #checkov:skip=CKV_AWS_310:there is one origin, in three zones
  #checkov:skip=CKV_AWS_374:no country is kept out
  #checkov:skip=CKV2_AWS_32:the server sets security headers itself
  #checkov:skip=CKV2_AWS_47:module firewall has the rules for known bad inputs, Log4j among them
  enabled         = true
  is_ipv6_enabled = true
  comment         = var.name
  aliases         = [var.host]
  http_version    = "http2and3"
  price_class     = var.price_class
  web_acl_id      = var.firewall_arn

  origin {
    origin_id   = "balancer"
    domain_name = var.balancer_dns_name

    vpc_origin_config {
      vpc_origin_id            = aws_cloudfront_vpc_origin.this.id
      origin_keepalive_timeout = 60
      # Event streams send something every 20 s.
      origin_read_timeout = 60
    }
  }

  default_cache_behavior {
    target_origin_id         = "balancer"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = data.aws_cloudfront_cache_policy.none.id
    origin_request_policy_id = data.aws_cloudfront_origin_request_policy.all.id
    compress                 = false

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.client.arn
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
}
