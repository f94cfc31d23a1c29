-- The member in whose name a job advances the plan each night; null where calls do. An older release leaves it as it is, and advances nothing by itself.
ALTER TABLE liquidation_plan ADD COLUMN advanced_by {UUID}
