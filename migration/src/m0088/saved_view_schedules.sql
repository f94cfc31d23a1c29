CREATE TABLE saved_view_schedule (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, view_id {UUID} NOT NULL, variables {TEXT} NOT NULL, list_path {TEXT},
  format {TEXT} NOT NULL CHECK (format IN ('CSV', 'JSONL')),
  period {TEXT} NOT NULL CHECK (period IN ('HOURLY', 'DAILY', 'WEEKDAYS', 'WEEKLY', 'MONTHLY')),
  hour {SMALL} NOT NULL CHECK (hour BETWEEN 0 AND 23), day_of_week {SMALL} NOT NULL CHECK (day_of_week BETWEEN 1 AND 7),
  day_of_month {SMALL} NOT NULL CHECK (day_of_month BETWEEN 1 AND 31), time_zone {TEXT} NOT NULL,
  emails {TEXT} NOT NULL, members {TEXT} NOT NULL, only_if_changed {SMALL} NOT NULL CHECK (only_if_changed IN (0, 1)),
  emits_event {SMALL} NOT NULL CHECK (emits_event IN (0, 1)),
  status {TEXT} NOT NULL CHECK (status IN ('ACTIVE', 'PAUSED', 'BROKEN')), actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, key_id {UUID},
  failures {INT} NOT NULL CHECK (failures >= 0), run_due_at {INT}, run_sent {TEXT} NOT NULL, last_run_at {INT}, last_error {TEXT}, last_hash {TEXT},
  next_run_at {INT}, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), CHECK (status = 'ACTIVE' OR next_run_at IS NULL)) {IN_PLACE}
;;
CREATE INDEX saved_view_schedule_view ON saved_view_schedule (tenant_id, view_id)
;;
CREATE INDEX saved_view_schedule_due ON saved_view_schedule (next_run_at, tenant_id) WHERE next_run_at IS NOT NULL
