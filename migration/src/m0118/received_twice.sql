ALTER TABLE tenant ADD COLUMN duplicate_receipt_days {INT} CHECK (duplicate_receipt_days BETWEEN 1 AND 30)
;;
CREATE INDEX goods_receipt_day ON goods_receipt (tenant_id, store_id, business_date)
;;
@postgres
ALTER TABLE stock_anomaly DROP CONSTRAINT stock_anomaly_kind_check,
  ADD CONSTRAINT stock_anomaly_kind_check CHECK (kind IN ('SALE', 'RETURN', 'ADJUST_IN', 'ADJUST_OUT', 'REMOVAL', 'BELOW_COST', 'REVERSALS', 'COUNTS_SHORT', 'DUPLICATE', 'UNMOVED', 'RECEIVED_TWICE'))
;;
@sqlite
CREATE TABLE stock_anomaly_now (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, business_date {SMALL} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('SALE', 'RETURN', 'ADJUST_IN', 'ADJUST_OUT', 'REMOVAL', 'BELOW_COST', 'REVERSALS', 'COUNTS_SHORT', 'DUPLICATE', 'UNMOVED', 'RECEIVED_TWICE')),
  rule {TEXT} NOT NULL CHECK (rule IN ('UNUSUAL', 'LARGE_LINE', 'MANY_USUAL_LINES', 'PATTERN')),
  units {INT} NOT NULL CHECK (units > 0), usual_milli {INT}, z_milli {INT}, largest_line {INT} NOT NULL CHECK (largest_line >= 0),
  unit_decimals {SMALL} NOT NULL CHECK (unit_decimals BETWEEN 0 AND 9),
  state {TEXT} NOT NULL CHECK (state IN ('OPEN', 'ACCEPTED')), detected_at {INT} NOT NULL, accepted_at {INT},
  actor_kind {TEXT} CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID}, note {TEXT},
  value_minor {INT} NOT NULL DEFAULT 0 CHECK (value_minor >= 0), value_currency {TEXT}, times {INT} CHECK (times > 0),
  who_kind {TEXT} CHECK (who_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), who_id {UUID}, order_id {UUID},
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((state = 'ACCEPTED') = (accepted_at IS NOT NULL)), CHECK ((accepted_at IS NULL) = (actor_kind IS NULL)),
  CHECK ((actor_kind IS NULL) = (actor_id IS NULL)), CHECK (note IS NULL OR accepted_at IS NOT NULL),
  CHECK ((rule = 'PATTERN') = (times IS NOT NULL)), CHECK ((who_kind IS NULL) = (who_id IS NULL)),
  CHECK (value_minor = 0 OR value_currency IS NOT NULL)) {IN_PLACE}
;;
@sqlite
INSERT INTO stock_anomaly_now SELECT tenant_id, id, business_date, product_id, store_id, kind, rule, units, usual_milli, z_milli, largest_line, unit_decimals, state,
  detected_at, accepted_at, actor_kind, actor_id, note, value_minor, value_currency, times, who_kind, who_id, order_id FROM stock_anomaly
;;
@sqlite DROP TABLE stock_anomaly
;;
@sqlite ALTER TABLE stock_anomaly_now RENAME TO stock_anomaly
;;
@sqlite CREATE INDEX stock_anomaly_date ON stock_anomaly (tenant_id, business_date, id)
;;
@sqlite CREATE INDEX stock_anomaly_store ON stock_anomaly (tenant_id, store_id, business_date, id)
;;
@sqlite CREATE INDEX stock_anomaly_product ON stock_anomaly (tenant_id, product_id, business_date, id)
;;
@sqlite CREATE INDEX stock_anomaly_state ON stock_anomaly (tenant_id, state, business_date, id)
;;
@sqlite CREATE INDEX stock_anomaly_open ON stock_anomaly (tenant_id, product_id, store_id) WHERE state = 'OPEN'
;;
@sqlite CREATE UNIQUE INDEX stock_anomaly_day ON stock_anomaly (tenant_id, store_id, business_date, product_id, kind) WHERE who_id IS NULL AND order_id IS NULL
;;
@sqlite CREATE UNIQUE INDEX stock_anomaly_who ON stock_anomaly (tenant_id, store_id, business_date, who_id, kind) WHERE who_id IS NOT NULL
;;
@sqlite CREATE UNIQUE INDEX stock_anomaly_order ON stock_anomaly (tenant_id, order_id) WHERE order_id IS NOT NULL
;;
@sqlite CREATE INDEX stock_anomaly_kind ON stock_anomaly (tenant_id, kind, business_date, id)
;;
@sqlite CREATE INDEX stock_anomaly_value ON stock_anomaly (tenant_id, value_minor, id)
