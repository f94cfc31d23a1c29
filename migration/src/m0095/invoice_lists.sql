CREATE INDEX invoice_issued ON invoice (tenant_id, issued_at, id)
;;
CREATE INDEX invoice_store ON invoice (tenant_id, store_id, issued_at, id)
;;
CREATE INDEX invoice_label ON invoice (tenant_id, label)
;;
CREATE INDEX invoice_numbers ON invoice (tenant_id, number, id)
