@sqlite
CREATE INDEX cost_posting_level ON cost_posting (tenant_id, product_id, store_id, business_date, kind, average_minor, fifo_minor)
;;
@sqlite
CREATE INDEX cost_posting_arrived ON cost_posting (tenant_id, product_id, seq) WHERE quantity > 0
;;
@sqlite
DROP INDEX cost_posting_product
