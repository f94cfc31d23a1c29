CREATE TABLE stock_level (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, id {UUID} NOT NULL,
  on_hand {INT} NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
  reserved {INT} NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  unavailable {INT} NOT NULL DEFAULT 0 CHECK (unavailable >= 0),
  incoming {INT} NOT NULL DEFAULT 0 CHECK (incoming >= 0),
  in_transit {INT} NOT NULL DEFAULT 0 CHECK (in_transit >= 0),
  safety_stock {INT} NOT NULL DEFAULT 0 CHECK (safety_stock >= 0),
  reorder_point {INT} CHECK (reorder_point >= 0), maximum {INT} CHECK (maximum >= 0),
  last_occurred_at {INT} NOT NULL, version {INT} NOT NULL CHECK (version >= 0), seq {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, product_id, store_id), UNIQUE (tenant_id, id),
  CHECK (reserved <= on_hand - unavailable),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {IN_PLACE}
;;
CREATE INDEX stock_level_store ON stock_level (tenant_id, store_id, product_id)
;;
CREATE TABLE movement (
  tenant_id {UUID} NOT NULL, seq {INT} NOT NULL, id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('RECEIPT', 'SALE', 'RETURN', 'ADJUSTMENT', 'REMOVAL', 'COUNT', 'DISCREPANCY', 'TRANSFER_OUT', 'TRANSFER_IN', 'RESERVE', 'RELEASE', 'REVERSAL')),
  reason_code {TEXT}, note {TEXT}, external_ref {TEXT}, reference_kind {TEXT}, reference_id {UUID},
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  reverses_id {UUID}, occurred_at {INT} NOT NULL, business_date {SMALL} NOT NULL, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, seq), UNIQUE (tenant_id, id),
  CHECK ((reference_kind IS NULL) = (reference_id IS NULL)), CHECK ((kind = 'REVERSAL') = (reverses_id IS NOT NULL))) {APPEND}
;;
CREATE UNIQUE INDEX movement_reverses ON movement (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL
;;
CREATE INDEX movement_reference ON movement (tenant_id, reference_id, seq) WHERE reference_id IS NOT NULL
;;
CREATE INDEX movement_external_ref ON movement (tenant_id, external_ref, seq) WHERE external_ref IS NOT NULL
;;
CREATE INDEX movement_occurred ON movement (tenant_id, occurred_at, seq)
;;
CREATE TABLE entry (
  tenant_id {UUID} NOT NULL, seq {INT} NOT NULL, line {SMALL} NOT NULL CHECK (line BETWEEN 1 AND 4095), movement_id {UUID} NOT NULL,
  product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, lot_id {UUID}, condition {TEXT}, owner_id {UUID}, bin {TEXT},
  on_hand_delta {INT} NOT NULL, reserved_delta {INT} NOT NULL, unavailable_delta {INT} NOT NULL, incoming_delta {INT} NOT NULL, in_transit_delta {INT} NOT NULL,
  on_hand_after {INT} NOT NULL CHECK (on_hand_after >= 0), reserved_after {INT} NOT NULL CHECK (reserved_after >= 0), unavailable_after {INT} NOT NULL CHECK (unavailable_after >= 0),
  version_after {INT} NOT NULL CHECK (version_after > 0), unit_cost_minor {INT}, cost_currency {TEXT}, value_minor {INT}, note {TEXT},
  occurred_at {INT} NOT NULL, occurred_max {INT} NOT NULL, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, seq, line),
  FOREIGN KEY (tenant_id, seq) REFERENCES movement (tenant_id, seq),
  FOREIGN KEY (tenant_id, product_id, store_id) REFERENCES stock_level (tenant_id, product_id, store_id),
  CHECK (reserved_after <= on_hand_after - unavailable_after), CHECK (occurred_at <= occurred_max)) {APPEND}
;;
CREATE UNIQUE INDEX entry_level ON entry (tenant_id, product_id, store_id, version_after)
;;
CREATE INDEX entry_store ON entry (tenant_id, store_id, seq)
;;
CREATE INDEX entry_late ON entry (tenant_id, product_id, store_id, version_after, occurred_at, on_hand_delta, recorded_at, occurred_max) WHERE occurred_at < occurred_max
;;
CREATE TABLE reservation (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL,
  quantity {INT} NOT NULL CHECK (quantity > 0), remaining {INT} NOT NULL CHECK (remaining >= 0 AND remaining <= quantity),
  status {TEXT} NOT NULL CHECK (status IN ('ACTIVE', 'CONSUMED', 'RELEASED', 'EXPIRED', 'SHORTENED')), expires_at {INT},
  channel_id {UUID}, order_id {UUID}, order_position {SMALL}, reference_kind {TEXT}, reference_id {UUID},
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id, store_id) REFERENCES stock_level (tenant_id, product_id, store_id),
  CHECK ((status = 'ACTIVE') = (remaining > 0)))
;;
CREATE INDEX reservation_level ON reservation (tenant_id, product_id, store_id) WHERE status = 'ACTIVE'
;;
CREATE INDEX reservation_order ON reservation (tenant_id, order_id, order_position) WHERE order_id IS NOT NULL
;;
CREATE INDEX reservation_expiry ON reservation (expires_at) WHERE status = 'ACTIVE' AND expires_at IS NOT NULL
