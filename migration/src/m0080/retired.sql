ALTER TABLE product_family ADD COLUMN archived_at {INT}
;;
CREATE INDEX product_family_archived ON product_family (tenant_id, id) WHERE archived_at IS NOT NULL
;;
ALTER TABLE supplier_product ADD COLUMN archived_at {INT}
;;
CREATE INDEX supplier_product_archived ON supplier_product (tenant_id, supplier_id, product_id) WHERE archived_at IS NOT NULL
