CREATE TABLE transfer_line_lot (
  tenant_id {UUID} NOT NULL, transfer_id {UUID} NOT NULL, position {SMALL} NOT NULL, lot_id {UUID} NOT NULL,
  shipped {INT} NOT NULL CHECK (shipped > 0), received {INT} NOT NULL CHECK (received >= 0), lost {INT} NOT NULL CHECK (lost >= 0),
  PRIMARY KEY (tenant_id, transfer_id, position, lot_id),
  FOREIGN KEY (tenant_id, transfer_id, position) REFERENCES transfer_line (tenant_id, transfer_id, position),
  FOREIGN KEY (tenant_id, lot_id) REFERENCES lot (tenant_id, id),
  CHECK (received + lost <= shipped)) {IN_PLACE}
;;
CREATE INDEX transfer_line_lot_lot ON transfer_line_lot (tenant_id, lot_id, transfer_id)
;;
INSERT INTO transfer_line_lot (tenant_id, transfer_id, position, lot_id, shipped, received, lost)
SELECT l.tenant_id, l.transfer_id, l.position, e.lot_id, -sum(e.on_hand_delta), 0, CASE WHEN l.lost > 0 THEN -sum(e.on_hand_delta) ELSE 0 END
FROM movement m JOIN entry e ON e.tenant_id = m.tenant_id AND e.seq = m.seq
JOIN transfer_line l ON l.tenant_id = m.tenant_id AND l.transfer_id = m.reference_id AND l.product_id = e.product_id
WHERE m.kind = 'TRANSFER_OUT' AND m.reference_kind = 'TRANSFER' AND e.lot_id IS NOT NULL AND e.on_hand_delta < 0
GROUP BY l.tenant_id, l.transfer_id, l.position, l.lost, e.lot_id
;;
ALTER TABLE lot_level ADD COLUMN counted_at {INT}
;;
CREATE TABLE count_line_kept AS SELECT * FROM count_line
;;
CREATE TABLE count_try_kept AS SELECT * FROM count_try
;;
DROP TABLE count_try
;;
DROP TABLE count_line
;;
CREATE TABLE count_line (
  tenant_id {UUID} NOT NULL, count_id {UUID} NOT NULL, product_id {UUID} NOT NULL, lot_key {TEXT} NOT NULL, id {UUID} NOT NULL,
  sku {TEXT} NOT NULL, name {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL, is_expected {SMALL} NOT NULL CHECK (is_expected IN (0, 1)),
  state {TEXT} NOT NULL CHECK (state IN ('UNCOUNTED', 'COUNTED', 'RECOUNT')), attempts {INT} NOT NULL CHECK (attempts >= 0),
  counted {INT} CHECK (counted >= 0), counted_at {INT}, book {INT}, book_version {INT}, unit_cost_minor {INT}, cost_currency {TEXT}, posted {INT},
  lot_id {UUID}, lot_code {TEXT}, made_on {SMALL}, expires_on {SMALL},
  PRIMARY KEY (tenant_id, count_id, product_id, lot_key), UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, count_id) REFERENCES stock_count (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, lot_id) REFERENCES lot (tenant_id, id),
  CHECK ((state = 'UNCOUNTED') = (attempts = 0)),
  CHECK ((attempts = 0) = (counted IS NULL)), CHECK ((counted IS NULL) = (counted_at IS NULL)),
  CHECK ((counted IS NULL) = (book IS NULL)), CHECK ((counted IS NULL) = (book_version IS NULL)),
  CHECK ((lot_key = '') = (lot_code IS NULL)), CHECK (lot_key <> '' OR lot_id IS NULL))
;;
INSERT INTO count_line (tenant_id, count_id, product_id, lot_key, id, sku, name, unit_decimals, is_expected, state, attempts, counted, counted_at,
  book, book_version, unit_cost_minor, cost_currency, posted)
SELECT tenant_id, count_id, product_id, '', id, sku, name, unit_decimals, is_expected, state, attempts, counted, counted_at,
  book, book_version, unit_cost_minor, cost_currency, posted FROM count_line_kept
;;
DROP TABLE count_line_kept
;;
CREATE INDEX count_line_sku ON count_line (tenant_id, count_id, sku, id)
;;
CREATE INDEX count_line_state ON count_line (tenant_id, count_id, state)
;;
CREATE INDEX count_line_product ON count_line (tenant_id, product_id, count_id)
;;
CREATE INDEX count_line_lot ON count_line (tenant_id, lot_id) WHERE lot_id IS NOT NULL
;;
CREATE TABLE count_try (
  tenant_id {UUID} NOT NULL, count_id {UUID} NOT NULL, product_id {UUID} NOT NULL, lot_key {TEXT} NOT NULL,
  attempt {INT} NOT NULL CHECK (attempt > 0), counted {INT} NOT NULL CHECK (counted >= 0), counted_at {INT} NOT NULL,
  book {INT} NOT NULL, book_version {INT} NOT NULL, actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, note {TEXT}, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, count_id, product_id, lot_key, attempt),
  FOREIGN KEY (tenant_id, count_id, product_id, lot_key) REFERENCES count_line (tenant_id, count_id, product_id, lot_key)) {APPEND}
;;
INSERT INTO count_try (tenant_id, count_id, product_id, lot_key, attempt, counted, counted_at, book, book_version, actor_kind, actor_id, note, recorded_at)
SELECT tenant_id, count_id, product_id, '', attempt, counted, counted_at, book, book_version, actor_kind, actor_id, note, recorded_at FROM count_try_kept
;;
DROP TABLE count_try_kept
