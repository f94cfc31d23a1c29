-- The register of a store at which an order was placed, a return was taken in, or a step of an order was taken. An older release leaves it null.
ALTER TABLE sales_order ADD COLUMN register {TEXT}
;;
ALTER TABLE sales_return ADD COLUMN register {TEXT}
;;
ALTER TABLE order_step ADD COLUMN register {TEXT}
;;
-- The register whose returns and cancellations a pattern is about, in place of a person.
ALTER TABLE stock_anomaly ADD COLUMN register {TEXT}
;;
DROP INDEX stock_anomaly_day
;;
-- Several registers of a store may be found on a day, with the same product.
CREATE UNIQUE INDEX stock_anomaly_day ON stock_anomaly (tenant_id, store_id, business_date, product_id, kind) WHERE who_id IS NULL AND order_id IS NULL AND register IS NULL
;;
CREATE UNIQUE INDEX stock_anomaly_register ON stock_anomaly (tenant_id, store_id, business_date, register, kind) WHERE register IS NOT NULL
