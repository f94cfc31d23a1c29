ALTER TABLE tenant_counter ADD COLUMN blanket_order_number {INT} NOT NULL DEFAULT 0 CHECK (blanket_order_number >= 0)
;;
CREATE TABLE blanket_order (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0),
  status {TEXT} NOT NULL CHECK (status IN ('DRAFT', 'ACTIVE', 'EXHAUSTED', 'EXPIRED', 'CLOSED')),
  supplier_id {UUID} NOT NULL, currency {TEXT} NOT NULL CHECK (length(currency) = 3), valid_from {SMALL} NOT NULL, valid_to {SMALL} NOT NULL,
  external_ref {TEXT}, note {TEXT}, reason {TEXT}, total_minor {INT} NOT NULL CHECK (total_minor >= 0),
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  activator_id {UUID}, activated_at {INT}, ended_at {INT},
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number), FOREIGN KEY (tenant_id, supplier_id) REFERENCES supplier (tenant_id, id),
  CHECK (valid_from <= valid_to), CHECK ((activator_id IS NULL) = (activated_at IS NULL)),
  CHECK (status IN ('DRAFT', 'CLOSED') OR activated_at IS NOT NULL), CHECK ((status IN ('EXPIRED', 'CLOSED')) = (ended_at IS NOT NULL))) {IN_PLACE}
;;
CREATE INDEX blanket_order_supplier ON blanket_order (tenant_id, supplier_id, number)
;;
CREATE INDEX blanket_order_status ON blanket_order (tenant_id, status, number)
;;
CREATE INDEX blanket_order_created ON blanket_order (tenant_id, created_at, id)
;;
CREATE INDEX blanket_order_updated ON blanket_order (tenant_id, updated_at, id)
;;
CREATE INDEX blanket_order_due ON blanket_order (valid_to, id) WHERE status = 'ACTIVE'
;;
CREATE TABLE blanket_order_line (
  tenant_id {UUID} NOT NULL, blanket_order_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position BETWEEN 1 AND 4095), product_id {UUID} NOT NULL,
  sku {TEXT} NOT NULL, name {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL CHECK (unit_decimals BETWEEN 0 AND 9),
  quantity {INT} NOT NULL CHECK (quantity > 0), unit_cost_minor {INT} NOT NULL CHECK (unit_cost_minor >= 0), total_minor {INT} NOT NULL CHECK (total_minor >= 0),
  called_off {INT} NOT NULL CHECK (called_off BETWEEN 0 AND quantity),
  PRIMARY KEY (tenant_id, blanket_order_id, position), UNIQUE (tenant_id, blanket_order_id, product_id),
  FOREIGN KEY (tenant_id, blanket_order_id) REFERENCES blanket_order (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX blanket_order_line_product ON blanket_order_line (tenant_id, product_id, blanket_order_id)
;;
-- Null of an order that calls nothing off.
ALTER TABLE purchase_order ADD COLUMN blanket_order_id {UUID}
;;
CREATE INDEX purchase_order_blanket ON purchase_order (tenant_id, blanket_order_id, number) WHERE blanket_order_id IS NOT NULL
;;
@postgres
ALTER TABLE number_pattern DROP CONSTRAINT number_pattern_kind_check,
  ADD CONSTRAINT number_pattern_kind_check CHECK (kind IN ('order_number', 'return_number', 'purchase_order_number', 'supplier_return_number', 'transfer_number', 'count_number', 'blanket_order_number'))
;;
@sqlite
CREATE TABLE number_pattern_now (
  tenant_id {UUID} NOT NULL REFERENCES tenant,
  kind {TEXT} NOT NULL CHECK (kind IN ('order_number', 'return_number', 'purchase_order_number', 'supplier_return_number', 'transfer_number', 'count_number', 'blanket_order_number')),
  from_number {INT} NOT NULL CHECK (from_number > 0), pattern {TEXT} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, kind, from_number))
;;
@sqlite
INSERT INTO number_pattern_now SELECT tenant_id, kind, from_number, pattern, created_at FROM number_pattern
;;
@sqlite DROP TABLE number_pattern
;;
@sqlite ALTER TABLE number_pattern_now RENAME TO number_pattern
