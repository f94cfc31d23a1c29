CREATE TABLE stock_count (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('FULL', 'CATEGORY', 'CYCLE', 'LIST')),
  status {TEXT} NOT NULL CHECK (status IN ('OPEN', 'COUNTING', 'REVIEW', 'COMPLETED', 'CANCELLED')),
  store_id {UUID} NOT NULL, category_id {UUID}, abc_class {TEXT} CHECK (abc_class IN ('A', 'B', 'C')),
  is_blind {SMALL} NOT NULL CHECK (is_blind IN (0, 1)), external_ref {TEXT}, note {TEXT},
  started_at {INT}, submitted_at {INT}, completed_at {INT},
  actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, approver_kind {TEXT}, approver_id {UUID},
  version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id),
  FOREIGN KEY (tenant_id, category_id) REFERENCES category (tenant_id, id),
  CHECK ((kind = 'CATEGORY') = (category_id IS NOT NULL)), CHECK ((kind = 'CYCLE') = (abc_class IS NOT NULL)),
  CHECK ((status = 'COMPLETED') = (completed_at IS NOT NULL)), CHECK ((completed_at IS NULL) = (approver_id IS NULL)),
  CHECK (status <> 'OPEN' OR started_at IS NULL), CHECK (status NOT IN ('COUNTING', 'REVIEW', 'COMPLETED') OR started_at IS NOT NULL)) {IN_PLACE}
;;
CREATE UNIQUE INDEX stock_count_external ON stock_count (tenant_id, external_ref) WHERE external_ref IS NOT NULL
;;
CREATE INDEX stock_count_created ON stock_count (tenant_id, created_at, id)
;;
CREATE INDEX stock_count_store ON stock_count (tenant_id, store_id, created_at, id)
;;
CREATE INDEX stock_count_status ON stock_count (tenant_id, status, created_at, id)
;;
CREATE TABLE count_line (
  tenant_id {UUID} NOT NULL, count_id {UUID} NOT NULL, product_id {UUID} NOT NULL, id {UUID} NOT NULL,
  sku {TEXT} NOT NULL, name {TEXT} NOT NULL, unit_decimals {SMALL} NOT NULL, is_expected {SMALL} NOT NULL CHECK (is_expected IN (0, 1)),
  state {TEXT} NOT NULL CHECK (state IN ('UNCOUNTED', 'COUNTED', 'RECOUNT')), attempts {INT} NOT NULL CHECK (attempts >= 0),
  counted {INT} CHECK (counted >= 0), counted_at {INT}, book {INT}, book_version {INT}, unit_cost_minor {INT}, cost_currency {TEXT}, posted {INT},
  PRIMARY KEY (tenant_id, count_id, product_id), UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, count_id) REFERENCES stock_count (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  CHECK ((state = 'UNCOUNTED') = (attempts = 0)),
  CHECK ((attempts = 0) = (counted IS NULL)), CHECK ((counted IS NULL) = (counted_at IS NULL)),
  CHECK ((counted IS NULL) = (book IS NULL)), CHECK ((counted IS NULL) = (book_version IS NULL)))
;;
CREATE INDEX count_line_sku ON count_line (tenant_id, count_id, sku, id)
;;
CREATE INDEX count_line_state ON count_line (tenant_id, count_id, state)
;;
CREATE INDEX count_line_product ON count_line (tenant_id, product_id, count_id)
;;
CREATE TABLE count_try (
  tenant_id {UUID} NOT NULL, count_id {UUID} NOT NULL, product_id {UUID} NOT NULL, attempt {INT} NOT NULL CHECK (attempt > 0),
  counted {INT} NOT NULL CHECK (counted >= 0), counted_at {INT} NOT NULL, book {INT} NOT NULL, book_version {INT} NOT NULL,
  actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL, note {TEXT}, recorded_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, count_id, product_id, attempt),
  FOREIGN KEY (tenant_id, count_id, product_id) REFERENCES count_line (tenant_id, count_id, product_id)) {APPEND}
;;
ALTER TABLE stock_level ADD COLUMN counted_at {INT}
