@postgres
ALTER TABLE saved_view_schedule DROP CONSTRAINT saved_view_schedule_format_check,
  ADD CONSTRAINT saved_view_schedule_format_check CHECK (format IN ('CSV', 'JSONL', 'XLSX', 'PDF', 'PARQUET'))
;;
@sqlite
CREATE TABLE saved_view_schedule_now (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, view_id {UUID} NOT NULL, variables {TEXT} NOT NULL, list_path {TEXT},
  format {TEXT} NOT NULL CHECK (format IN ('CSV', 'JSONL', 'XLSX', 'PDF', 'PARQUET')),
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
INSERT INTO saved_view_schedule_now (
  tenant_id, id, view_id, variables, list_path, format, period, hour, day_of_week, day_of_month, time_zone,
  emails, members, only_if_changed, emits_event, status, actor_kind, actor_id, key_id, failures, run_due_at, run_sent, last_run_at, last_error, last_hash,
  next_run_at, version, created_at, updated_at, locale, keeps_file, tells_rows, last_file_id)
SELECT
  tenant_id, id, view_id, variables, list_path, format, period, hour, day_of_week, day_of_month, time_zone,
  emails, members, only_if_changed, emits_event, status, actor_kind, actor_id, key_id, failures, run_due_at, run_sent, last_run_at, last_error, last_hash,
  next_run_at, version, created_at, updated_at, locale, keeps_file, tells_rows, last_file_id
FROM saved_view_schedule
;;
@sqlite DROP TABLE saved_view_schedule
;;
@sqlite ALTER TABLE saved_view_schedule_now RENAME TO saved_view_schedule
;;
@sqlite CREATE INDEX saved_view_schedule_view ON saved_view_schedule (tenant_id, view_id)
;;
@sqlite CREATE INDEX saved_view_schedule_due ON saved_view_schedule (next_run_at, tenant_id) WHERE next_run_at IS NOT NULL
;;
@postgres
ALTER TABLE replenishment_line DROP CONSTRAINT replenishment_line_kind_check,
  ADD CONSTRAINT replenishment_line_kind_check CHECK (kind IN ('TRANSFER', 'PURCHASE', 'CANCEL_INCOMING'))
;;
@sqlite
CREATE TABLE replenishment_line_now (
  tenant_id {UUID} NOT NULL, plan_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('TRANSFER', 'PURCHASE', 'CANCEL_INCOMING')),
  state {TEXT} NOT NULL CHECK (state IN ('OPEN', 'CLAIMED', 'APPROVED', 'REFUSED', 'CUT')),
  product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, from_store_id {UUID}, supplier_id {UUID}, policy_id {UUID}, policy_version {INT},
  quantity {INT} NOT NULL CHECK (quantity > 0), urgency_days {SMALL}, cost_minor {INT}, cost_currency {TEXT}, group_id {UUID},
  purchase_order_id {UUID}, transfer_id {UUID},
  issue {TEXT} CHECK (issue IN ('STALE', 'NO_SUPPLIER', 'DRAFT_REFUSED', 'OVER_BUDGET', 'OTHER_CURRENCY', 'BELOW_MINIMUM')),
  body {TEXT} NOT NULL,
  approved_kind {TEXT} CHECK (approved_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), approved_by {UUID}, due_on {SMALL},
  outcome {TEXT} CHECK (outcome IN ('ACCEPTED', 'CHANGED', 'REFUSED')), demand_units {INT}, is_within {SMALL} CHECK (is_within IN (0, 1)),
  out_days {SMALL} CHECK (out_days >= 0), left_units {INT}, excess_units {INT} CHECK (excess_units >= 0), naive_units {INT} CHECK (naive_units >= 0),
  PRIMARY KEY (tenant_id, plan_id, position),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES replenishment_plan (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((kind = 'TRANSFER') = (from_store_id IS NOT NULL)), CHECK ((cost_minor IS NULL) = (cost_currency IS NULL)),
  CHECK ((policy_id IS NULL) = (policy_version IS NULL)), CHECK ((state IN ('REFUSED', 'CUT')) = (issue IS NOT NULL)),
  CHECK ((state = 'APPROVED') = (purchase_order_id IS NOT NULL OR transfer_id IS NOT NULL)))
;;
@sqlite
INSERT INTO replenishment_line_now (
  tenant_id, plan_id, position, id, kind, state, product_id, store_id, from_store_id, supplier_id, policy_id, policy_version, quantity,
  urgency_days, cost_minor, cost_currency, group_id, purchase_order_id, transfer_id, issue, body, approved_kind, approved_by, due_on, outcome,
  demand_units, is_within, out_days, left_units, excess_units, naive_units)
SELECT
  tenant_id, plan_id, position, id, kind, state, product_id, store_id, from_store_id, supplier_id, policy_id, policy_version, quantity,
  urgency_days, cost_minor, cost_currency, group_id, purchase_order_id, transfer_id, issue, body, approved_kind, approved_by, due_on, outcome,
  demand_units, is_within, out_days, left_units, excess_units, naive_units
FROM replenishment_line
;;
@sqlite DROP TABLE replenishment_line
;;
@sqlite ALTER TABLE replenishment_line_now RENAME TO replenishment_line
;;
@sqlite CREATE UNIQUE INDEX replenishment_line_id ON replenishment_line (tenant_id, plan_id, id)
;;
@sqlite CREATE INDEX replenishment_line_store ON replenishment_line (tenant_id, plan_id, store_id, position)
;;
@sqlite CREATE INDEX replenishment_line_state ON replenishment_line (tenant_id, plan_id, state, position)
;;
@sqlite CREATE INDEX replenishment_line_unscored ON replenishment_line (tenant_id, due_on) WHERE due_on IS NOT NULL AND outcome IS NULL
;;
@sqlite CREATE INDEX replenishment_line_scored ON replenishment_line (tenant_id, due_on, store_id) WHERE outcome IS NOT NULL
;;
@sqlite CREATE INDEX replenishment_line_plan_unscored ON replenishment_line (tenant_id, plan_id) WHERE due_on IS NOT NULL AND outcome IS NULL
