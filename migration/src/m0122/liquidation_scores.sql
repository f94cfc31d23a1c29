ALTER TABLE liquidation_line ADD COLUMN outcome {TEXT} CHECK (outcome IN ('BELOW', 'WITHIN', 'ABOVE'))
;;
ALTER TABLE liquidation_line ADD COLUMN recovered_minor {INT}
;;
CREATE INDEX liquidation_line_unscored ON liquidation_line (tenant_id, until_date) WHERE approved_date IS NOT NULL AND outcome IS NULL
;;
CREATE INDEX liquidation_line_scored ON liquidation_line (tenant_id, until_date) WHERE outcome IS NOT NULL
