ALTER TABLE tenant ADD COLUMN suspended_at {INT}
;;
ALTER TABLE tenant ADD COLUMN suspended_reason {TEXT}
;;
CREATE INDEX tenant_suspended ON tenant (id) WHERE suspended_at IS NOT NULL
