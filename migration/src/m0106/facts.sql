@postgres ALTER TABLE cost_posting DROP CONSTRAINT IF EXISTS cost_posting_tenant_id_product_id_fkey
;;
@postgres ALTER TABLE cost_pool DROP CONSTRAINT IF EXISTS cost_pool_tenant_id_product_id_fkey
;;
@postgres ALTER TABLE cost_layer DROP CONSTRAINT IF EXISTS cost_layer_tenant_id_product_id_fkey
;;
@postgres ALTER TABLE demand_day DROP CONSTRAINT IF EXISTS demand_day_tenant_id_product_id_fkey,
  DROP CONSTRAINT IF EXISTS demand_day_tenant_id_store_id_fkey
;;
@postgres ALTER TABLE demand_week DROP CONSTRAINT IF EXISTS demand_week_tenant_id_product_id_fkey,
  DROP CONSTRAINT IF EXISTS demand_week_tenant_id_store_id_fkey
;;
@postgres ALTER TABLE stock_span DROP CONSTRAINT IF EXISTS stock_span_tenant_id_product_id_fkey,
  DROP CONSTRAINT IF EXISTS stock_span_tenant_id_store_id_fkey
;;
-- The event that revised a day last changes with each of its updates: with an index on it none of them stayed on its page, and each wrote all
-- indexes anew. What is revised since is looked for in all days of a tenant, now and then.
DROP INDEX demand_day_revised
;;
@postgres ALTER TABLE demand_day SET (fillfactor = 70)
