CREATE INDEX supplier_product_created ON supplier_product (tenant_id, created_at, supplier_id, product_id)
;;
CREATE INDEX supplier_product_updated ON supplier_product (tenant_id, updated_at, supplier_id, product_id)
;;
CREATE INDEX supplier_return_created ON supplier_return (tenant_id, created_at, id)
;;
CREATE INDEX supplier_return_occurred ON supplier_return (tenant_id, occurred_at, id)
