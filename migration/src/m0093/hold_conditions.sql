ALTER TABLE hold_rule ADD COLUMN is_billed_elsewhere {SMALL} NOT NULL DEFAULT 0 CHECK (is_billed_elsewhere IN (0, 1))
;;
ALTER TABLE hold_rule ADD COLUMN is_new_customer {SMALL} NOT NULL DEFAULT 0 CHECK (is_new_customer IN (0, 1))
;;
-- Tags: a line each.
ALTER TABLE hold_rule ADD COLUMN customer_tags {TEXT} NOT NULL DEFAULT ''
;;
ALTER TABLE hold_rule ADD COLUMN product_tags {TEXT} NOT NULL DEFAULT ''
;;
ALTER TABLE hold_rule ADD COLUMN lifts_itself {SMALL} NOT NULL DEFAULT 0 CHECK (lifts_itself IN (0, 1))
;;
-- JSON: what the rule matched that set it. What was set before was asked for once, and is not set again.
ALTER TABLE sales_hold ADD COLUMN matched {TEXT}
;;
UPDATE sales_hold SET matched = '{"all":true}' WHERE rule_code IS NOT NULL
;;
-- JSON: a list of texts; and the same folded, with a line end before and after each, to be searched.
ALTER TABLE customer ADD COLUMN tags {TEXT} NOT NULL DEFAULT '[]'
;;
ALTER TABLE customer ADD COLUMN tag_keys {TEXT} NOT NULL DEFAULT ''
;;
@postgres ALTER TABLE sales_hold DROP CONSTRAINT IF EXISTS sales_hold_check1
