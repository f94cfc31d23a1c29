CREATE TABLE replenishment_rule (
  tenant_id {UUID} NOT NULL REFERENCES tenant, is_on {SMALL} NOT NULL CHECK (is_on IN (0, 1)), body {TEXT} NOT NULL, done_until {INT} NOT NULL,
  version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id)) {IN_PLACE}
;;
ALTER TABLE replenishment_line ADD COLUMN approved_kind {TEXT} CHECK (approved_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM'))
;;
ALTER TABLE replenishment_line ADD COLUMN approved_by {UUID}
