# A firewall that lets GraphQL through. Rules of AWS that look at bodies and query strings take GraphQL's quotes, comments and braces for
# attacks, and one blocks every body above 8 KiB: they count on /graphql and /files/, and block elsewhere, where the server takes no bodies
# but reports of leaked keys. The server's limit of 1 MiB and its bound parameters are what protects GraphQL.

locals {
  # Paths below which counted rules do not block.
  open_paths = ["/graphql", "/files/"]

  # Managed groups of which rules count instead of blocking, and the labels that they put on.
  groups = {
    AWSManagedRulesCommonRuleSet = {
      priority = 20
      label    = "awswaf:managed:aws:core-rule-set:"
      counted = [
        "SizeRestrictions_BODY", "SizeRestrictions_QUERYSTRING",
        "CrossSiteScripting_BODY", "CrossSiteScripting_QUERYARGUMENTS",
        "GenericLFI_BODY", "GenericLFI_QUERYARGUMENTS",
        "GenericRFI_BODY", "GenericRFI_QUERYARGUMENTS",
        "EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_QUERYARGUMENTS",
        "RestrictedExtensions_QUERYARGUMENTS",
        # WebSocket clients outside of browsers often send none.
        "NoUserAgent_HEADER",
      ]
    }
    AWSManagedRulesSQLiRuleSet = {
      priority = 22
      label    = "awswaf:managed:aws:sql-database:"
      counted  = ["SQLi_BODY", "SQLiExtendedPatterns_BODY", "SQLi_QUERYARGUMENTS", "SQLiExtendedPatterns_QUERYARGUMENTS"]
    }
  }
}

resource "aws_wafv2_web_acl" "this" {
  region      = var.region
  name        = var.name
  description = "Rates, and managed rules that let GraphQL through"
  scope       = var.scope

  default_action {
    allow {}
  }

  # CloudFront shows 16 KiB of a body without extra charge; a balancer shows 8 KiB and cannot be told otherwise.
  dynamic "association_config" {
    for_each = var.scope == "CLOUDFRONT" ? ["body"] : []

    content {
      request_body {
        cloudfront {
          default_size_inspection_limit = "KB_16"
        }
      }
    }
  }

  rule {
    name     = "rate-anonymous"
    priority = 10

    action {
      block {
        custom_response {
          response_code = 429
          response_header {
            name  = "Retry-After"
            value = "60"
          }
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.anonymous_requests
        evaluation_window_sec = 300
        aggregate_key_type    = "IP"

        scope_down_statement {
          not_statement {
            statement {
              or_statement {
                statement {
                  size_constraint_statement {
                    comparison_operator = "GT"
                    size                = 0
                    field_to_match {
                      single_header {
                        name = "authorization"
                      }
                    }
                    text_transformation {
                      priority = 0
                      type     = "NONE"
                    }
                  }
                }
                statement {
                  size_constraint_statement {
                    comparison_operator = "GT"
                    size                = 0
                    field_to_match {
                      single_header {
                        name = "cookie"
                      }
                    }
                    text_transformation {
                      priority = 0
                      type     = "NONE"
                    }
                  }
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate-anonymous"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "rate"
    priority = 11

    action {
      block {
        custom_response {
          response_code = 429
          response_header {
            name  = "Retry-After"
            value = "60"
          }
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.requests
        evaluation_window_sec = 300
        aggregate_key_type    = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "reputation"
    priority = 15

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-reputation"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "known-bad-inputs"
    priority = 16

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-known-bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  dynamic "rule" {
    for_each = local.groups

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "rule_action_override" {
            for_each = toset(rule.value.counted)

            content {
              name = rule_action_override.value
              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  # Requests that were counted are blocked elsewhere. A request that a rule of the group blocked never comes this far.
  dynamic "rule" {
    for_each = local.groups

    content {
      name     = "${rule.key}-elsewhere"
      priority = rule.value.priority + 10

      action {
        block {}
      }

      statement {
        and_statement {
          statement {
            label_match_statement {
              scope = "NAMESPACE"
              key   = rule.value.label
            }
          }

          dynamic "statement" {
            for_each = toset(local.open_paths)

            content {
              not_statement {
                statement {
                  byte_match_statement {
                    search_string         = statement.value
                    positional_constraint = "STARTS_WITH"
                    field_to_match {
                      uri_path {}
                    }
                    text_transformation {
                      priority = 0
                      type     = "NONE"
                    }
                  }
                }
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}-elsewhere"
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    # Samples would show tokens to everybody who may read the console.
    sampled_requests_enabled = false
  }
}

resource "aws_wafv2_web_acl_association" "balancer" {
  count = var.scope == "REGIONAL" ? 1 : 0

  region       = var.region
  resource_arn = var.balancer_arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn

  lifecycle {
    precondition {
      condition     = var.balancer_arn != null
      error_message = "A firewall of a region needs the balancer that it protects: give balancer_arn."
    }
  }
}

# AWS demands the beginning of this name.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:log_days says how long; the log has clients' addresses
  #checkov:skip=CKV_AWS_158:in us-east-1 the key of the deployment is not to be had; tokens and cookies are taken out before
  region            = var.region
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_days
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  region                  = var.region
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this.arn]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }
  redacted_fields {
    single_header {
      name = "cookie"
    }
  }
  # Event streams carry their token in the query where a browser cannot set a header.
  redacted_fields {
    query_string {}
  }

  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"
      condition {
        action_condition {
          action = "BLOCK"
        }
      }
      condition {
        action_condition {
          action = "COUNT"
        }
      }
    }
  }
}
