ALTER TABLE tenant_counter ADD COLUMN reversal_number {INT} NOT NULL DEFAULT 0
;;
DROP INDEX movement_reverses
;;
CREATE INDEX movement_reverses ON movement (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL
;;
ALTER TABLE goods_receipt_line ADD COLUMN reversed {INT} NOT NULL DEFAULT 0 CHECK (reversed >= 0)
;;
ALTER TABLE goods_receipt_line ADD COLUMN reversed_damaged {INT} NOT NULL DEFAULT 0 CHECK (reversed_damaged >= 0)
;;
ALTER TABLE purchase_order_line ADD COLUMN goods_off_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE purchase_order_line ADD COLUMN charges_off_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE supplier_return_line ADD COLUMN reversed {INT} NOT NULL DEFAULT 0 CHECK (reversed >= 0)
;;
CREATE TABLE document_reversal (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, number {INT} NOT NULL CHECK (number > 0),
  kind {TEXT} NOT NULL CHECK (kind IN ('GOODS_RECEIPT', 'TRANSFER_SHIPMENT', 'TRANSFER_RECEIPT', 'TRANSFER_CLOSE', 'SUPPLIER_RETURN')),
  part_id {UUID} NOT NULL, document_id {UUID} NOT NULL, store_id {UUID} NOT NULL, other_store_id {UUID}, note {TEXT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
  occurred_at {INT} NOT NULL, business_date {SMALL} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, store_id) REFERENCES store (tenant_id, id), FOREIGN KEY (tenant_id, other_store_id) REFERENCES store (tenant_id, id))
;;
CREATE INDEX document_reversal_store ON document_reversal (tenant_id, store_id, number)
;;
CREATE INDEX document_reversal_other_store ON document_reversal (tenant_id, other_store_id, number)
;;
CREATE INDEX document_reversal_part ON document_reversal (tenant_id, part_id, number)
;;
CREATE INDEX document_reversal_document ON document_reversal (tenant_id, document_id, number)
;;
CREATE TABLE document_reversal_line (
  tenant_id {UUID} NOT NULL, reversal_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), line_id {UUID} NOT NULL,
  movement_id {UUID} NOT NULL, movement_line {SMALL} NOT NULL, product_id {UUID} NOT NULL, quantity {INT} NOT NULL CHECK (quantity > 0), mirror_id {UUID} NOT NULL,
  PRIMARY KEY (tenant_id, reversal_id, position), FOREIGN KEY (tenant_id, reversal_id) REFERENCES document_reversal (tenant_id, id),
  FOREIGN KEY (tenant_id, mirror_id) REFERENCES movement (tenant_id, id), FOREIGN KEY (tenant_id, movement_id) REFERENCES movement (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)) {APPEND}
;;
CREATE INDEX document_reversal_line_movement ON document_reversal_line (tenant_id, movement_id, movement_line)
;;
CREATE INDEX document_reversal_line_mirror ON document_reversal_line (tenant_id, mirror_id)
;;
CREATE INDEX document_reversal_line_product ON document_reversal_line (tenant_id, product_id)
;;
CREATE TABLE document_reversal_effect (
  tenant_id {UUID} NOT NULL, reversal_id {UUID} NOT NULL, position {SMALL} NOT NULL CHECK (position > 0), subject {TEXT} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('STATUS', 'RECEIVED', 'DAMAGED', 'OPEN', 'SHIPPED', 'LOST', 'RETURNED', 'CREDIT', 'ON_HAND', 'RESERVED', 'UNAVAILABLE', 'INCOMING', 'IN_TRANSIT', 'VALUE')),
  quantity_delta {INT}, money_minor {INT}, currency {TEXT}, status_before {TEXT}, status_after {TEXT},
  PRIMARY KEY (tenant_id, reversal_id, position), FOREIGN KEY (tenant_id, reversal_id) REFERENCES document_reversal (tenant_id, id),
  CHECK ((money_minor IS NULL) = (currency IS NULL)), CHECK ((status_before IS NULL) = (status_after IS NULL))) {APPEND}
