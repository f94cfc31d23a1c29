CREATE INDEX audit_entry_target ON audit_entry (tenant_id, target_id, seq) WHERE target_id IS NOT NULL
;;
CREATE INDEX sales_return_store ON sales_return (tenant_id, store_id, occurred_at, id)
;;
CREATE INDEX sales_return_customer ON sales_return (tenant_id, customer_id, occurred_at, id) WHERE customer_id IS NOT NULL
