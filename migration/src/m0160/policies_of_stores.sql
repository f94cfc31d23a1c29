ALTER TABLE replenishment_policy ADD COLUMN whole_store_id {UUID}
