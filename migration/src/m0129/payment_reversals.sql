ALTER TABLE payment ADD COLUMN reverses_id {UUID}
;;
CREATE UNIQUE INDEX payment_reverses ON payment (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL
