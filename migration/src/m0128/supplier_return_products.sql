CREATE INDEX supplier_return_line_product ON supplier_return_line (tenant_id, product_id, supplier_return_id)
