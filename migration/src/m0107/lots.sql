CREATE INDEX lot_created ON lot (tenant_id, created_at, id)
;;
-- Lots without a date come after all others.
CREATE INDEX lot_expiry_order ON lot (tenant_id, (CASE WHEN expires_on IS NULL THEN 2147483647 ELSE expires_on END), id)
