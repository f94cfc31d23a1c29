ALTER TABLE tenant ADD COLUMN anomaly_size {INT} CHECK (anomaly_size > 0)
;;
CREATE TABLE anomaly_book (
  tenant_id {UUID} NOT NULL, store_id {UUID} NOT NULL, business_date {SMALL} NOT NULL, judged_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, store_id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {IN_PLACE}
;;
CREATE TABLE stock_anomaly (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, business_date {SMALL} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('SALE', 'RETURN', 'ADJUST_IN', 'ADJUST_OUT', 'REMOVAL')),
  rule {TEXT} NOT NULL CHECK (rule IN ('UNUSUAL', 'LARGE_LINE', 'MANY_USUAL_LINES')),
  units {INT} NOT NULL CHECK (units > 0), usual_milli {INT}, z_milli {INT}, largest_line {INT} NOT NULL CHECK (largest_line >= 0),
  unit_decimals {SMALL} NOT NULL CHECK (unit_decimals BETWEEN 0 AND 9),
  state {TEXT} NOT NULL CHECK (state IN ('OPEN', 'ACCEPTED')), detected_at {INT} NOT NULL, accepted_at {INT},
  actor_kind {TEXT} CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID}, note {TEXT},
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  CHECK ((state = 'ACCEPTED') = (accepted_at IS NOT NULL)), CHECK ((accepted_at IS NULL) = (actor_kind IS NULL)),
  CHECK ((actor_kind IS NULL) = (actor_id IS NULL)), CHECK (note IS NULL OR accepted_at IS NOT NULL)) {IN_PLACE}
;;
CREATE UNIQUE INDEX stock_anomaly_day ON stock_anomaly (tenant_id, store_id, business_date, product_id, kind)
;;
CREATE INDEX stock_anomaly_date ON stock_anomaly (tenant_id, business_date, id)
;;
CREATE INDEX stock_anomaly_store ON stock_anomaly (tenant_id, store_id, business_date, id)
;;
CREATE INDEX stock_anomaly_product ON stock_anomaly (tenant_id, product_id, business_date, id)
;;
CREATE INDEX stock_anomaly_state ON stock_anomaly (tenant_id, state, business_date, id)
