#!/usr/bin/env python3
"""Writes the dashboards beside it from one list; with --check it compares them instead and ends with 1 when one differs.

A panel: title, unit, threshold or None, [(expression, legend)]. The names are checked by ../prometheus/check_names.py.
"""

import argparse
import json
import pathlib
import sys

J = 'job="entrepot"'
OPERATION = "entrepot_graphql_operation_duration_seconds"
WITH_EXEMPLARS = ["http_server_request_duration_seconds", OPERATION, "entrepot_ledger_commit_seconds", "entrepot_stream_lag_seconds"]


def p99(metric, by="", labels=J):
    return f"histogram_quantile(0.99, sum by (le{by}) (rate({metric}_bucket{{{labels}}}[5m])))"


BOARDS = {
    "promises": ("Entrepot: promises", [
        ("Operations by outcome", "ops", None, [(f"sum by (outcome) (rate({OPERATION}_count{{{J}}}[5m]))", "{{outcome}}")]),
        ("Errors, share of operations", "percentunit", 0.001, [("entrepot:errors:ratio_rate5m", "5 min"), ("entrepot:errors:ratio_rate1h", "1 h"), ("entrepot:errors:ratio_rate1d", "1 d")]),
        ("p99 by type", "s", 0.25, [(p99(OPERATION, ", type"), "{{type}}")]),
        ("Slow, share of mutations and queries", "percentunit", 0.01, [("entrepot:mutations_slow:ratio_rate1h", "mutations"), ("entrepot:queries_slow:ratio_rate1h", "queries")]),
        ("HTTP by status", "reqps", None, [(f"sum by (status) (rate(http_server_request_duration_seconds_count{{{J}}}[5m]))", "{{status}}")]),
        ("Refused documents, user errors", "ops", None, [(f"sum by (code) (rate(entrepot_graphql_documents_refused_total{{{J}}}[5m]))", "{{code}}"), (f"sum(rate(entrepot_graphql_user_errors_total{{{J}}}[5m]))", "user errors")]),
        ("Points of cost an operation", "short", None, [(f"sum(rate(entrepot_graphql_operation_cost_points_sum{{{J}}}[5m])) / sum(rate(entrepot_graphql_operation_cost_points_count{{{J}}}[5m]))", "mean")]),
        ("Uses of what is deprecated (1 d)", "short", None, [(f"sum by (coordinate) (increase(entrepot_graphql_deprecated_uses_total{{{J}}}[1d])) > 0", "{{coordinate}}")]),
        ("Kept out", "ops", None, [(f"sum by (code) (rate(entrepot_budget_refusals_total{{{J}}}[5m]))", "{{code}}"), (f"sum by (result) (rate(entrepot_auth_attempts_total{{{J}}}[5m]))", "auth {{result}}"), (f"sum by (reason) (rate(entrepot_requests_shed_total{{{J}}}[5m]))", "OVERLOADED, {{reason}}")]),
    ]),
    "ledger": ("Entrepot: ledger and jobs", [
        ("Commands waiting, by lane", "short", 300, [(f"entrepot_ledger_queue_depth{{{J}}}", "{{instance}} {{lane}}")]),
        ("Transactions, p99 by way", "s", 1, [(p99("entrepot_ledger_commit_seconds", ", way"), "{{way}}")]),
        ("Commands a transaction", "short", None, [(f"sum(rate(entrepot_ledger_batch_size_sum{{{J}}}[5m])) / sum(rate(entrepot_ledger_batch_size_count{{{J}}}[5m]))", "mean")]),
        ("OVERLOADED, overtaken, unplanned", "ops", None, [(f"sum(rate(entrepot_ledger_lane_full_total{{{J}}}[5m]))", "lane full"), (f"sum(rate(entrepot_ledger_batches_overtaken_total{{{J}}}[5m]))", "overtaken"), (f"sum(rate(entrepot_ledger_batches_unplanned_total{{{J}}}[5m]))", "unplanned")]),
        ("Runs of jobs", "ops", None, [(f"sum by (result) (rate(entrepot_job_runs_total{{{J}}}[5m]))", "{{result}}")]),
        ("Dead letters, jobs taken over (1 h)", "short", 1, [(f"sum(increase(entrepot_jobs_died_total{{{J}}}[1h]))", "dead letters"), (f"sum(increase(entrepot_jobs_taken_over_total{{{J}}}[1h]))", "taken over")]),
        ("Jobs, p99", "s", None, [(p99("entrepot_job_duration_seconds", ", exported_job"), "{{exported_job}}")]),
        ("Runs of export schedules (1 h)", "short", None, [(f"sum by (result) (increase(entrepot_export_schedule_runs_total{{{J}}}[1h]))", "{{result}}")]),
        ("Tenants set aside (1 h)", "short", None, [(f"sum by (instance) (increase(entrepot_ledger_tenants_set_aside_total{{{J}}}[1h]))", "{{instance}}")]),
        ("Jobs that a process runs", "short", None, [(f"entrepot_jobs_held{{{J}}}", "{{instance}}")]),
        ("Webhook attempts", "ops", None, [(f"sum by (result) (rate(entrepot_webhook_attempts_total{{{J}}}[5m]))", "{{result}}")]),
    ]),
    "streams": ("Entrepot: streams", [
        ("Sockets", "short", 8000, [(f"entrepot_sockets{{{J}}}", "{{instance}}")]),
        ("Subscriptions and executions", "short", None, [(f"sum(entrepot_stream_subscriptions{{{J}}})", "subscriptions"), (f"sum(entrepot_stream_executions{{{J}}})", "executions")]),
        ("From recorded to handed on, p99", "s", 1, [(p99("entrepot_stream_lag_seconds"), "p99")]),
        ("Tenants that are followed", "short", None, [(f"entrepot_journal_followed_tenants{{{J}}}", "{{instance}}")]),
        ("Resets and catch-ups", "ops", None, [(f"sum by (reason) (rate(entrepot_stream_resets_total{{{J}}}[5m]))", "reset {{reason}}"), (f"sum by (from) (rate(entrepot_stream_catchups_total{{{J}}}[5m]))", "from {{from}}")]),
        ("Hints", "ops", None, [(f"sum by (what) (rate(entrepot_hints_total{{{J}}}[5m]))", "{{what}}"), (f"sum(rate(entrepot_journal_found_by_poll_total{{{J}}}[5m]))", "found by poll")]),
        ("Redis", "bool_on_off", None, [(f"entrepot_redis_up{{{J}}}", "{{instance}}")]),
    ]),
    "processes": ("Entrepot: database and processes", [
        ("Connections in use", "percentunit", 0.9, [(f"(entrepot_database_connections_open{{{J}}} - entrepot_database_connections_idle{{{J}}}) / entrepot_database_connections_most{{{J}}}", "{{instance}} {{pool}}")]),
        ("Statements", "ops", None, [(f"sum by (instance) (rate(entrepot_database_statements_total{{{J}}}[5m]))", "{{instance}}")]),
        ("Processors in use", "short", None, [(f"rate(entrepot_process_cpu_milliseconds_total{{{J}}}[5m]) / 1000", "{{instance}}")]),
        ("Memory", "bytes", None, [(f"process_resident_memory_bytes{{{J}}}", "{{instance}}")]),
        ("Open files and sockets", "short", None, [(f"process_open_fds{{{J}}}", "{{instance}}"), (f"process_max_fds{{{J}}}", "at most {{instance}}")]),
        ("Processes by version", "short", None, [(f"count by (version) (entrepot_build_info{{{J}}})", "{{version}}")]),
        ("Cache hits", "percentunit", None, [(f'sum by (cache) (rate(entrepot_cache_lookups_total{{{J}, result="hit"}}[5m])) / sum by (cache) (rate(entrepot_cache_lookups_total{{{J}}}[5m]))', "{{cache}}")]),
        ("Slow operations and statements (1 h)", "short", None, [(f"sum by (type) (increase(entrepot_slow_operations_total{{{J}}}[1h]))", "{{type}}"), (f"sum(increase(entrepot_slow_statements_total{{{J}}}[1h]))", "outside of operations")]),
        ("Panics, spans that no collector got (1 h)", "short", 1, [(f"sum by (instance) (increase(entrepot_panics_total{{{J}}}[1h]))", "panics {{instance}}"), (f"sum by (instance) (increase(entrepot_traces_dropped_total{{{J}}}[1h]))", "spans {{instance}}")]),
        ("Free disk", "percentunit", None, [('node_filesystem_avail_bytes{job="node"} / node_filesystem_size_bytes{job="node"}', "{{instance}} {{mountpoint}}")]),
    ]),
    # The newest of all processes counts, as for the alarms: each tells what the database's log of backups says.
    "backups": ("Entrepot: backups", [
        ("Age of the last backup", "s", None, [(f"time() - max(entrepot_backup_last_success_timestamp_seconds{{{J}}} > 0)", "age"), (f"2 * max(entrepot_backup_interval_seconds{{{J}}})", "late from here on")]),
        ("Age of the last drill", "s", None, [(f"time() - max(entrepot_backup_drill_last_success_timestamp_seconds{{{J}}} > 0)", "age"), (f"2 * max(entrepot_backup_drill_interval_seconds{{{J}}})", "late from here on")]),
        ("Age of the last list of revocations", "s", 600, [(f"time() - max(entrepot_revocations_listed_timestamp_seconds{{{J}}} > 0)", "age")]),
        ("Duration of the last backup", "s", None, [(f"max(entrepot_backup_last_duration_seconds{{{J}}})", "duration")]),
        ("Bytes of the last backup, as stored", "bytes", None, [(f"max(entrepot_backup_bytes{{{J}}})", "stored")]),
        ("Failed backups and drills (1 h)", "short", 1, [(f"max by (kind) (increase(entrepot_backup_failures_total{{{J}}}[1h]))", "{{kind}}")]),
        ("Commits that a lost disk would cost", "s", 10, [(f"entrepot_wal_shipping_lag_seconds{{{J}}}", "{{instance}}")]),
        ("Log that waits, and the file of the log", "bytes", None, [(f"entrepot_wal_shipping_spooled_bytes{{{J}}}", "waits {{instance}}"), (f"entrepot_sqlite_wal_bytes{{{J}}}", "file {{instance}}")]),
        ("Log that is shipped", "Bps", None, [(f"sum by (instance) (rate(entrepot_wal_shipped_bytes_total{{{J}}}[5m]))", "{{instance}}")]),
        ("Segments that read back as other bytes (1 h)", "short", 1, [(f"sum by (instance) (increase(entrepot_wal_shipping_differences_total{{{J}}}[1h]))", "{{instance}}")]),
        ("Failures of shipping (1 h)", "short", 1, [(f"sum by (instance) (increase(entrepot_wal_shipping_failures_total{{{J}}}[1h]))", "{{instance}}")]),
    ]),
    "postgres": ("Entrepot: partitions, replicas and failover", [
        ("Months ahead that have their partitions", "short", 2, [(f"min(entrepot_partitions_ahead{{{J}}})", "months")]),
        ("Segments of the log that are not archived", "short", 16, [(f"max(entrepot_wal_archive_pending_segments{{{J}}})", "segments"), (f"max(entrepot_wal_archive_failing{{{J}}})", "the last attempt failed")]),
        ("Replicas that are read from", "bool_on_off", None, [(f"entrepot_replica_used{{{J}}}", "{{instance}} replica {{replica}}")]),
        ("Replicas behind their primary", "bytes", 67108864, [(f"max by (replica) (entrepot_replica_lag_bytes{{{J}}})", "replica {{replica}}")]),
        ("Requests by where they read, and why", "ops", None, [(f"sum by (where, reason) (rate(entrepot_replica_reads_total{{{J}}}[5m]))", "{{where}} {{reason}}")]),
        ("Reads off the primary, share", "percentunit", None, [(f'sum(rate(entrepot_replica_reads_total{{{J}, where="replica"}}[5m])) / sum(rate(entrepot_replica_reads_total{{{J}}}[5m]))', "replicas")]),
        ("The host that takes writes", "bool_on_off", None, [(f"max by (host) (entrepot_database_host_used{{{J}}})", "host {{host}}")]),
        ("Failovers (1 h)", "short", None, [(f"sum by (instance) (increase(entrepot_database_failovers_total{{{J}}}[1h]))", "{{instance}}")]),
    ]),
}


def panel(number, title, unit, threshold, queries):
    steps = [{"color": "green", "value": None}] + ([{"color": "red", "value": threshold}] if threshold is not None else [])
    return {
        "id": number + 1, "type": "timeseries", "title": title,
        "datasource": {"type": "prometheus", "uid": "${ds}"},
        "gridPos": {"x": number % 2 * 12, "y": number // 2 * 8, "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps},
                        "custom": {"thresholdsStyle": {"mode": "line" if threshold is not None else "off"}}}, "overrides": []},
        "targets": [target(i, expr, legend) for i, (expr, legend) in enumerate(queries)],
    }


def target(number, expr, legend):
    query = {"refId": chr(65 + number), "expr": expr, "legendFormat": legend}
    # Shown as points that lead to a trace, where the data source knows the way (datasource.yaml).
    has_exemplars = any(f"{name}_bucket" in expr for name in WITH_EXEMPLARS)
    return {**query, "exemplar": True} if has_exemplars else query


def board(name, title, panels):
    source = {"name": "ds", "label": "Data source", "type": "datasource", "query": "prometheus"}
    return {
        "uid": f"entrepot-{name}", "title": title, "tags": ["entrepot"], "schemaVersion": 39, "editable": False,
        "time": {"from": "now-6h", "to": "now"}, "refresh": "30s", "templating": {"list": [source]},
        "panels": [panel(i, *each) for i, each in enumerate(panels)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check, wrong = parser.parse_args().check, 0
    for name, (title, panels) in BOARDS.items():
        path = pathlib.Path(__file__).with_name(f"{name}.json")
        text = json.dumps(board(name, title, panels), indent=1) + "\n"
        if not check:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            print(f"{path.name} is not what generate.py writes: run it")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
