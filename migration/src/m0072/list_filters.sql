CREATE INDEX sales_order_updated ON sales_order (tenant_id, updated_at, id)
;;
CREATE INDEX sales_order_total ON sales_order (tenant_id, total_minor, id)
;;
CREATE INDEX order_line_product ON order_line (tenant_id, product_id, order_id)
;;
CREATE INDEX reservation_store ON reservation (tenant_id, store_id, order_id) WHERE status = 'ACTIVE' AND order_id IS NOT NULL
;;
CREATE INDEX fulfilment_store ON fulfilment (tenant_id, store_id, order_id)
;;
CREATE INDEX sales_return_created ON sales_return (tenant_id, created_at, id)
;;
CREATE INDEX sales_return_updated ON sales_return (tenant_id, updated_at, id)
;;
CREATE INDEX sales_return_status ON sales_return (tenant_id, status, occurred_at, id)
;;
CREATE INDEX return_line_product ON return_line (tenant_id, product_id, return_id)
;;
CREATE INDEX purchase_order_created ON purchase_order (tenant_id, created_at, id)
;;
CREATE INDEX purchase_order_updated ON purchase_order (tenant_id, updated_at, id)
;;
CREATE INDEX purchase_order_line_product ON purchase_order_line (tenant_id, product_id, purchase_order_id)
;;
CREATE INDEX transfer_updated ON transfer (tenant_id, updated_at, id)
;;
CREATE INDEX stock_count_updated ON stock_count (tenant_id, updated_at, id)
;;
CREATE INDEX movement_actor ON movement (tenant_id, actor_id, seq)
;;
CREATE INDEX movement_reason ON movement (tenant_id, reason_code, seq) WHERE reason_code IS NOT NULL
;;
CREATE INDEX product_price ON product (tenant_id, price_currency, price_minor, id) WHERE price_minor IS NOT NULL
