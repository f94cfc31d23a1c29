-- Waves and plans by their last change.
CREATE INDEX fulfilment_wave_updated ON fulfilment_wave (tenant_id, updated_at, id)
;;
CREATE INDEX liquidation_plan_updated ON liquidation_plan (tenant_id, updated_at, id)
;;
CREATE INDEX replenishment_plan_updated ON replenishment_plan (tenant_id, updated_at, id)
;;
-- Reversals by their business time, which a caller may set before the time of recording.
CREATE INDEX document_reversal_occurred ON document_reversal (tenant_id, occurred_at, id)
