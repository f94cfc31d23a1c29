-- Null while nobody has edited the line: its own quantity, discount and tax are the basis then.
ALTER TABLE order_line ADD COLUMN basis_quantity {INT} CHECK (basis_quantity > 0)
;;
ALTER TABLE order_line ADD COLUMN basis_discount_minor {INT} CHECK (basis_discount_minor >= 0)
;;
ALTER TABLE order_line ADD COLUMN basis_tax_minor {INT} CHECK (basis_tax_minor >= 0)
;;
-- Null while the line is as it was placed; 0 of a line that an edit added.
ALTER TABLE order_line ADD COLUMN placed_quantity {INT} CHECK (placed_quantity >= 0)
;;
ALTER TABLE order_line ADD COLUMN placed_price_minor {INT}
;;
ALTER TABLE order_line ADD COLUMN placed_discount_minor {INT}
;;
ALTER TABLE order_line ADD COLUMN placed_total_minor {INT}
;;
CREATE TABLE order_detail (
  tenant_id {UUID} NOT NULL, order_id {UUID} NOT NULL, personal {BYTES}, note_for_customer {TEXT}, note_for_staff {TEXT},
  tags {TEXT} NOT NULL, metadata {TEXT} NOT NULL, requested_for {INT},
  delivery_method {TEXT} NOT NULL CHECK (delivery_method IN ('SHIP', 'COLLECT')),
  PRIMARY KEY (tenant_id, order_id), FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id))
;;
CREATE TABLE order_step (
  tenant_id {UUID} NOT NULL, order_id {UUID} NOT NULL, version {INT} NOT NULL CHECK (version > 1),
  nth {INT} NOT NULL CHECK (nth >= 1), action {TEXT} NOT NULL,
  cancel_reason {TEXT} CHECK (cancel_reason IN ('CUSTOMER', 'OUT_OF_STOCK', 'PAYMENT', 'FRAUD', 'DUPLICATE', 'ERROR', 'OTHER')),
  reason {TEXT}, recorded_at {INT} NOT NULL, actor_kind {TEXT} NOT NULL, actor_id {UUID} NOT NULL,
  PRIMARY KEY (tenant_id, order_id, version, nth), FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id)) {APPEND}
