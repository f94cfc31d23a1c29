ALTER TABLE purchase_order ADD COLUMN revision {SMALL} NOT NULL DEFAULT 1 CHECK (revision > 0)
;;
ALTER TABLE purchase_order ADD COLUMN confirmed_at {INT}
;;
ALTER TABLE purchase_order_line ADD COLUMN confirmed_on {SMALL}
;;
ALTER TABLE purchase_order_line ADD COLUMN confirmed_quantity {INT} CHECK (confirmed_quantity >= 0)
;;
ALTER TABLE purchase_order_line ADD COLUMN lead_on {SMALL}
;;
ALTER TABLE purchase_order_line ADD COLUMN lead_from {TEXT} CHECK (lead_from IN ('SUPPLIER_PRODUCT', 'SUPPLIER'))
;;
ALTER TABLE purchase_order_line ADD COLUMN revision {SMALL} NOT NULL DEFAULT 1 CHECK (revision > 0)
;;
ALTER TABLE purchase_order_line ADD COLUMN cancelled_at {INT}
