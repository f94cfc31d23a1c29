CREATE TABLE subject_history (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, key_sealed {BYTES} NOT NULL, created_at {INT} NOT NULL, PRIMARY KEY (tenant_id, id)) {APPEND}
;;
CREATE INDEX audit_entry_history ON audit_entry (tenant_id, target_id, at, id)
  WHERE target_id IS NOT NULL AND mac_key <> '' AND outcome = 'DONE' AND action <> 'customer.contact.read'
