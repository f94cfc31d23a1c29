CREATE TABLE demand_gone (
  tenant_id {UUID} NOT NULL, generation {INT} NOT NULL, business_date {SMALL} NOT NULL, product_id {UUID} NOT NULL,
  store_id {UUID} NOT NULL, channel_id {UUID} NOT NULL, currency {TEXT} NOT NULL, revised_seq {INT} NOT NULL,
  PRIMARY KEY (tenant_id, generation, business_date, product_id, store_id, channel_id, currency),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {APPEND}
;;
CREATE INDEX demand_gone_revised ON demand_gone (tenant_id, generation, revised_seq)
;;
CREATE INDEX demand_day_revised ON demand_day (tenant_id, generation, revised_seq)
;;
@postgres
ALTER TABLE exchange DROP CONSTRAINT exchange_noun_check,
  ADD CONSTRAINT exchange_noun_check CHECK (noun IN ('PRODUCTS', 'STOCK', 'STOCK_CHANGES', 'SUPPLIERS', 'CATEGORIES', 'CUSTOMERS', 'MOVEMENTS', 'ORDERS', 'DEMAND_FACTS'))
;;
@sqlite
CREATE TABLE exchange_now (
  tenant_id {UUID} NOT NULL REFERENCES tenant, id {UUID} NOT NULL, kind {TEXT} NOT NULL CHECK (kind IN ('IMPORT', 'EXPORT', 'BULK')),
  noun {TEXT} CHECK (noun IN ('PRODUCTS', 'STOCK', 'STOCK_CHANGES', 'SUPPLIERS', 'CATEGORIES', 'CUSTOMERS', 'MOVEMENTS', 'ORDERS', 'DEMAND_FACTS')),
  options {TEXT} NOT NULL, told {TEXT} NOT NULL, input_id {UUID}, result_id {UUID},
  maker_kind {TEXT} NOT NULL CHECK (maker_kind IN ('MEMBER', 'INTEGRATION')), maker_id {UUID} NOT NULL, key_id {UUID},
  idempotency_key {TEXT} NOT NULL, hash {BYTES} NOT NULL, state {TEXT} NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
  position {INT} NOT NULL CHECK (position >= 0), created_rows {INT} NOT NULL CHECK (created_rows >= 0), updated_rows {INT} NOT NULL CHECK (updated_rows >= 0),
  unchanged_rows {INT} NOT NULL CHECK (unchanged_rows >= 0), refused_rows {INT} NOT NULL CHECK (refused_rows >= 0), error {TEXT},
  created_at {INT} NOT NULL, started_at {INT}, finished_at {INT}, version {INT} NOT NULL CHECK (version > 0), digest {BYTES},
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, input_id) REFERENCES file (tenant_id, id), FOREIGN KEY (tenant_id, result_id) REFERENCES file (tenant_id, id),
  CHECK ((kind = 'EXPORT') = (input_id IS NULL)), CHECK ((kind = 'BULK') = (noun IS NULL)),
  CHECK ((state IN ('DONE', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL)), CHECK ((state = 'FAILED') = (error IS NOT NULL)),
  CHECK (created_rows + updated_rows + unchanged_rows + refused_rows = position))
;;
@sqlite
INSERT INTO exchange_now SELECT tenant_id, id, kind, noun, options, told, input_id, result_id, maker_kind, maker_id, key_id, idempotency_key, hash, state,
  position, created_rows, updated_rows, unchanged_rows, refused_rows, error, created_at, started_at, finished_at, version, digest FROM exchange
;;
@sqlite
CREATE TABLE exchange_row_now (
  tenant_id {UUID} NOT NULL, exchange_id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0), code {TEXT} NOT NULL, field {TEXT} NOT NULL, message {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, exchange_id, number), FOREIGN KEY (tenant_id, exchange_id) REFERENCES exchange_now (tenant_id, id)) {APPEND}
;;
@sqlite
INSERT INTO exchange_row_now SELECT tenant_id, exchange_id, number, code, field, message FROM exchange_row
;;
@sqlite
CREATE TABLE exchange_line_now (
  tenant_id {UUID} NOT NULL, exchange_id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0), answer {TEXT},
  PRIMARY KEY (tenant_id, exchange_id, number), FOREIGN KEY (tenant_id, exchange_id) REFERENCES exchange_now (tenant_id, id)) {APPEND}
;;
@sqlite
INSERT INTO exchange_line_now SELECT tenant_id, exchange_id, number, answer FROM exchange_line
;;
@sqlite
DROP TABLE exchange_row
;;
@sqlite
DROP TABLE exchange_line
;;
@sqlite
DROP TABLE exchange
;;
@sqlite
ALTER TABLE exchange_now RENAME TO exchange
;;
@sqlite
ALTER TABLE exchange_row_now RENAME TO exchange_row
;;
@sqlite
ALTER TABLE exchange_line_now RENAME TO exchange_line
;;
@sqlite
CREATE UNIQUE INDEX exchange_key ON exchange (tenant_id, maker_id, kind, idempotency_key)
;;
@sqlite
CREATE INDEX exchange_made ON exchange (tenant_id, created_at, id)
;;
@sqlite
CREATE INDEX exchange_maker ON exchange (tenant_id, maker_id, created_at, id)
