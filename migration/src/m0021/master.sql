ALTER TABLE tenant_counter ADD COLUMN master_seq {INT} NOT NULL DEFAULT 0
;;
UPDATE tenant_counter SET master_seq = head
;;
CREATE INDEX event_master ON event (tenant_id, seq) WHERE kind IN ('product.updated', 'product.archived', 'store.updated', 'store.archived', 'category.updated', 'supplier.updated')
