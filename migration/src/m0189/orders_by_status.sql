-- Orders in a status that few have, by status, in the order in which they are listed.
CREATE INDEX sales_order_status_placed ON sales_order (tenant_id, status, placed_at, id)
  WHERE status IN ('DRAFT', 'PENDING', 'PARTIALLY_FULFILLED', 'CANCELLED', 'EXPIRED')
