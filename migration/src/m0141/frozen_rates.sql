ALTER TABLE invoice ADD COLUMN books_currency {TEXT}
;;
ALTER TABLE invoice ADD COLUMN books_tax_minor {INT}
;;
ALTER TABLE invoice ADD COLUMN books_total_minor {INT}
;;
ALTER TABLE invoice ADD COLUMN rate_numerator {TEXT}
;;
ALTER TABLE invoice ADD COLUMN rate_denominator {TEXT}
;;
ALTER TABLE invoice ADD COLUMN rate_day {SMALL}
;;
ALTER TABLE invoice ADD COLUMN rate_source {TEXT}
;;
ALTER TABLE purchase_order ADD COLUMN fixed_rate {TEXT}
;;
ALTER TABLE purchase_order ADD COLUMN fixed_rate_currency {TEXT}
;;
ALTER TABLE purchase_order ADD COLUMN fixed_rate_day {SMALL}
