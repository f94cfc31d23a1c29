ALTER TABLE integration ADD COLUMN trusted_documents_only {BOOL} NOT NULL DEFAULT FALSE
;;
ALTER TABLE api_key ADD COLUMN trusted_documents_only {BOOL} NOT NULL DEFAULT FALSE
;;
ALTER TABLE api_key ADD COLUMN budget_points {INT} CHECK (budget_points > 0)
;;
ALTER TABLE api_key ADD COLUMN budget_restored {INT} CHECK (budget_restored > 0)
;;
ALTER TABLE api_key ADD COLUMN leaked_at {INT}
;;
CREATE TABLE api_key_address (
  tenant_id {UUID} NOT NULL, key_id {UUID} NOT NULL, address {TEXT} NOT NULL CHECK (length(address) BETWEEN 2 AND 64),
  first_used_at {INT} NOT NULL, last_used_at {INT} NOT NULL, PRIMARY KEY (tenant_id, key_id, address),
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_key (tenant_id, id)) {IN_PLACE}
;;
ALTER TABLE tenant ADD COLUMN sandbox_of {UUID}
;;
ALTER TABLE tenant ADD COLUMN sandbox_slot {SMALL}
;;
CREATE UNIQUE INDEX tenant_sandbox ON tenant (sandbox_of, sandbox_slot)
