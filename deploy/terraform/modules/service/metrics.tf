# The collector of each task sends these to CloudWatch: only what is scaled by or alarmed on, since each name is paid for. All others are at
# /metrics for a Prometheus (deploy/prometheus).

locals {
  metric_names = [
    "entrepot_sockets",
    "entrepot_ledger_queue_depth",
    "entrepot_ledger_lane_full_total",
    "entrepot_ledger_batches_unplanned_total",
    "entrepot_journal_lag_events",
    "entrepot_jobs_died_total",
    "entrepot_job_runs_total",
    "entrepot_redis_up",
    "entrepot_webhooks_disabled_total",
    "entrepot_sockets_turned_away_total",
    "entrepot_partitions_ahead",
    "entrepot_outgoing_held",
  ]

  collector_config = { for kind in ["node", "worker"] : kind => yamlencode({
    receivers = {
      prometheus = {
        config = {
          scrape_configs = [{
            job_name        = "entrepot"
            scrape_interval = "30s"
            static_configs  = [{ targets = ["127.0.0.1:9090"], labels = { component = kind } }]
            metric_relabel_configs = [{
              source_labels = ["__name__"]
              regex         = join("|", local.metric_names)
              action        = "keep"
            }]
          }]
        }
      }
    }
    exporters = {
      awsemf = {
        region                  = local.region
        namespace               = local.namespace
        log_group_name          = var.log_group_names.metrics
        log_stream_name         = "${kind}-{TaskId}"
        dimension_rollup_option = "NoDimensionRollup"
        resource_to_telemetry_conversion = {
          enabled = false
        }
        # One series for all tasks of a kind: its average is that of a task, its maximum the worst one.
        metric_declarations = [{
          dimensions            = [["component"]]
          metric_name_selectors = ["^entrepot_.*"]
        }]
      }
    }
    service = {
      pipelines = {
        metrics = {
          receivers = ["prometheus"]
          exporters = ["awsemf"]
        }
      }
    }
  }) }
}
