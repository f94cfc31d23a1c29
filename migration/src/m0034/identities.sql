ALTER TABLE idempotency ADD COLUMN digest {BYTES}
;;
ALTER TABLE exchange ADD COLUMN digest {BYTES}
;;
ALTER TABLE sales_order ADD COLUMN country {TEXT}
;;
ALTER TABLE sales_return ADD COLUMN country {TEXT}
;;
UPDATE sales_order SET country = (SELECT c.country FROM customer c WHERE c.tenant_id = sales_order.tenant_id AND c.id = sales_order.customer_id)
WHERE customer_id IS NOT NULL
;;
UPDATE sales_return SET country = (SELECT c.country FROM customer c WHERE c.tenant_id = sales_return.tenant_id AND c.id = sales_return.customer_id)
WHERE customer_id IS NOT NULL
