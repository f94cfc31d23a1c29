-- Nobody counted them, and a lot of their product has a line.
DELETE FROM count_line WHERE lot_key = '' AND attempts = 0 AND EXISTS (SELECT 1 FROM count_line o
  WHERE o.tenant_id = count_line.tenant_id AND o.count_id = count_line.count_id AND o.product_id = count_line.product_id AND o.lot_key <> '')
;;
-- Until now damaged goods of a receipt were set aside as QUARANTINE; entries stay as they were written.
ALTER TABLE goods_receipt_line ADD COLUMN damaged_as {TEXT} NOT NULL DEFAULT 'QUARANTINE' CHECK (damaged_as IN ('QUARANTINE', 'DAMAGED'))
;;
CREATE INDEX return_lot_unseen ON return_lot (tenant_id, lot_id) WHERE inspected < received
