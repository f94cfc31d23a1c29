CREATE TABLE demand_book (
  tenant_id {UUID} NOT NULL, generation {INT} NOT NULL, is_current {BOOL} NOT NULL, seq {INT} NOT NULL CHECK (seq >= 0),
  documents_seq {INT} NOT NULL, row_count {INT} NOT NULL CHECK (row_count >= 0), checksum {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, generation)) {IN_PLACE}
;;
CREATE UNIQUE INDEX demand_book_current ON demand_book (tenant_id) WHERE is_current
;;
CREATE TABLE demand_document (
  tenant_id {UUID} NOT NULL, generation {INT} NOT NULL, document_id {UUID} NOT NULL, counted {TEXT} NOT NULL,
  PRIMARY KEY (tenant_id, generation, document_id)) {APPEND}
;;
CREATE TABLE demand_day (
  tenant_id {UUID} NOT NULL, generation {INT} NOT NULL, business_date {SMALL} NOT NULL, product_id {UUID} NOT NULL,
  store_id {UUID} NOT NULL, channel_id {UUID} NOT NULL, currency {TEXT} NOT NULL,
  ordered_units {INT} NOT NULL, cancelled_units {INT} NOT NULL, taken_back_units {INT} NOT NULL, returned_units {INT} NOT NULL,
  orders {INT} NOT NULL, order_lines {INT} NOT NULL, returns {INT} NOT NULL, return_lines {INT} NOT NULL, gross_minor {INT} NOT NULL,
  discount_minor {INT} NOT NULL, list_minor {INT} NOT NULL, cost_minor {INT} NOT NULL, refund_minor {INT} NOT NULL,
  shipped_units {INT} NOT NULL, restocked_units {INT} NOT NULL, received_units {INT} NOT NULL, moved_in_units {INT} NOT NULL,
  moved_out_units {INT} NOT NULL, adjusted_in_units {INT} NOT NULL, adjusted_out_units {INT} NOT NULL, counted_in_units {INT} NOT NULL,
  counted_out_units {INT} NOT NULL, removed_units {INT} NOT NULL, net_units {INT} NOT NULL,
  max_line_units {INT} NOT NULL, first_seq {INT} NOT NULL, revised_seq {INT} NOT NULL,
  PRIMARY KEY (tenant_id, generation, business_date, product_id, store_id, channel_id, currency),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {APPEND}
;;
CREATE INDEX demand_day_level ON demand_day (tenant_id, generation, product_id, store_id, business_date)
;;
CREATE TABLE demand_week (
  tenant_id {UUID} NOT NULL, generation {INT} NOT NULL, week_date {SMALL} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL,
  ordered_units {INT} NOT NULL, cancelled_units {INT} NOT NULL, taken_back_units {INT} NOT NULL, returned_units {INT} NOT NULL,
  shipped_units {INT} NOT NULL,
  PRIMARY KEY (tenant_id, generation, week_date, product_id, store_id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {APPEND}
;;
CREATE TABLE stock_span (
  tenant_id {UUID} NOT NULL, generation {INT} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, from_date {SMALL} NOT NULL,
  to_date {SMALL}, state {TEXT} NOT NULL CHECK (state IN ('IN_STOCK', 'OUT')),
  PRIMARY KEY (tenant_id, generation, product_id, store_id, from_date), CHECK (to_date >= from_date),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id)) {APPEND}
