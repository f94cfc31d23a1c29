CREATE TABLE number_pattern (
  tenant_id {UUID} NOT NULL REFERENCES tenant,
  kind {TEXT} NOT NULL CHECK (kind IN ('order_number', 'return_number', 'purchase_order_number', 'supplier_return_number', 'transfer_number', 'count_number')),
  from_number {INT} NOT NULL CHECK (from_number > 0), pattern {TEXT} NOT NULL, created_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, kind, from_number))
;;
@postgres ALTER TABLE tenant_counter NO FORCE ROW LEVEL SECURITY
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'order_number', 1, '{n:1}', 0 FROM tenant_counter WHERE order_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'order_number', order_number + 1, 'SO-{n:6}', 0 FROM tenant_counter WHERE order_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'return_number', 1, '{n:1}', 0 FROM tenant_counter WHERE return_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'return_number', return_number + 1, 'RT-{n:6}', 0 FROM tenant_counter WHERE return_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'purchase_order_number', 1, '{n:1}', 0 FROM tenant_counter WHERE purchase_order_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'purchase_order_number', purchase_order_number + 1, 'PO-{n:6}', 0 FROM tenant_counter WHERE purchase_order_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'supplier_return_number', 1, '{n:1}', 0 FROM tenant_counter WHERE supplier_return_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'supplier_return_number', supplier_return_number + 1, 'SR-{n:6}', 0 FROM tenant_counter WHERE supplier_return_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'transfer_number', 1, '{n:1}', 0 FROM tenant_counter WHERE transfer_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'transfer_number', transfer_number + 1, 'TR-{n:6}', 0 FROM tenant_counter WHERE transfer_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'count_number', 1, '{n:1}', 0 FROM tenant_counter WHERE count_number > 0
;;
INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at)
SELECT tenant_id, 'count_number', count_number + 1, 'CN-{n:6}', 0 FROM tenant_counter WHERE count_number > 0
;;
CREATE INDEX supplier_return_ref ON supplier_return (tenant_id, external_ref) WHERE external_ref IS NOT NULL
