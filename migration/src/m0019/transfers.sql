CREATE TABLE transfer (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL,
  status {TEXT} NOT NULL CHECK (status IN ('DRAFT', 'READY', 'IN_TRANSIT', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CANCELLED')),
  from_store_id {UUID} NOT NULL, to_store_id {UUID} NOT NULL, external_ref {TEXT}, note {TEXT},
  expected_at {INT}, shipped_at {INT}, received_at {INT}, loss_reason {TEXT}, loss_note {TEXT},
  actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, from_store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, to_store_id) REFERENCES store (tenant_id, id),
  CHECK (from_store_id <> to_store_id),
  CHECK ((status IN ('IN_TRANSIT', 'PARTIALLY_RECEIVED', 'RECEIVED')) = (shipped_at IS NOT NULL)),
  CHECK (loss_reason IS NULL OR status = 'RECEIVED')) {IN_PLACE}
;;
CREATE UNIQUE INDEX transfer_external ON transfer (tenant_id, external_ref) WHERE external_ref IS NOT NULL
;;
CREATE INDEX transfer_created ON transfer (tenant_id, created_at, id)
;;
CREATE INDEX transfer_from ON transfer (tenant_id, from_store_id, created_at, id)
;;
CREATE INDEX transfer_to ON transfer (tenant_id, to_store_id, created_at, id)
;;
CREATE INDEX transfer_status ON transfer (tenant_id, status, created_at, id)
;;
CREATE INDEX transfer_expected ON transfer (tenant_id, expected_at) WHERE expected_at IS NOT NULL
;;
CREATE TABLE transfer_line (
  tenant_id {UUID} NOT NULL, transfer_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position BETWEEN 1 AND 4095),
  product_id {UUID} NOT NULL, sku {TEXT} NOT NULL, name {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity >= 0), shipped {INT} NOT NULL CHECK (shipped >= 0),
  received {INT} NOT NULL CHECK (received >= 0), lost {INT} NOT NULL CHECK (lost >= 0), unit_cost_minor {INT}, cost_currency {TEXT},
  PRIMARY KEY (tenant_id, transfer_id, position), UNIQUE (tenant_id, transfer_id, product_id),
  FOREIGN KEY (tenant_id, transfer_id) REFERENCES transfer (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK (shipped <= quantity), CHECK (received + lost <= shipped))
;;
CREATE INDEX transfer_line_product ON transfer_line (tenant_id, product_id, transfer_id)
;;
CREATE INDEX reservation_reference ON reservation (tenant_id, reference_id) WHERE status = 'ACTIVE' AND reference_id IS NOT NULL
