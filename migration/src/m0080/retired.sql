ALTER TABLE product_family ADD COLUMN archived_at {INT}
;;
CREATE INDEX product_family_archived ON product_family (tenant_id, id) WHERE archived_at IS NOT NULL
