CREATE TABLE webhook_endpoint (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, shard {SMALL} NOT NULL CHECK (shard >= 0), url {TEXT} NOT NULL CHECK (length(url) <= 2048),
  description {TEXT} NOT NULL, event_types {TEXT} NOT NULL, maker_id {UUID} NOT NULL, secret_sealed {BYTES} NOT NULL, old_secret_sealed {BYTES}, old_secret_until {INT},
  journal_seq {INT} NOT NULL CHECK (journal_seq >= 0), skipped_through {INT}, failures {INT} NOT NULL DEFAULT 0 CHECK (failures >= 0), failing_since {INT}, paused_until {INT},
  disabled_at {INT}, disabled_why {TEXT} CHECK (disabled_why IN ('SWITCHED_OFF', 'GONE', 'FAILING', 'MAKER_GONE')),
  version {INT} NOT NULL CHECK (version > 0), created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), CHECK ((old_secret_sealed IS NULL) = (old_secret_until IS NULL)), CHECK ((disabled_at IS NULL) = (disabled_why IS NULL))) {IN_PLACE}
;;
CREATE INDEX webhook_endpoint_shard ON webhook_endpoint (shard) WHERE disabled_at IS NULL
;;
CREATE TABLE webhook_delivery (
  tenant_id {UUID} NOT NULL, endpoint_id {UUID} NOT NULL, seq {INT} NOT NULL CHECK (seq > 0),
  state {TEXT} NOT NULL CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED', 'WITHHELD')), attempts {INT} NOT NULL CHECK (attempts >= 0), due_at {INT} NOT NULL, settled_at {INT},
  PRIMARY KEY (tenant_id, endpoint_id, seq), FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id),
  CHECK ((state = 'PENDING') = (settled_at IS NULL))) {IN_PLACE}
;;
CREATE INDEX webhook_delivery_due ON webhook_delivery (tenant_id, endpoint_id, due_at, seq) WHERE state = 'PENDING'
;;
CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at) WHERE settled_at IS NOT NULL
;;
CREATE TABLE webhook_attempt (
  tenant_id {UUID} NOT NULL, endpoint_id {UUID} NOT NULL, id {UUID} NOT NULL, seq {INT} NOT NULL, number {INT} NOT NULL CHECK (number > 0), at {INT} NOT NULL,
  status {SMALL}, error {TEXT}, latency_ms {INT} NOT NULL, body {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id, id), FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id),
  CHECK (status IS NOT NULL OR error IS NOT NULL)) {APPEND}
;;
CREATE INDEX webhook_attempt_at ON webhook_attempt (at)
