-- Whether a return was taken in as it was created: its goods were looked at as they came. Null of returns from before this was kept.
ALTER TABLE sales_return ADD COLUMN at_counter {BOOL}
;;
@postgres
ALTER TABLE document_reversal DROP CONSTRAINT document_reversal_kind_check,
  ADD CONSTRAINT document_reversal_kind_check CHECK (kind IN ('GOODS_RECEIPT', 'TRANSFER_SHIPMENT', 'TRANSFER_RECEIPT', 'TRANSFER_CLOSE', 'SUPPLIER_RETURN', 'COUNT', 'SALE', 'SHIPMENT', 'RETURN_REFUND', 'RETURN_RECEIPT', 'RETURN_INSPECTION'))
;;
@postgres
ALTER TABLE document_reversal_effect DROP CONSTRAINT document_reversal_effect_kind_check,
  ADD CONSTRAINT document_reversal_effect_kind_check CHECK (kind IN ('STATUS', 'RECEIVED', 'DAMAGED', 'OPEN', 'SHIPPED', 'LOST', 'RETURNED', 'CREDIT', 'FULFILLED', 'CANCELLED', 'REFUNDED', 'INSPECTED', 'ON_HAND', 'RESERVED', 'UNAVAILABLE', 'INCOMING', 'IN_TRANSIT', 'VALUE'))
;;
@sqlite
CREATE TABLE document_reversal_now (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0),
  kind {TEXT} NOT NULL CHECK (kind IN ('GOODS_RECEIPT', 'TRANSFER_SHIPMENT', 'TRANSFER_RECEIPT', 'TRANSFER_CLOSE', 'SUPPLIER_RETURN', 'COUNT', 'SALE', 'SHIPMENT', 'RETURN_REFUND', 'RETURN_RECEIPT', 'RETURN_INSPECTION')),
  part_id {UUID} NOT NULL, document_id {UUID} NOT NULL, store_id {UUID} NOT NULL, other_store_id {UUID}, note {TEXT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  occurred_at {INT} NOT NULL, business_date {SMALL} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id), FOREIGN KEY (tenant_id, other_store_id) REFERENCES store (tenant_id, id))
;;
@sqlite
INSERT INTO document_reversal_now SELECT tenant_id, id, number, kind, part_id, document_id, store_id, other_store_id, note, actor_kind, actor_id, occurred_at, business_date, created_at FROM document_reversal
;;
@sqlite
CREATE TABLE document_reversal_line_now (
  tenant_id {UUID} NOT NULL, reversal_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), line_id {UUID} NOT NULL,
  movement_id {UUID} NOT NULL, movement_line {SMALL} NOT NULL, product_id {UUID} NOT NULL, quantity {INT} NOT NULL CHECK (quantity > 0), mirror_id {UUID} NOT NULL,
  PRIMARY KEY (tenant_id, reversal_id, position), FOREIGN KEY (tenant_id, reversal_id) REFERENCES document_reversal_now (tenant_id, id),
  FOREIGN KEY (tenant_id, mirror_id) REFERENCES movement (tenant_id, id), FOREIGN KEY (tenant_id, movement_id) REFERENCES movement (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {APPEND}
;;
@sqlite
INSERT INTO document_reversal_line_now SELECT tenant_id, reversal_id, position, line_id, movement_id, movement_line, product_id, quantity, mirror_id FROM document_reversal_line
;;
@sqlite
CREATE TABLE document_reversal_effect_now (
  tenant_id {UUID} NOT NULL, reversal_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), subject {TEXT} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('STATUS', 'RECEIVED', 'DAMAGED', 'OPEN', 'SHIPPED', 'LOST', 'RETURNED', 'CREDIT', 'FULFILLED', 'CANCELLED', 'REFUNDED', 'INSPECTED', 'ON_HAND', 'RESERVED', 'UNAVAILABLE', 'INCOMING', 'IN_TRANSIT', 'VALUE')),
  quantity_delta {INT}, money_minor {INT}, currency {TEXT}, status_before {TEXT}, status_after {TEXT},
  PRIMARY KEY (tenant_id, reversal_id, position), FOREIGN KEY (tenant_id, reversal_id) REFERENCES document_reversal_now (tenant_id, id),
  CHECK ((money_minor IS NULL) = (currency IS NULL)), CHECK ((status_before IS NULL) = (status_after IS NULL))) {APPEND}
;;
@sqlite
INSERT INTO document_reversal_effect_now SELECT tenant_id, reversal_id, position, subject, kind, quantity_delta, money_minor, currency, status_before, status_after FROM document_reversal_effect
;;
@sqlite DROP TABLE document_reversal_effect
;;
@sqlite DROP TABLE document_reversal_line
;;
@sqlite DROP TABLE document_reversal
;;
@sqlite ALTER TABLE document_reversal_now RENAME TO document_reversal
;;
@sqlite ALTER TABLE document_reversal_line_now RENAME TO document_reversal_line
;;
@sqlite ALTER TABLE document_reversal_effect_now RENAME TO document_reversal_effect
;;
@sqlite CREATE INDEX document_reversal_store ON document_reversal (tenant_id, store_id, number)
;;
@sqlite CREATE INDEX document_reversal_other_store ON document_reversal (tenant_id, other_store_id, number)
;;
@sqlite CREATE INDEX document_reversal_part ON document_reversal (tenant_id, part_id, number)
;;
@sqlite CREATE INDEX document_reversal_document ON document_reversal (tenant_id, document_id, number)
;;
@sqlite CREATE INDEX document_reversal_line_movement ON document_reversal_line (tenant_id, movement_id, movement_line)
;;
@sqlite CREATE INDEX document_reversal_line_mirror ON document_reversal_line (tenant_id, mirror_id)
;;
@sqlite CREATE INDEX document_reversal_line_product ON document_reversal_line (tenant_id, product_id)
