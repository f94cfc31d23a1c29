-- Orders that are open, in the order in which they are listed.
CREATE INDEX sales_order_open_placed ON sales_order (tenant_id, placed_at, id) WHERE status IN ('DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')
