ALTER TABLE category ADD COLUMN archived_at {INT}
;;
ALTER TABLE supplier ADD COLUMN archived_at {INT}
;;
ALTER TABLE channel ADD COLUMN archived_at {INT}
;;
CREATE INDEX category_archived ON category (tenant_id, parent_id, position, id) WHERE archived_at IS NOT NULL
;;
CREATE INDEX supplier_archived ON supplier (tenant_id, code_key, id) WHERE archived_at IS NOT NULL
;;
CREATE INDEX channel_archived ON channel (tenant_id, code_key, id) WHERE archived_at IS NOT NULL
;;
CREATE INDEX sales_order_channel_open ON sales_order (tenant_id, channel_id) WHERE status IN ('DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')
;;
DROP INDEX event_master
;;
CREATE INDEX event_master ON event (tenant_id, seq) WHERE kind IN ('product.updated', 'product.archived', 'store.updated', 'store.archived', 'category.updated', 'supplier.updated', 'category.archived', 'category.restored', 'supplier.archived', 'supplier.restored')
