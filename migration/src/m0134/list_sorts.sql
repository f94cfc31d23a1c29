-- Products without a price come after all others.
CREATE INDEX product_price_order ON product (tenant_id, (CASE WHEN price_currency IS NULL THEN '~' ELSE price_currency END),
  (CASE WHEN price_minor IS NULL THEN 0 ELSE price_minor END), id)
;;
-- Purchase orders without a day come after all others.
CREATE INDEX purchase_order_expected_order ON purchase_order (tenant_id, (CASE WHEN expected_on IS NULL THEN 2147483647 ELSE expected_on END), id)
;;
CREATE INDEX purchase_order_total ON purchase_order (tenant_id, currency, (goods_minor + charges_minor), id)
