ALTER TABLE product ADD COLUMN tracking {TEXT} NOT NULL DEFAULT 'NONE' CHECK (tracking IN ('NONE', 'LOT', 'SERIAL'))
;;
ALTER TABLE product ADD COLUMN minimum_remaining_days {SMALL} CHECK (minimum_remaining_days BETWEEN 0 AND 36500)
;;
CREATE TABLE lot (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, product_id {UUID} NOT NULL, code {TEXT} NOT NULL, code_key {TEXT} NOT NULL,
  tracking {TEXT} NOT NULL CHECK (tracking IN ('LOT', 'SERIAL')), made_on {SMALL}, expires_on {SMALL},
  status {TEXT} NOT NULL CHECK (status IN ('AVAILABLE', 'QUARANTINE', 'RECALLED')), note {TEXT},
  on_hand {INT} NOT NULL CHECK (on_hand >= 0), version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, product_id, code_key), UNIQUE (tenant_id, product_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (tracking <> 'SERIAL' OR on_hand <= 1), CHECK (made_on IS NULL OR expires_on IS NULL OR made_on <= expires_on)) {IN_PLACE}
;;
CREATE INDEX lot_code ON lot (tenant_id, code_key, id)
;;
CREATE INDEX lot_expires ON lot (tenant_id, expires_on, id) WHERE expires_on IS NOT NULL
;;
CREATE INDEX lot_blocked ON lot (tenant_id, status, id) WHERE status <> 'AVAILABLE'
;;
CREATE INDEX lot_due ON lot (expires_on) WHERE status = 'AVAILABLE' AND on_hand > 0 AND expires_on IS NOT NULL
;;
CREATE TABLE lot_level (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, lot_id {UUID} NOT NULL,
  on_hand {INT} NOT NULL CHECK (on_hand >= 0), unavailable {INT} NOT NULL CHECK (unavailable >= 0), received_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, product_id, store_id, lot_id), CHECK (unavailable <= on_hand),
  FOREIGN KEY (tenant_id, product_id, store_id) REFERENCES stock_level (tenant_id, product_id, store_id),
  FOREIGN KEY (tenant_id, product_id, lot_id) REFERENCES lot (tenant_id, product_id, id)) {IN_PLACE}
;;
CREATE INDEX lot_level_lot ON lot_level (tenant_id, lot_id, store_id)
;;
CREATE INDEX lot_level_store ON lot_level (tenant_id, store_id, lot_id) WHERE on_hand > 0
;;
CREATE INDEX entry_lot ON entry (tenant_id, lot_id, seq, line) WHERE lot_id IS NOT NULL
;;
CREATE INDEX entry_aside ON entry (tenant_id, product_id, store_id, lot_id, condition, unavailable_delta) WHERE unavailable_delta <> 0
