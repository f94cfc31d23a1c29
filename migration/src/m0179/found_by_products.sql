-- The rows of suppliers' catalogues by the suppliers' own SKUs, as they stand on their invoices.
CREATE INDEX supplier_product_sku ON supplier_product (tenant_id, supplier_sku, supplier_id, product_id) WHERE supplier_sku IS NOT NULL
;;
-- The revaluations of a product.
CREATE INDEX revaluation_line_product ON revaluation_line (tenant_id, product_id, revaluation_id)
