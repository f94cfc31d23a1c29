ALTER TABLE purchase_charge ADD COLUMN currency {TEXT}
;;
ALTER TABLE purchase_charge ADD COLUMN books_minor {INT} CHECK (books_minor >= 0)
;;
ALTER TABLE purchase_charge ADD COLUMN books_currency {TEXT}
;;
ALTER TABLE purchase_charge ADD COLUMN rate_numerator {TEXT}
;;
ALTER TABLE purchase_charge ADD COLUMN rate_denominator {TEXT}
;;
ALTER TABLE purchase_charge ADD COLUMN rate_day {SMALL}
;;
ALTER TABLE purchase_charge ADD COLUMN rate_source {TEXT}
;;
ALTER TABLE purchase_order_line ADD COLUMN charges_books_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE purchase_order_line ADD COLUMN charges_books_off_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE goods_receipt_line ADD COLUMN charges_books_minor {INT} NOT NULL DEFAULT 0
