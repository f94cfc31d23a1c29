CREATE TABLE replenishment_rule (
  tenant_id {UUID} NOT NULL REFERENCES tenant, is_on {SMALL} NOT NULL CHECK (is_on IN (0, 1)), body {TEXT} NOT NULL, done_until {INT} NOT NULL,
  version {INT} NOT NULL, updated_at {INT} NOT NULL,
  PRIMARY KEY (tenant_id)) {IN_PLACE}
;;
ALTER TABLE replenishment_line ADD COLUMN approved_kind {TEXT} CHECK (approved_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM'))
;;
ALTER TABLE replenishment_line ADD COLUMN approved_by {UUID}
;;
ALTER TABLE replenishment_line ADD COLUMN due_on {SMALL}
;;
ALTER TABLE replenishment_line ADD COLUMN outcome {TEXT} CHECK (outcome IN ('ACCEPTED', 'CHANGED', 'REFUSED'))
;;
ALTER TABLE replenishment_line ADD COLUMN demand_units {INT}
;;
ALTER TABLE replenishment_line ADD COLUMN is_within {SMALL} CHECK (is_within IN (0, 1))
;;
ALTER TABLE replenishment_line ADD COLUMN out_days {SMALL} CHECK (out_days >= 0)
;;
ALTER TABLE replenishment_line ADD COLUMN left_units {INT}
;;
ALTER TABLE replenishment_line ADD COLUMN excess_units {INT} CHECK (excess_units >= 0)
;;
CREATE INDEX replenishment_line_unscored ON replenishment_line (tenant_id, due_on) WHERE due_on IS NOT NULL AND outcome IS NULL
;;
CREATE INDEX replenishment_line_scored ON replenishment_line (tenant_id, due_on, store_id) WHERE outcome IS NOT NULL
