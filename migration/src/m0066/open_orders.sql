CREATE INDEX sales_order_open ON sales_order (tenant_id, store_id, channel_id) WHERE status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')
