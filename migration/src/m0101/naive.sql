ALTER TABLE replenishment_line ADD COLUMN naive_units {INT} CHECK (naive_units >= 0)
;;
CREATE INDEX replenishment_line_plan_unscored ON replenishment_line (tenant_id, plan_id) WHERE due_on IS NOT NULL AND outcome IS NULL
