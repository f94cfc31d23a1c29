@postgres
ALTER TABLE saved_view_schedule DROP CONSTRAINT saved_view_schedule_format_check,
  ADD CONSTRAINT saved_view_schedule_format_check CHECK (format IN ('CSV', 'JSONL', 'XLSX', 'PDF')),
  ADD COLUMN locale text COLLATE "C" NOT NULL DEFAULT 'EN' CHECK (locale IN ('EN', 'DE', 'FR')),
  ADD COLUMN keeps_file integer NOT NULL DEFAULT 0 CHECK (keeps_file IN (0, 1)),
  ADD COLUMN tells_rows integer NOT NULL DEFAULT 0 CHECK (tells_rows IN (0, 1)),
  ADD COLUMN last_file_id uuid
;;
@sqlite
CREATE TABLE saved_view_schedule_now (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, view_id {UUID} NOT NULL, variables {TEXT} NOT NULL, list_path {TEXT},
  format {TEXT} NOT NULL CHECK (format IN ('CSV', 'JSONL', 'XLSX', 'PDF')),
  period {TEXT} NOT NULL CHECK (period IN ('HOURLY', 'DAILY', 'WEEKDAYS', 'WEEKLY', 'MONTHLY')),
  hour {SMALL} NOT NULL CHECK (hour BETWEEN 0 AND 23), day_of_week {SMALL} NOT NULL CHECK (day_of_week BETWEEN 1 AND 7),
  day_of_month {SMALL} NOT NULL CHECK (day_of_month BETWEEN 1 AND 31), time_zone {TEXT} NOT NULL,
  emails {TEXT} NOT NULL, members {TEXT} NOT NULL, only_if_changed {SMALL} NOT NULL CHECK (only_if_changed IN (0, 1)),
  emits_event {SMALL} NOT NULL CHECK (emits_event IN (0, 1)),
  status {TEXT} NOT NULL CHECK (status IN ('ACTIVE', 'PAUSED', 'BROKEN')), actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, key_id {UUID},
  failures {INT} NOT NULL CHECK (failures >= 0), run_due_at {INT}, run_sent {TEXT} NOT NULL, last_run_at {INT}, last_error {TEXT}, last_hash {TEXT},
  next_run_at {INT}, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  locale {TEXT} NOT NULL DEFAULT 'EN' CHECK (locale IN ('EN', 'DE', 'FR')),
  keeps_file {SMALL} NOT NULL DEFAULT 0 CHECK (keeps_file IN (0, 1)), tells_rows {SMALL} NOT NULL DEFAULT 0 CHECK (tells_rows IN (0, 1)),
  last_file_id {UUID},
  PRIMARY KEY (tenant_id, id), CHECK (status = 'ACTIVE' OR next_run_at IS NULL))
;;
@sqlite
INSERT INTO saved_view_schedule_now SELECT tenant_id, id, view_id, variables, list_path, format, period, hour, day_of_week, day_of_month, time_zone,
  emails, members, only_if_changed, emits_event, status, actor_kind, actor_id, key_id, failures, run_due_at, run_sent, last_run_at, last_error, last_hash,
  next_run_at, version, created_at, updated_at, 'EN', 0, 0, NULL FROM saved_view_schedule
;;
@sqlite
DROP TABLE saved_view_schedule
;;
@sqlite
ALTER TABLE saved_view_schedule_now RENAME TO saved_view_schedule
;;
@sqlite
CREATE INDEX saved_view_schedule_view ON saved_view_schedule (tenant_id, view_id)
;;
@sqlite
CREATE INDEX saved_view_schedule_due ON saved_view_schedule (next_run_at, tenant_id) WHERE next_run_at IS NOT NULL
