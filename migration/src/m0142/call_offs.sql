ALTER TABLE blanket_order_line ADD COLUMN call_off_minimum {INT} CHECK (call_off_minimum > 0)
;;
ALTER TABLE blanket_order_line ADD COLUMN call_off_multiple {INT} CHECK (call_off_multiple > 0)
;;
ALTER TABLE purchase_order ADD COLUMN sent_revision {SMALL} CHECK (sent_revision > 0)
;;
ALTER TABLE purchase_order ADD COLUMN sent_at {INT}
;;
ALTER TABLE purchase_order ADD COLUMN confirmed_revision {SMALL} CHECK (confirmed_revision > 0)
