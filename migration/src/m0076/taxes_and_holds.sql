-- In millionths of the price less the discount; null where the tax of a line is stated as an amount.
ALTER TABLE order_line ADD COLUMN tax_rate {INT} CHECK (tax_rate BETWEEN 0 AND 1000000)
;;
-- Countries: a line each.
CREATE TABLE hold_rule (
  tenant_id {UUID} NOT NULL REFERENCES tenant, code {TEXT} NOT NULL, kind {TEXT} NOT NULL, reason {TEXT} NOT NULL,
  total_minor {INT}, currency {TEXT}, is_unpaid {BOOL} NOT NULL, lacks_address {BOOL} NOT NULL, countries {TEXT} NOT NULL,
  archived_at {INT}, version {INT} NOT NULL, created_at {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id, code), CHECK ((total_minor IS NULL) = (currency IS NULL))) {IN_PLACE}
;;
-- The code of the rule that set it; null of one that somebody set.
ALTER TABLE sales_hold ADD COLUMN rule_code {TEXT}
