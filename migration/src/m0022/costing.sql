ALTER TABLE tenant ADD COLUMN costing_method {TEXT} NOT NULL DEFAULT 'MOVING_AVERAGE' CHECK (costing_method IN ('FIFO', 'MOVING_AVERAGE'))
;;
ALTER TABLE tenant_counter ADD COLUMN revaluation_number {INT} NOT NULL DEFAULT 0 CHECK (revaluation_number >= 0)
;;
CREATE TABLE revaluation (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL, seq {INT} NOT NULL, external_ref {TEXT}, note {TEXT} NOT NULL,
  actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, business_date {SMALL} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number), UNIQUE (tenant_id, seq))
;;
CREATE UNIQUE INDEX revaluation_external ON revaluation (tenant_id, external_ref) WHERE external_ref IS NOT NULL
;;
CREATE TABLE revaluation_line (
  tenant_id {UUID} NOT NULL, revaluation_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position BETWEEN 1 AND 4095),
  product_id {UUID} NOT NULL, unit_cost_minor {INT} NOT NULL CHECK (unit_cost_minor >= 0),
  PRIMARY KEY (tenant_id, revaluation_id, position), UNIQUE (tenant_id, revaluation_id, product_id),
  FOREIGN KEY (tenant_id, revaluation_id) REFERENCES revaluation (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id))
;;
CREATE TABLE cost_book (tenant_id {UUID} NOT NULL, seq {INT} NOT NULL CHECK (seq >= 0), PRIMARY KEY (tenant_id)) {IN_PLACE}
;;
CREATE TABLE cost_pool (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, quantity {INT} NOT NULL CHECK (quantity >= 0),
  average_minor {INT} NOT NULL CHECK (average_minor >= 0), fifo_minor {INT} NOT NULL CHECK (fifo_minor >= 0), seq {INT} NOT NULL,
  PRIMARY KEY (tenant_id, product_id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (quantity > 0 OR (average_minor = 0 AND fifo_minor = 0))) {IN_PLACE}
;;
CREATE TABLE cost_layer (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, seq {INT} NOT NULL, line {SMALL} NOT NULL, last_seq {INT} NOT NULL,
  received_at {INT} NOT NULL, quantity {INT} NOT NULL CHECK (quantity > 0), value_minor {INT} NOT NULL CHECK (value_minor >= 0),
  PRIMARY KEY (tenant_id, product_id, seq, line),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id), CHECK (last_seq >= seq)) {IN_PLACE}
;;
CREATE TABLE cost_posting (
  tenant_id {UUID} NOT NULL, seq {INT} NOT NULL, line {SMALL} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID},
  kind {TEXT} NOT NULL, basis {TEXT} NOT NULL, reference_id {UUID}, quantity {INT} NOT NULL,
  average_minor {INT} NOT NULL, fifo_minor {INT} NOT NULL, occurred_at {INT} NOT NULL, business_date {SMALL} NOT NULL, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, seq, line),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {APPEND}
;;
CREATE INDEX cost_posting_product ON cost_posting (tenant_id, product_id, seq)
;;
CREATE INDEX cost_posting_reference ON cost_posting (tenant_id, reference_id, product_id) WHERE reference_id IS NOT NULL
;;
CREATE INDEX cost_posting_occurred ON cost_posting (tenant_id, occurred_at)
