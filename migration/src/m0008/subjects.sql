CREATE TABLE subject (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, key_sealed {BYTES} NOT NULL, created_at {INT} NOT NULL, PRIMARY KEY (tenant_id, id)) {APPEND}
;;
ALTER TABLE customer ADD COLUMN personal {BYTES}
;;
ALTER TABLE customer ADD COLUMN email_blind {BYTES}
;;
CREATE INDEX customer_email ON customer (tenant_id, email_blind, id) WHERE email_blind IS NOT NULL
;;
CREATE INDEX customer_unsealed ON customer (tenant_id, id) WHERE name IS NOT NULL OR email IS NOT NULL
