ALTER TABLE replenishment_line ADD COLUMN estimated_units {INT}
