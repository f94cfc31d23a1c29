CREATE INDEX customer_created ON customer (tenant_id, created_at, id)
;;
CREATE INDEX customer_updated ON customer (tenant_id, updated_at, id)
;;
-- Customers without a reference come before all others.
CREATE INDEX customer_reference_order ON customer (tenant_id, (CASE WHEN external_ref IS NULL THEN '' ELSE external_ref END), id)
