CREATE TABLE file (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, purpose {TEXT} NOT NULL CHECK (purpose IN ('IMPORT', 'IMAGE', 'DOCUMENT', 'RESULT')),
  name {TEXT} NOT NULL CHECK (length(name) BETWEEN 1 AND 255), media_type {TEXT} NOT NULL, size {INT} NOT NULL CHECK (size >= 0), sha256 {BYTES}, blob {TEXT},
  state {TEXT} NOT NULL CHECK (state IN ('AWAITED', 'READY', 'GONE')), maker_kind {TEXT} NOT NULL CHECK (maker_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')),
  maker_id {UUID} NOT NULL, created_at {INT} NOT NULL, ready_at {INT}, expires_at {INT},
  PRIMARY KEY (tenant_id, id), CHECK ((state = 'READY') = (blob IS NOT NULL)), CHECK (state <> 'READY' OR (sha256 IS NOT NULL AND ready_at IS NOT NULL))) {IN_PLACE}
;;
CREATE INDEX file_expiry ON file (expires_at) WHERE state <> 'GONE' AND expires_at IS NOT NULL
;;
CREATE INDEX file_held ON file (tenant_id, size) WHERE state = 'READY'
;;
CREATE TABLE exchange (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, kind {TEXT} NOT NULL CHECK (kind IN ('IMPORT', 'EXPORT')),
  noun {TEXT} NOT NULL CHECK (noun IN ('PRODUCTS', 'STOCK', 'STOCK_CHANGES', 'SUPPLIERS', 'CATEGORIES', 'CUSTOMERS', 'MOVEMENTS', 'ORDERS')),
  options {TEXT} NOT NULL, told {TEXT} NOT NULL, input_id {UUID}, result_id {UUID},
  maker_kind {TEXT} NOT NULL CHECK (maker_kind IN ('MEMBER', 'INTEGRATION')), maker_id {UUID} NOT NULL, key_id {UUID},
  idempotency_key {TEXT} NOT NULL, hash {BYTES} NOT NULL, state {TEXT} NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
  position {INT} NOT NULL CHECK (position >= 0), created_rows {INT} NOT NULL CHECK (created_rows >= 0), updated_rows {INT} NOT NULL CHECK (updated_rows >= 0),
  unchanged_rows {INT} NOT NULL CHECK (unchanged_rows >= 0), refused_rows {INT} NOT NULL CHECK (refused_rows >= 0), error {TEXT},
  created_at {INT} NOT NULL, started_at {INT}, finished_at {INT}, version {INT} NOT NULL CHECK (version > 0),
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, input_id) REFERENCES file (tenant_id, id), FOREIGN KEY (tenant_id, result_id) REFERENCES file (tenant_id, id),
  CHECK ((kind = 'EXPORT') = (input_id IS NULL)),
  CHECK ((state IN ('DONE', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL)), CHECK ((state = 'FAILED') = (error IS NOT NULL)),
  CHECK (created_rows + updated_rows + unchanged_rows + refused_rows = position)) {IN_PLACE}
;;
CREATE UNIQUE INDEX exchange_key ON exchange (tenant_id, maker_id, kind, idempotency_key)
;;
CREATE INDEX exchange_made ON exchange (tenant_id, created_at, id)
;;
CREATE INDEX exchange_maker ON exchange (tenant_id, maker_id, created_at, id)
;;
CREATE TABLE exchange_row (
  tenant_id {UUID} NOT NULL, exchange_id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0), code {TEXT} NOT NULL, field {TEXT} NOT NULL, message {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, exchange_id, number), FOREIGN KEY (tenant_id, exchange_id) REFERENCES exchange (tenant_id, id)) {APPEND}
