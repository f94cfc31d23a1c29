-- The purchase order whose goods a charge made dearer after they had come, and the charge; null of other revaluations.
ALTER TABLE revaluation ADD COLUMN purchase_order_id {UUID}
;;
ALTER TABLE revaluation ADD COLUMN charge_kind {TEXT}
;;
ALTER TABLE revaluation ADD COLUMN charge_basis {TEXT}
;;
ALTER TABLE revaluation ADD COLUMN charge_name {TEXT}
;;
ALTER TABLE revaluation ADD COLUMN charge_minor {INT}
;;
ALTER TABLE revaluation ADD COLUMN charge_currency {TEXT}
;;
ALTER TABLE revaluation ADD COLUMN charge_books_minor {INT}
;;
ALTER TABLE revaluation ADD COLUMN charge_books_currency {TEXT}
;;
ALTER TABLE revaluation ADD COLUMN rate_numerator {TEXT}
;;
ALTER TABLE revaluation ADD COLUMN rate_denominator {TEXT}
;;
ALTER TABLE revaluation ADD COLUMN rate_day {SMALL}
;;
ALTER TABLE revaluation ADD COLUMN rate_source {TEXT}
;;
CREATE INDEX revaluation_purchase_order ON revaluation (tenant_id, purchase_order_id) WHERE purchase_order_id IS NOT NULL
;;
-- The share of a charge that falls on the product, in minor units of the books' currency, and the receipts that it falls on, as JSON.
ALTER TABLE revaluation_line ADD COLUMN charge_minor {INT}
;;
ALTER TABLE revaluation_line ADD COLUMN charge_receipts {TEXT}
;;
CREATE INDEX revaluation_line_charge ON revaluation_line (tenant_id, revaluation_id, position) WHERE charge_minor IS NOT NULL
