ALTER TABLE customer ADD COLUMN merged_into {UUID}
;;
CREATE INDEX customer_merged ON customer (tenant_id, merged_into, id) WHERE merged_into IS NOT NULL
;;
ALTER TABLE supplier ADD COLUMN merged_into {UUID}
;;
CREATE INDEX supplier_merged ON supplier (tenant_id, merged_into, id) WHERE merged_into IS NOT NULL
;;
ALTER TABLE store_group ADD COLUMN archived_at {INT}
