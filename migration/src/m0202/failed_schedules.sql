-- Schedules that deliver nothing: three of their runs in a row have failed, or they have stopped by themselves (`alerts/rows/schedules.rs`).
CREATE INDEX saved_view_schedule_failing ON saved_view_schedule (tenant_id, id) WHERE failures >= 3 OR (status = 'PAUSED' AND last_error IS NOT NULL)
;;
CREATE INDEX export_schedule_failing ON export_schedule (tenant_id, id) WHERE failures >= 3 OR (status = 'PAUSED' AND last_error IS NOT NULL)
;;
@postgres
ALTER TABLE alert_rule DROP CONSTRAINT alert_rule_kind_check,
  ADD CONSTRAINT alert_rule_kind_check CHECK (kind IN ('LOW_STOCK', 'OUT_OF_STOCK', 'BACK_IN_STOCK', 'OVERSTOCK', 'EXPIRING', 'NEGATIVE_MARGIN', 'PURCHASE_ORDER_LATE', 'TRANSFER_OVERDUE', 'COUNT_DIFFERENCE', 'DEAD_STOCK', 'LIQUIDATION_BEHIND', 'STOCK_ANOMALY', 'FORECAST_DRIFT', 'FORECAST_COVERAGE', 'FULFILMENT_OVERDUE', 'FULFILMENT_REJECTED', 'SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED'))
;;
@postgres
-- `alert_check6` is that of the store, which a schedule has none of.
ALTER TABLE alert ADD COLUMN schedule_id {UUID}, ADD COLUMN schedule_name {TEXT}, ADD COLUMN error {TEXT},
  DROP CONSTRAINT alert_kind_check, DROP CONSTRAINT alert_product_check, DROP CONSTRAINT alert_check6,
  ADD CONSTRAINT alert_store_check CHECK ((store_id IS NULL) = (kind IN ('NEGATIVE_MARGIN', 'SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED'))),
  ADD CONSTRAINT alert_schedule_check CHECK ((schedule_id IS NOT NULL) = (kind IN ('SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED'))),
  ADD CONSTRAINT alert_schedule_name_check CHECK ((schedule_name IS NULL) = (schedule_id IS NULL)),
  ADD CONSTRAINT alert_product_check CHECK ((product_id IS NULL) = (purchase_order_id IS NOT NULL OR transfer_id IS NOT NULL OR count_id IS NOT NULL OR order_id IS NOT NULL OR schedule_id IS NOT NULL)),
  ADD CONSTRAINT alert_kind_check CHECK (kind IN ('LOW_STOCK', 'OUT_OF_STOCK', 'BACK_IN_STOCK', 'OVERSTOCK', 'EXPIRING', 'NEGATIVE_MARGIN', 'PURCHASE_ORDER_LATE', 'TRANSFER_OVERDUE', 'COUNT_DIFFERENCE', 'DEAD_STOCK', 'LIQUIDATION_BEHIND', 'STOCK_ANOMALY', 'FORECAST_DRIFT', 'FORECAST_COVERAGE', 'FULFILMENT_OVERDUE', 'FULFILMENT_REJECTED', 'SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED'))
;;
@sqlite
CREATE TABLE alert_rule_now (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('LOW_STOCK', 'OUT_OF_STOCK', 'BACK_IN_STOCK', 'OVERSTOCK', 'EXPIRING', 'NEGATIVE_MARGIN', 'PURCHASE_ORDER_LATE', 'TRANSFER_OVERDUE', 'COUNT_DIFFERENCE', 'DEAD_STOCK', 'LIQUIDATION_BEHIND', 'STOCK_ANOMALY', 'FORECAST_DRIFT', 'FORECAST_COVERAGE', 'FULFILMENT_OVERDUE', 'FULFILMENT_REJECTED', 'SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED')),
  scope {TEXT} NOT NULL, store_id {UUID}, category_id {UUID}, product_id {UUID},
  is_enabled {SMALL} NOT NULL CHECK (is_enabled IN (0, 1)), threshold {INT} CHECK (threshold >= 0), days {SMALL} CHECK (days BETWEEN 0 AND 3650),
  emails {TEXT} NOT NULL, members {TEXT} NOT NULL, quiet_from {SMALL} CHECK (quiet_from BETWEEN 0 AND 1439), quiet_to {SMALL} CHECK (quiet_to BETWEEN 0 AND 1439), time_zone {TEXT},
  digest {TEXT} NOT NULL CHECK (digest IN ('NONE', 'HOURLY', 'DAILY')), digest_hour {SMALL} NOT NULL CHECK (digest_hour BETWEEN 0 AND 23),
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, kind, scope),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id), FOREIGN KEY (tenant_id, category_id) REFERENCES category (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (category_id IS NULL OR product_id IS NULL), CHECK ((quiet_from IS NULL) = (quiet_to IS NULL)), CHECK (quiet_from <> quiet_to)) {IN_PLACE}
;;
@sqlite
INSERT INTO alert_rule_now SELECT tenant_id, id, kind, scope, store_id, category_id, product_id, is_enabled, threshold, days, emails, members, quiet_from, quiet_to, time_zone, digest,
  digest_hour, version, created_at, updated_at FROM alert_rule
;;
@sqlite DROP TABLE alert_rule
;;
@sqlite ALTER TABLE alert_rule_now RENAME TO alert_rule
;;
@sqlite
CREATE TABLE alert_now (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('LOW_STOCK', 'OUT_OF_STOCK', 'BACK_IN_STOCK', 'OVERSTOCK', 'EXPIRING', 'NEGATIVE_MARGIN', 'PURCHASE_ORDER_LATE', 'TRANSFER_OVERDUE', 'COUNT_DIFFERENCE', 'DEAD_STOCK', 'LIQUIDATION_BEHIND', 'STOCK_ANOMALY', 'FORECAST_DRIFT', 'FORECAST_COVERAGE', 'FULFILMENT_OVERDUE', 'FULFILMENT_REJECTED', 'SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED')),
  subject {TEXT} NOT NULL, store_id {UUID}, product_id {UUID}, lot_id {UUID}, purchase_order_id {UUID}, transfer_id {UUID}, count_id {UUID}, order_id {UUID},
  schedule_id {UUID}, schedule_name {TEXT}, error {TEXT},
  state {TEXT} NOT NULL CHECK (state IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED')),
  quantity {INT}, threshold {INT}, day {SMALL}, price_minor {INT}, cost_minor {INT}, currency {TEXT},
  opened_at {INT} NOT NULL, seq {INT}, snoozed_until {INT}, resolved_at {INT},
  resolver_kind {TEXT} CHECK (resolver_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), resolver_id {UUID}, assignee_id {UUID}, note {TEXT},
  version {INT} NOT NULL CHECK (version > 0), updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, lot_id) REFERENCES lot (tenant_id, id), FOREIGN KEY (tenant_id, purchase_order_id) REFERENCES purchase_order (tenant_id, id),
  FOREIGN KEY (tenant_id, transfer_id) REFERENCES transfer (tenant_id, id), FOREIGN KEY (tenant_id, count_id) REFERENCES stock_count (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id),
  CHECK ((state = 'RESOLVED') = (resolved_at IS NOT NULL)), CHECK ((state = 'SNOOZED') = (snoozed_until IS NOT NULL)),
  CHECK ((resolver_kind IS NULL) = (resolver_id IS NULL)), CHECK (resolver_id IS NULL OR resolved_at IS NOT NULL),
  CHECK ((currency IS NULL) = (price_minor IS NULL)), CHECK ((currency IS NULL) = (cost_minor IS NULL)),
  CHECK ((store_id IS NULL) = (kind IN ('NEGATIVE_MARGIN', 'SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED'))), CHECK ((lot_id IS NOT NULL) = (kind = 'EXPIRING')),
  CHECK ((purchase_order_id IS NOT NULL) = (kind = 'PURCHASE_ORDER_LATE')), CHECK ((transfer_id IS NOT NULL) = (kind = 'TRANSFER_OVERDUE')),
  CHECK ((count_id IS NOT NULL) = (kind = 'COUNT_DIFFERENCE')),
  CHECK ((order_id IS NOT NULL) = (kind IN ('FULFILMENT_OVERDUE', 'FULFILMENT_REJECTED'))),
  CHECK ((schedule_id IS NOT NULL) = (kind IN ('SAVED_VIEW_SCHEDULE_FAILED', 'EXPORT_SCHEDULE_FAILED'))), CHECK ((schedule_name IS NULL) = (schedule_id IS NULL)),
  CHECK ((product_id IS NULL) = (purchase_order_id IS NOT NULL OR transfer_id IS NOT NULL OR count_id IS NOT NULL OR order_id IS NOT NULL OR schedule_id IS NOT NULL))) {IN_PLACE}
;;
@sqlite
INSERT INTO alert_now (tenant_id, id, kind, subject, store_id, product_id, lot_id, purchase_order_id, transfer_id, count_id, order_id, state, quantity, threshold, day,
  price_minor, cost_minor, currency, opened_at, seq, snoozed_until, resolved_at, resolver_kind, resolver_id, assignee_id, note, version, updated_at)
SELECT tenant_id, id, kind, subject, store_id, product_id, lot_id, purchase_order_id, transfer_id, count_id, order_id, state, quantity, threshold, day,
  price_minor, cost_minor, currency, opened_at, seq, snoozed_until, resolved_at, resolver_kind, resolver_id, assignee_id, note, version, updated_at FROM alert
;;
@sqlite
CREATE TABLE alert_letter_now (
  tenant_id {UUID} NOT NULL, alert_id {UUID} NOT NULL, recipient {TEXT} NOT NULL, due_at {INT} NOT NULL, queued_at {INT},
  PRIMARY KEY (tenant_id, alert_id, recipient), FOREIGN KEY (tenant_id, alert_id) REFERENCES alert_now (tenant_id, id)) {IN_PLACE}
;;
@sqlite INSERT INTO alert_letter_now SELECT tenant_id, alert_id, recipient, due_at, queued_at FROM alert_letter
;;
@sqlite DROP TABLE alert_letter
;;
@sqlite DROP TABLE alert
;;
@sqlite ALTER TABLE alert_now RENAME TO alert
;;
@sqlite ALTER TABLE alert_letter_now RENAME TO alert_letter
;;
@sqlite CREATE UNIQUE INDEX alert_active ON alert (tenant_id, subject, kind) WHERE state <> 'RESOLVED'
;;
@sqlite CREATE INDEX alert_opened ON alert (tenant_id, opened_at, id)
;;
@sqlite CREATE INDEX alert_store ON alert (tenant_id, store_id, opened_at, id)
;;
@sqlite CREATE INDEX alert_product ON alert (tenant_id, product_id, opened_at, id)
;;
@sqlite CREATE INDEX alert_state ON alert (tenant_id, state, opened_at, id)
;;
@sqlite CREATE INDEX alert_subject ON alert (tenant_id, subject, kind, opened_at)
;;
@sqlite
CREATE INDEX alert_assignee ON alert (tenant_id, assignee_id, opened_at, id) WHERE assignee_id IS NOT NULL
;;
@sqlite CREATE INDEX alert_snoozed ON alert (snoozed_until) WHERE state = 'SNOOZED'
;;
@sqlite
CREATE INDEX alert_lot ON alert (tenant_id, lot_id, store_id) WHERE lot_id IS NOT NULL AND state <> 'RESOLVED'
;;
@sqlite
CREATE INDEX alert_purchase_order ON alert (tenant_id, purchase_order_id) WHERE purchase_order_id IS NOT NULL AND state <> 'RESOLVED'
;;
@sqlite CREATE INDEX alert_resolved ON alert (resolved_at) WHERE state = 'RESOLVED'
;;
@sqlite CREATE INDEX alert_letter_due ON alert_letter (due_at, tenant_id) WHERE queued_at IS NULL
;;
@sqlite CREATE INDEX alert_dated ON alert (tenant_id, kind, id) WHERE state <> 'RESOLVED'
;;
@sqlite CREATE INDEX alert_transfer ON alert (tenant_id, transfer_id) WHERE transfer_id IS NOT NULL AND state <> 'RESOLVED'
;;
@sqlite
CREATE INDEX alert_order ON alert (tenant_id, order_id, store_id) WHERE order_id IS NOT NULL AND state <> 'RESOLVED'
;;
@sqlite CREATE INDEX alert_updated ON alert (tenant_id, updated_at, id)
