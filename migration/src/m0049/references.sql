CREATE INDEX purchase_order_reference ON purchase_order (tenant_id, external_ref) WHERE external_ref IS NOT NULL
