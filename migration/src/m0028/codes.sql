ALTER TABLE barcode ADD COLUMN code_key {TEXT} NOT NULL DEFAULT ''
;;
@sqlite UPDATE barcode SET code_key = CASE WHEN code NOT GLOB '*[^0-9]*' AND length(code) IN (8, 12, 13, 14)
  THEN substr('00000000000000' || code, -14) ELSE code END
;;
@postgres UPDATE barcode SET code_key = CASE WHEN code ~ '^[0-9]+$' AND length(code) IN (8, 12, 13, 14) THEN lpad(code, 14, '0') ELSE code END
;;
UPDATE barcode SET code_key = code WHERE length(code) < 14 AND EXISTS (SELECT 1 FROM barcode o WHERE o.tenant_id = barcode.tenant_id
  AND o.code_key = barcode.code_key AND length(o.code) > length(barcode.code))
;;
CREATE UNIQUE INDEX barcode_key ON barcode (tenant_id, code_key)
;;
ALTER TABLE purchase_order ADD COLUMN editors {TEXT}
