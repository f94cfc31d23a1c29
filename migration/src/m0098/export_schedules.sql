CREATE TABLE export_schedule (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, name {TEXT} NOT NULL,
  noun {TEXT} NOT NULL CHECK (noun IN ('DEMAND_FACTS', 'MOVEMENTS', 'ORDERS', 'STOCK')),
  format {TEXT} NOT NULL CHECK (format IN ('PARQUET', 'CSV', 'JSONL')),
  period {TEXT} NOT NULL CHECK (period IN ('HOURLY', 'DAILY')), hour {SMALL} NOT NULL CHECK (hour BETWEEN 0 AND 23), time_zone {TEXT} NOT NULL,
  endpoint {TEXT}, bucket {TEXT}, region {TEXT}, prefix {TEXT}, access_key_id {TEXT}, secret_sealed {BYTES},
  status {TEXT} NOT NULL CHECK (status IN ('ACTIVE', 'PAUSED')), actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, key_id {UUID},
  set_number {INT} NOT NULL CHECK (set_number >= 0), generation {INT}, through_seq {INT}, run_plan {TEXT},
  wants_all {SMALL} NOT NULL CHECK (wants_all IN (0, 1)), failures {INT} NOT NULL CHECK (failures >= 0),
  last_run_at {INT}, last_error {TEXT}, next_run_at {INT}, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), CHECK (status = 'ACTIVE' OR next_run_at IS NULL),
  CHECK ((bucket IS NULL) = (secret_sealed IS NULL) AND (bucket IS NULL) = (endpoint IS NULL))) {IN_PLACE}
;;
CREATE INDEX export_schedule_due ON export_schedule (next_run_at, tenant_id) WHERE next_run_at IS NOT NULL
