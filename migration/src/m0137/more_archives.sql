ALTER TABLE customer ADD COLUMN archived_at {INT}
;;
CREATE INDEX customer_archived ON customer (tenant_id, id) WHERE archived_at IS NOT NULL
;;
ALTER TABLE legal_entity ADD COLUMN archived_at {INT}
